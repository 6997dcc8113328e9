package cli

import (
	"context"
	"errors"
	"io"
	"time"

	urfave "github.com/urfave/cli/v3"

	pb "sidegate/proto/sidegate/v1"
)

func (a *app) read() *urfave.Command {
	return a.command(spec{
		name: "read", usage: "read one message", args: "MAILBOX ID",
		about: `Shows one message. Reading changes nothing: the message stays, and stays new unless --acknowledge is given. A sender
who wishes a read receipt then gets one, unless --withhold-receipt is given or the side writes none.
With --save the enclosed files are written into a directory under their names; no file there is ever overwritten, and
what cannot be part of a file name is replaced. The Macintosh half of a file (resource fork, type and creator) is
written beside it in AppleDouble form, ._NAME.

Examples:
  $P read $ME 0199f1a2-5b1c-7cc2-9a53-0d6b7c1f4e2a --save ./letters
  $P read $ME 0199f1a2-5b1c-7cc2-9a53-0d6b7c1f4e2a --output json`,
		flags: a.connection(
			&urfave.StringFlag{Name: "save", Usage: "write the enclosed files into `DIR`"},
			&urfave.BoolFlag{Name: "raw", Usage: "write the bytes the message was read from in the old system, or else its body, as they are", HideDefault: true},
			&urfave.BoolFlag{Name: "acknowledge", Usage: "mark the message as received afterwards", HideDefault: true},
			withholdReceipt(),
		),
		do: doRead,
	})
}

func doRead(ctx context.Context, c *call) error {
	mailbox, err := c.address("MAILBOX", c.args[0])
	if err != nil {
		return err
	}
	timeout, err := c.timeout()
	if err != nil {
		return err
	}
	return c.listing(asUser, func(out *printer, conn connection) error {
		raw := c.cmd.Bool("raw")
		switch {
		case raw && out.terminal:
			return usagef("--raw writes bytes a terminal must not get; send them to a file")
		case raw && (c.cmd.String("save") != "" || out.json()):
			return usagef("--raw cannot stand together with --save or --output %s", out.format)
		}
		client := pb.NewMailServiceClient(conn)
		if err := c.readMessage(ctx, client, out, &pb.GetMessageRequest{Mailbox: mailbox, MessageId: c.args[1], IncludeOriginal: raw}, timeout); err != nil {
			return err
		}
		if !c.cmd.Bool("acknowledge") {
			return nil
		}
		limited, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		_, err := client.AcknowledgeMessages(limited, &pb.AcknowledgeMessagesRequest{
			Mailbox: mailbox, MessageIds: c.args[1:], WithholdReceipts: c.cmd.Bool(withholdFlag),
		})
		return err
	})
}

const withholdFlag = "withhold-receipt"

func withholdReceipt() *urfave.BoolFlag {
	return &urfave.BoolFlag{Name: withholdFlag, Usage: "write no read receipt, now or later", HideDefault: true}
}

// readMessage fetches one message and shows it. It gives up when nothing comes for the time-out.
func (c *call) readMessage(ctx context.Context, client pb.MailServiceClient, out *printer, request *pb.GetMessageRequest, timeout time.Duration) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(timeout, func() { cancel(context.DeadlineExceeded) })
	defer idle.Stop()
	stream, err := client.GetMessage(ctx, request)
	if err != nil {
		return causeOf(ctx, err)
	}
	first, err := stream.Recv()
	if err != nil {
		return causeOf(ctx, ended(err))
	}
	entry := first.GetEntry()
	if entry.GetMessage() == nil {
		return errors.New("the answer begins without a message")
	}
	bar := c.progress("reading", int64(entry.GetMessage().GetSizeBytes()))
	defer bar.done()
	next := func() ([]byte, error) {
		r, err := stream.Recv()
		if err != nil {
			return nil, causeOf(ctx, err)
		}
		idle.Reset(timeout)
		bar.add(len(r.GetChunk().GetData()))
		return r.GetChunk().GetData(), nil
	}
	if request.GetIncludeOriginal() {
		return writeRaw(out.w, entry.GetMessage(), next)
	}
	return c.present(out, entry, next, bar.done)
}

// ended turns the end of a stream that should have begun into an error.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the answer is empty")
	}
	return err
}

// writeRaw writes the original bytes of a message, or its body if it has none.
func writeRaw(w io.Writer, m *pb.Message, next func() ([]byte, error)) error {
	wanted := partBody
	if m.GetOriginal().GetSizeBytes() > 0 {
		wanted = partOriginal
	}
	return receive(m, next, func(p part, r io.Reader) error {
		if p.kind != wanted {
			return nil
		}
		_, err := io.Copy(w, r)
		return err
	})
}

// present shows a message, and saves its files if that is wished. Files are not held in memory unless JSON wants them.
func (c *call) present(out *printer, e *pb.MailboxEntry, next func() ([]byte, error), received func()) error {
	m := e.GetMessage()
	var files *saver
	if dir := c.cmd.String("save"); dir != "" {
		var err error
		if files, err = newSaver(dir, m); err != nil {
			return err
		}
		defer files.close()
	}
	err := receive(m, next, func(p part, r io.Reader) error {
		if files != nil && (p.kind == partData || p.kind == partResource) {
			return files.save(p, r)
		}
		if p.kind == partBody || out.json() {
			return fillPart(m, p, r)
		}
		return nil
	})
	received()
	if err != nil {
		return errors.Join(err, files.discard())
	}
	if out.json() {
		return presentJSON(out, e, files)
	}
	if err := out.letter(m); err != nil {
		return err
	}
	return files.report(c)
}

func presentJSON(out *printer, e *pb.MailboxEntry, files *saver) error {
	if err := files.reread(e.GetMessage()); err != nil {
		return err
	}
	shape, err := entryShape(e, true)
	if err != nil {
		return err
	}
	if files != nil {
		if err := shape.add("saved", files.paths()); err != nil {
			return err
		}
	}
	return out.value(shape)
}
