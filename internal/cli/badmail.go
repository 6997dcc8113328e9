package cli

import (
	"context"
	"errors"
	"strings"

	urfave "github.com/urfave/cli/v3"

	pb "sidegate/proto/sidegate/v1"
)

func (a *app) badMail() *urfave.Command {
	return a.group("badmail", "see and settle what nobody could deliver",
		a.badMailList(), a.badMailShow(), a.badMailExport(), a.badMailRetry(), a.badMailDiscard())
}

func (a *app) badMailList() *urfave.Command {
	return a.command(spec{
		name: "list", usage: "list bad mail",
		about: `Lists bad mail, oldest first. Columns: ID of the bad mail, time, reason, sender, recipients, subject, size,
explanation, and the ID it was submitted as again, if it was; what was stays until it is discarded, and counts no more.

Example:
  $P badmail list`,
		flags: a.connection(),
		do: func(ctx context.Context, c *call) error {
			return c.listing(asOperator, func(out *printer, conn connection) error {
				entries, err := c.allBadMail(ctx, pb.NewAdminServiceClient(conn))
				if err != nil {
					return err
				}
				return out.badMail(entries)
			})
		},
	})
}

func (c *call) allBadMail(ctx context.Context, client pb.AdminServiceClient) ([]*pb.BadMailEntry, error) {
	return pages(ctx, c, func(ctx context.Context, token string) ([]*pb.BadMailEntry, string, error) {
		r, err := client.ListBadMail(ctx, &pb.ListBadMailRequest{PageSize: 500, PageToken: token})
		return r.GetEntries(), r.GetNextPageToken(), err
	})
}

func (p *printer) badMail(entries []*pb.BadMailEntry) error {
	rows := make([]row, len(entries))
	for i, e := range entries {
		shape, err := badMailShape(e, false)
		if err != nil {
			return err
		}
		m := e.GetMessage()
		rows[i] = row{shape, []cell{
			text(e.GetBadMailId()), text(p.when(e.GetTime().AsTime())), {e.GetReason(), red}, text(m.GetSender()), text(strings.Join(e.GetRecipients(), ", ")),
			text(m.GetSubject()), text(p.size(uint64(e.GetSizeBytes()))), text(e.GetExplanation()), text(retriedAs(e)),
		}}
	}
	return p.list(columns("ID", "TIME", "REASON", "SENDER", "RECIPIENTS", "SUBJECT", "SIZE", "EXPLANATION", "RETRIED"), rows, "There is no bad mail.")
}

func retriedAs(e *pb.BadMailEntry) string {
	if e.GetRetriedAs() == "" {
		return ""
	}
	return "retried as " + e.GetRetriedAs()
}

// badMailShape is bad mail as JSON, its message flattened or, because both have recipients and sizes, beside it.
func badMailShape(e *pb.BadMailEntry, content bool) (object, error) {
	shape, err := fields(e)
	if err != nil || e.GetMessage() == nil {
		return shape, err
	}
	message, err := messageShape(e.GetMessage(), content)
	if err != nil {
		return nil, err
	}
	return shape, shape.add("message", message)
}

func (a *app) badMailShow() *urfave.Command {
	return a.command(spec{
		name: "show", usage: "show one piece of bad mail, without its content", args: "ID",
		about: `Shows why one piece of bad mail rests here, and what is known of it.

Example:
  $P badmail show bad-00000001`,
		flags: a.connection(),
		do: func(ctx context.Context, c *call) error {
			return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				entry, _, err := getBadMail(ctx, conn, &pb.GetBadMailRequest{BadMailId: c.args[0]})
				if err != nil {
					return err
				}
				if out.format == formatTable {
					if err := out.line("%s  %s  %s", entry.GetBadMailId(), entry.GetReason(), entry.GetExplanation()); err != nil {
						return err
					}
					if as := retriedAs(entry); as != "" {
						if err := out.line("%s", as); err != nil {
							return err
						}
					}
					return out.letter(entry.GetMessage())
				}
				if out.json() {
					shape, err := badMailShape(entry, false)
					if err != nil {
						return err
					}
					return out.value(shape)
				}
				return out.badMail([]*pb.BadMailEntry{entry})
			})
		},
	})
}

func getBadMail(ctx context.Context, conn connection, request *pb.GetBadMailRequest) (*pb.BadMailEntry, func() ([]byte, error), error) {
	stream, err := pb.NewAdminServiceClient(conn).GetBadMail(ctx, request)
	if err != nil {
		return nil, nil, err
	}
	first, err := stream.Recv()
	if err != nil {
		return nil, nil, ended(err)
	}
	if first.GetEntry() == nil {
		return nil, nil, errors.New("the answer begins without an entry")
	}
	return first.GetEntry(), func() ([]byte, error) {
		r, err := stream.Recv()
		return r.GetChunk().GetData(), err
	}, nil
}

func (a *app) badMailExport() *urfave.Command {
	return a.command(spec{
		name: "export", usage: "write one piece of bad mail with its content", args: "ID",
		about: `Writes bad mail as one JSON document, content included, or with --save its enclosed files into a directory and its
text to stdout. Reading other people's mail is logged with your name and the reason you give.

Example:
  $P badmail export bad-00000001 --reason "sender asked" > letter.json`,
		flags: a.connection(
			&urfave.StringFlag{Name: "reason", Usage: "`TEXT` for the log: why you read it"},
			&urfave.StringFlag{Name: "save", Usage: "write the enclosed files into `DIR`"},
		),
		do: func(ctx context.Context, c *call) error {
			if c.cmd.String("reason") == "" {
				return usagef("--reason is missing: reading content is logged")
			}
			return c.transfer(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				entry, next, err := getBadMail(ctx, conn, &pb.GetBadMailRequest{BadMailId: c.args[0], IncludeContent: true, AccessReason: c.cmd.String("reason")})
				if err != nil {
					return err
				}
				if entry.GetMessage() == nil {
					return errors.New("no message could be made of this bad mail; its file rests in the spool's BADMAIL directory")
				}
				if c.cmd.String("save") != "" {
					return c.present(out, &pb.MailboxEntry{Message: entry.GetMessage(), DeliverTime: entry.GetTime()}, next, func() {})
				}
				if err := fill(entry.GetMessage(), next); err != nil {
					return err
				}
				shape, err := badMailShape(entry, true)
				if err != nil {
					return err
				}
				if !out.json() {
					out.format = formatJSON
				}
				return out.value(shape)
			})
		},
	})
}

func (a *app) badMailRetry() *urfave.Command {
	return a.command(spec{
		name: "retry", usage: "submit bad mail once more", args: "[ID...]",
		about: `Submits bad mail as new messages that name the old ones, and prints the new IDs. Tracking joins both. A piece that was
submitted again stays, marked with the new ID, until it is discarded, but counts no more, and is not submitted a second
time. A piece that names nobody, such as a file that is no message, is refused: it can be exported or discarded.

Example:
  $P badmail retry --all`,
		flags: a.connection(&urfave.BoolFlag{Name: "all", Usage: "all bad mail that was not retried yet", HideDefault: true}),
		do: func(ctx context.Context, c *call) error {
			if err := c.idsOrAll(); err != nil {
				return err
			}
			return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				r, err := pb.NewAdminServiceClient(conn).RetryBadMail(ctx, &pb.RetryBadMailRequest{BadMailIds: c.args, All: c.cmd.Bool("all")})
				if err != nil {
					return err
				}
				return c.retried(out, r.GetRetries())
			})
		},
	})
}

func (c *call) retried(out *printer, retries []*pb.BadMailRetry) error {
	rows := make([]row, 0, len(retries))
	failed := false
	for _, r := range retries {
		shape, err := fields(r)
		if err != nil {
			return err
		}
		if r.GetError() != "" {
			failed = true
			c.complain("%s: %s: %s: %s", c.program.Name, c.path(), r.GetBadMailId(), r.GetError())
			if !out.json() {
				continue
			}
		}
		rows = append(rows, row{shape, []cell{text(r.GetBadMailId()), text(r.GetMessageId())}})
	}
	if err := out.list(columns("ID", "SENT AS"), rows, "Nothing was submitted."); err != nil {
		return err
	}
	if failed {
		return reported{exitFailed}
	}
	return nil
}
