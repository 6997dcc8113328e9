package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v3"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	"sidegate/internal/config"
	pb "sidegate/proto/sidegate/v1"
)

// mailCommands are what people do with mail. A coordinator has no mailboxes; it says where they are.
func (a *app) mailCommands() []*urfave.Command {
	if !a.coordinator() {
		return []*urfave.Command{a.send(), a.inbox(), a.read(), a.deleteMail(), a.mailbox(), a.track()}
	}
	var hints []*urfave.Command
	for _, name := range []string{"send", "inbox", "read", "delete", "mailbox", "track"} {
		hints = append(hints, a.elsewhere(name, "mail commands exist at the sides: %s %s ... or %s %s ...", config.PCSide, name, config.MacSide, name))
	}
	return hints
}

// elsewhere makes a hidden command that says where the real one is.
func (a *app) elsewhere(name, format string, args ...any) *urfave.Command {
	return &urfave.Command{Name: name, Hidden: true, SkipFlagParsing: true, Usage: "exists elsewhere",
		Action: func(context.Context, *urfave.Command) error {
			a.complain("%s: %s: %s", a.program.Name, name, fmt.Sprintf(format, args...))
			return reported{exitUsage} // its --help would say the same
		}}
}

func (a *app) deleteMail() *urfave.Command {
	return a.command(spec{
		name: "delete", usage: "remove messages from a mailbox for good", args: "MAILBOX ID...",
		about: `Removes messages from a mailbox. Nothing brings them back. IDs that are not there are no error, so that the command
may be repeated; it prints how many there were. A sender who wishes a read receipt is told of a message that was not yet
acknowledged that it was deleted unread, unless --withhold-receipt is given or the side writes no receipts.

Example:
  $P delete $ME 0199f1a2-5b1c-7cc2-9a53-0d6b7c1f4e2a`,
		flags: a.connection(withholdReceipt()),
		do: func(ctx context.Context, c *call) error {
			mailbox, err := c.address("MAILBOX", c.args[0])
			if err != nil {
				return err
			}
			return c.mail(ctx, asUser, func(ctx context.Context, out *printer, client pb.MailServiceClient) error {
				deleted := uint32(0)
				for ids := range slices.Chunk(c.args[1:], 1000) {
					r, err := client.DeleteMessages(ctx, &pb.DeleteMessagesRequest{Mailbox: mailbox, MessageIds: ids, WithholdReceipts: c.cmd.Bool(withholdFlag)})
					if err != nil {
						return err
					}
					deleted += r.GetDeletedCount()
				}
				if out.json() {
					return out.value(struct {
						DeletedCount uint32 `json:"deletedCount"`
					}{deleted})
				}
				return out.line("%d", deleted)
			})
		},
	})
}

// mail runs one exchange with the mail service, within the time-out.
func (c *call) mail(ctx context.Context, role string, do func(context.Context, *printer, pb.MailServiceClient) error) error {
	return c.exchange(ctx, role, func(ctx context.Context, out *printer, conn connection) error {
		return do(ctx, out, pb.NewMailServiceClient(conn))
	})
}

func (a *app) mailbox() *urfave.Command {
	return a.group("mailbox", "list, make and remove mailboxes", a.mailboxList(), a.mailboxCreate(), a.mailboxOwners(), a.mailboxName(), a.mailboxAlias(), a.mailboxDelete(),
		a.mailboxExport(), a.mailboxImport())
}

func (a *app) mailboxList() *urfave.Command {
	return a.command(spec{
		name: "list", usage: "list mailboxes",
		about: `Lists mailboxes: all of them for an operator, a user's own for a user. Columns: address, messages, not yet
acknowledged, owners, aliases, name.

Example:
  $P mailbox list`,
		flags: a.connection(),
		do: func(ctx context.Context, c *call) error {
			return c.listing(asOperator, func(out *printer, conn connection) error {
				client := pb.NewMailboxServiceClient(conn)
				boxes, err := allMailboxes(ctx, c, client)
				if err != nil {
					return err
				}
				return out.mailboxes(boxes)
			})
		},
	})
}

func (p *printer) mailboxes(boxes []*pb.Mailbox) error {
	rows := make([]row, len(boxes))
	for i, b := range boxes {
		shape, err := fields(b)
		if err != nil {
			return err
		}
		rows[i] = row{shape, []cell{
			text(b.GetAddress()), text(itoa(b.GetMessageCount())), text(itoa(b.GetUnacknowledgedCount())),
			text(strings.Join(b.GetOwners(), ", ")), text(strings.Join(b.GetAliases(), ", ")), text(b.GetDisplayName()),
		}}
	}
	return p.list(columns("ADDRESS", "MESSAGES", "NEW", "OWNERS", "ALIASES", "NAME"), rows, "There are no mailboxes.")
}

// mailboxAction makes a command that does one thing to one mailbox.
func (a *app) mailboxAction(s spec, do func(ctx context.Context, c *call, client pb.MailboxServiceClient, address string) (*pb.Mailbox, error)) *urfave.Command {
	s.args = "ADDRESS"
	s.do = func(ctx context.Context, c *call) error {
		address, err := c.address("ADDRESS", c.args[0])
		if err != nil {
			return err
		}
		return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
			box, err := do(ctx, c, pb.NewMailboxServiceClient(conn), address)
			if err != nil || box == nil {
				return err
			}
			return out.mailboxes([]*pb.Mailbox{box})
		})
	}
	return a.command(s)
}

func (a *app) ownerFlag() urfave.Flag {
	return &urfave.StringSliceFlag{Name: "owner", Usage: "`URI` that may use it, such as sidegate://user/ann; may be repeated"}
}

func (a *app) mailboxCreate() *urfave.Command {
	return a.mailboxAction(spec{
		name: "create", usage: "make a mailbox",
		about: `Makes a mailbox for an address that the side serves, and says who may use it, and under which name it stands in the
directory. --owner is needed, except where everybody may do everything (serve --insecure-dev).

Example:
  $P mailbox create $ME --owner sidegate://user/ann --name 'Ann Lee'`,
		flags: a.connection(a.ownerFlag(), nameFlag()),
	}, func(ctx context.Context, c *call, client pb.MailboxServiceClient, address string) (*pb.Mailbox, error) {
		owners := c.cmd.StringSlice("owner")
		r, err := client.CreateMailbox(ctx, &pb.CreateMailboxRequest{Address: address, Owners: owners, DisplayName: c.cmd.String("name")})
		if len(owners) == 0 && isAbout(err, "owners") {
			return nil, usagef("--owner is missing: nobody could use the mailbox")
		}
		return r.GetMailbox(), err
	})
}

// isAbout reports whether a refusal names a field.
func isAbout(err error, field string) bool {
	bad, _ := detail[*errdetails.BadRequest](status.Convert(err))
	return slices.ContainsFunc(bad.GetFieldViolations(), func(v *errdetails.BadRequest_FieldViolation) bool { return v.GetField() == field })
}

func (a *app) mailboxOwners() *urfave.Command {
	return a.mailboxAction(spec{
		name: "owners", usage: "say who may use a mailbox",
		about: `Replaces the owners of a mailbox.

Example:
  $P mailbox owners $ME --owner sidegate://user/ann --owner sidegate://user/tom`,
		flags: a.connection(a.ownerFlag()),
	}, func(ctx context.Context, c *call, client pb.MailboxServiceClient, address string) (*pb.Mailbox, error) {
		if len(c.cmd.StringSlice("owner")) == 0 {
			return nil, usagef("--owner is missing")
		}
		r, err := client.UpdateMailboxOwners(ctx, &pb.UpdateMailboxOwnersRequest{Address: address, Owners: c.cmd.StringSlice("owner")})
		return r.GetMailbox(), err
	})
}

func (a *app) mailboxDelete() *urfave.Command {
	return a.mailboxAction(spec{
		name: "delete", usage: "remove a mailbox",
		about: `Removes a mailbox. One that holds messages is only removed with --force, and then its messages are gone too.

Example:
  $P mailbox delete $ME`,
		flags: a.connection(&urfave.BoolFlag{Name: "force", Usage: "also remove the messages in it", HideDefault: true}),
	}, func(ctx context.Context, c *call, client pb.MailboxServiceClient, address string) (*pb.Mailbox, error) {
		_, err := client.DeleteMailbox(ctx, &pb.DeleteMailboxRequest{Address: address, Force: c.cmd.Bool("force")})
		return nil, err
	})
}
