package cli

import (
	"context"
	"strconv"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

func (a *app) send() *urfave.Command {
	return a.command(spec{
		name: "send", usage: "send a message", args: "[-]",
		about: `Sends one message and prints its ID, alone on stdout, once the message is durable. Until then the command does
not end with exit code 0, so that a script may let go of its copy afterwards. "-" reads the body from stdin.
With a file to enclose goes the Macintosh half that lies beside it in AppleDouble form, ._NAME, as read --save writes it:
resource fork, type, creator and Finder flags.

Addresses are NET/PO/USER, user@server, or TYPE:value for other types.

Examples:
  $P send --from $ME --to $YOU --subject "Lunch?" --body "At noon." --attach menu.pdf
  date | $P send --from $ME --to $YOU --subject Date -`,
		flags: a.connection(
			&urfave.StringFlag{Name: "from", Usage: "`ADDRESS` of the sender, a mailbox of yours"},
			&urfave.StringSliceFlag{Name: "to", Usage: "`ADDRESS` of a recipient; may be repeated"},
			&urfave.StringSliceFlag{Name: "cc", Usage: "`ADDRESS` that gets a copy; may be repeated"},
			&urfave.StringSliceFlag{Name: "bcc", Usage: "`ADDRESS` that gets a copy and is not shown to others; may be repeated"},
			&urfave.StringFlag{Name: "subject", Aliases: []string{"s"}, Usage: "`TEXT` of one line"},
			&urfave.StringFlag{Name: "body", Usage: "`TEXT` of the message"},
			&urfave.StringFlag{Name: "body-file", Usage: "`FILE` with the text of the message, in UTF-8"},
			&urfave.StringSliceFlag{Name: "attach", Usage: "`FILE` to enclose; may be repeated"},
			&urfave.StringFlag{Name: "priority", Usage: "`N` from 1 (low) over 3 (normal) to 5 (urgent)", Value: "3"},
			&urfave.BoolFlag{Name: "read-receipt", Usage: "wish a read receipt", HideDefault: true},
			&urfave.StringFlag{Name: "in-reply-to", Usage: "`ID` of the message this one answers; an answer to a report or a receipt is refused"},
			&urfave.StringFlag{Name: "request-id", Usage: "`ID` of yours for this submission: sent again with it, the message is still sent once"},
		),
		do: doSend,
	})
}

func doSend(ctx context.Context, c *call) error {
	m, err := c.headers()
	if err != nil {
		return err
	}
	timeout, err := c.timeout()
	if err != nil {
		return err
	}
	return c.listing(asUser, func(out *printer, conn connection) error {
		parts, err := c.enclose(ctx, m)
		if err != nil {
			return err
		}
		defer parts.close()
		bar := c.progress("sending", parts.size())
		defer bar.done()
		id, err := submit(ctx, pb.NewMailServiceClient(conn), &pb.SubmitBegin{Message: m, RequestId: c.cmd.String("request-id")}, parts, timeout, bar)
		if err != nil {
			return err
		}
		bar.done()
		if out.json() {
			return out.value(struct {
				MessageID string `json:"messageId"`
			}{id})
		}
		return out.line("%s", id)
	})
}

// headers makes the message of the flags, without content. What only the server can judge is left to it.
func (c *call) headers() (*pb.Message, error) {
	from, err := c.address("--from", c.cmd.String("from"))
	if err != nil {
		return nil, err
	}
	recipients := &pb.Recipients{}
	for _, kind := range []struct {
		flag string
		list *[]string
	}{{"to", &recipients.To}, {"cc", &recipients.Cc}, {"bcc", &recipients.Bcc}} {
		for _, text := range c.cmd.StringSlice(kind.flag) {
			address, err := c.address("--"+kind.flag, text)
			if err != nil {
				return nil, err
			}
			*kind.list = append(*kind.list, address)
		}
	}
	if len(recipients.To)+len(recipients.Cc)+len(recipients.Bcc) == 0 {
		return nil, usagef("--to is missing: nobody would get this")
	}
	priority, err := strconv.Atoi(c.cmd.String("priority"))
	if err != nil || priority < 1 || priority > 5 {
		return nil, usagef("--priority %q is not a number from 1 (low) to 5 (urgent)", c.cmd.String("priority"))
	}
	return &pb.Message{
		Sender: from, Recipients: recipients, Subject: c.cmd.String("subject"),
		Priority: uint32(priority), ReadReceipt: c.cmd.Bool("read-receipt"), InReplyTo: c.cmd.String("in-reply-to"),
	}, nil
}

// address reads an address of the command line and returns its shortest form.
func (c *call) address(what, text string) (string, error) {
	if text == "" {
		return "", usagef("%s is missing", what)
	}
	a, err := mail.ParseAddress(text)
	if err != nil {
		return "", usagef("%s: %v", what, err)
	}
	return a.String(), nil
}
