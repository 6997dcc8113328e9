package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"syscall"

	urfave "github.com/urfave/cli/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "sidegate/proto/sidegate/v1"
)

func (a *app) inbox() *urfave.Command {
	return a.command(spec{
		name: "inbox", usage: "list a mailbox", args: "MAILBOX",
		about: `Lists what is in a mailbox, oldest first. With --follow it lists what is not yet acknowledged and then stays and
lists what arrives, until it is interrupted or, with exit code 75, a --timeout is over. Columns: ID, time, sender,
subject, size, number of enclosed files, new or acknowledged.

Examples:
  $P inbox $ME
  $P inbox $ME --follow --output jsonl`,
		flags: a.connection(
			&urfave.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "stay and list what arrives", HideDefault: true},
			&urfave.BoolFlag{Name: "new", Usage: "leave out what is acknowledged", HideDefault: true},
		),
		do: doInbox,
	})
}

func doInbox(ctx context.Context, c *call) error {
	mailbox, err := c.address("MAILBOX", c.args[0])
	if err != nil {
		return err
	}
	return c.listing(asUser, func(out *printer, conn connection) error {
		client := pb.NewMailServiceClient(conn)
		if !c.cmd.Bool("follow") {
			return c.listInbox(ctx, client, mailbox, out)
		}
		watching, stop, err := c.patience(ctx)
		if err != nil {
			return err
		}
		defer stop()
		return waited(watching, follow(watching, client, mailbox, out))
	})
}

// listInbox lists what is there.
func (c *call) listInbox(ctx context.Context, client pb.MailServiceClient, mailbox string, out *printer) error {
	entries, err := pages(ctx, c, func(ctx context.Context, token string) ([]*pb.MailboxEntry, string, error) {
		r, err := client.ListMessages(ctx, &pb.ListMessagesRequest{Mailbox: mailbox, PageSize: 500, PageToken: token, UnacknowledgedOnly: c.cmd.Bool("new")})
		return r.GetEntries(), r.GetNextPageToken(), err
	})
	if err != nil {
		return err
	}
	rows := make([]row, len(entries))
	for i, e := range entries {
		if rows[i], err = inboxRow(out, e); err != nil {
			return err
		}
	}
	return out.list(inboxColumns, rows, "The mailbox is empty.")
}

var inboxColumns = columns("ID", "TIME", "SENDER", "SUBJECT", "SIZE", "FILES", "STATE")

// pages gathers all pages of a list. Every page gets the whole time-out.
func pages[T any](ctx context.Context, c *call, get func(ctx context.Context, token string) ([]T, string, error)) ([]T, error) {
	var all []T
	for token := ""; ; {
		limited, cancel, err := c.deadline(ctx)
		if err != nil {
			return nil, err
		}
		page, next, err := get(limited, token)
		cancel()
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if next == "" {
			return all, nil
		}
		if next == token {
			return nil, fmt.Errorf("the server gave the same page twice")
		}
		token = next
	}
}

// patience is the context of a command whose purpose is waiting. An interrupt is its normal end, and so is a reader of
// its output that has left. It has a deadline only when --timeout is given with the command.
func (c *call) patience(ctx context.Context) (context.Context, func(), error) {
	reading, stop := c.whileRead(ctx)
	if _, from := c.find("timeout"); from != fromFlag {
		return reading, stop, nil
	}
	timeout, err := c.timeout()
	if err != nil {
		stop()
		return nil, nil, err
	}
	limited, cancel := context.WithTimeout(reading, timeout)
	return limited, func() { cancel(); stop() }, nil
}

// waited turns the end of a wait into its result.
func waited(ctx context.Context, err error) error {
	switch {
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded), status.Code(err) == codes.DeadlineExceeded:
		// The other end may notice first.
		return laterError{errors.New("the time is up")}
	case ctx.Err() != nil, errors.Is(err, io.EOF), errors.Is(err, syscall.EPIPE):
		return nil
	}
	return err
}

// follow lists what arrives.
func follow(ctx context.Context, client pb.MailServiceClient, mailbox string, out *printer) error {
	if out.format == formatJSON {
		out.format = formatLines // an array would never end
	}
	stream, err := client.ReceiveMessages(ctx, &pb.ReceiveMessagesRequest{Mailbox: mailbox, Follow: true, HeadersOnly: true})
	if err != nil {
		return err
	}
	for {
		r, err := stream.Recv()
		switch {
		case err != nil:
			return err
		case r.GetEntry() == nil:
			continue
		}
		next, err := inboxRow(out, r.GetEntry())
		if err != nil {
			return err
		}
		switch {
		case out.json():
			err = out.value(next.json)
		case out.format == formatTable:
			err = writeTable(out.w, out.colour, "", make([]column, len(inboxColumns)), [][]cell{next.cells})
		default:
			err = writeTabs(out.w, [][]cell{next.cells})
		}
		if err != nil {
			return err
		}
	}
}

func inboxRow(out *printer, e *pb.MailboxEntry) (row, error) {
	shape, err := entryShape(e, false)
	if err != nil {
		return row{}, err
	}
	state := cell{"new", bold}
	if e.GetAcknowledged() {
		state = cell{"acknowledged", dim}
	}
	m := e.GetMessage()
	files := ""
	if n := len(m.GetAttachments()); n > 0 || out.format == formatTabs {
		files = itoa(n)
	}
	return row{shape, []cell{
		text(m.GetMessageId()), text(out.when(m.GetSubmitTime().AsTime())), text(m.GetSender()), text(m.GetSubject()),
		text(out.size(uint64(m.GetSizeBytes()))), text(files), state,
	}}, nil
}

// entryShape is a mailbox entry as JSON: the message's fields with the entry's beside them. Without content the fields
// that would hold it are left out, so that nobody takes them for empty.
func entryShape(e *pb.MailboxEntry, content bool) (object, error) {
	shape, err := messageShape(e.GetMessage(), content)
	if err != nil {
		return nil, err
	}
	whole, err := fields(e)
	if err != nil {
		return nil, err
	}
	for _, m := range whole {
		if m.key != "message" {
			shape = append(shape, m)
		}
	}
	return shape, nil
}

// messageShape is a message as JSON.
func messageShape(m *pb.Message, content bool) (object, error) {
	shape, err := fields(m)
	if err != nil || content {
		return shape, err
	}
	shape.drop("body")
	var items []json.RawMessage
	if err := json.Unmarshal(shape.get("attachments"), &items); err != nil {
		return nil, fmt.Errorf("write as JSON: %w", err)
	}
	attachments := make([]object, len(items))
	for i, item := range items {
		if attachments[i], err = parseObject(item); err != nil {
			return nil, err
		}
		attachments[i].drop("content")
	}
	return shape, shape.add("attachments", attachments)
}
