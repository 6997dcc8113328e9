package cli

import (
	"context"

	urfave "github.com/urfave/cli/v3"

	pb "sidegate/proto/sidegate/v1"
)

func (a *app) mailboxAlias() *urfave.Command {
	return a.group("alias", "give mailboxes further addresses", a.mailboxAliasAdd(), a.mailboxAliasRemove())
}

func (a *app) mailboxAliasAdd() *urfave.Command {
	return a.aliasAction(spec{
		name: "add", usage: "let further addresses lead to a mailbox",
		about: `Gives a mailbox further addresses, of any kind: former names, proxies, addresses of the old system. Mail to them comes
into the mailbox, once for each message, and other ends are told that they live here. An address that is another
mailbox's has to be removed there first.

Example:
  $P mailbox alias add $ME OLDNET/OLDPO/ANN MACNET/MACPO/T60009AN`,
	}, func(ctx context.Context, client pb.MailboxServiceClient, address string, aliases []string) (*pb.Mailbox, error) {
		r, err := client.AddMailboxAliases(ctx, &pb.AddMailboxAliasesRequest{Address: address, Aliases: aliases})
		return r.GetMailbox(), err
	})
}

func (a *app) mailboxAliasRemove() *urfave.Command {
	return a.aliasAction(spec{
		name: "remove", usage: "take addresses from a mailbox",
		about: `Takes aliases from a mailbox; its messages stay. Mail to them is returned from then on.

Example:
  $P mailbox alias remove $ME OLDNET/OLDPO/ANN`,
	}, func(ctx context.Context, client pb.MailboxServiceClient, address string, aliases []string) (*pb.Mailbox, error) {
		r, err := client.RemoveMailboxAliases(ctx, &pb.RemoveMailboxAliasesRequest{Address: address, Aliases: aliases})
		return r.GetMailbox(), err
	})
}

// aliasAction makes a command that does one thing to aliases of one mailbox.
func (a *app) aliasAction(s spec, do func(ctx context.Context, client pb.MailboxServiceClient, address string, aliases []string) (*pb.Mailbox, error)) *urfave.Command {
	s.args, s.flags = "ADDRESS ALIAS...", a.connection()
	s.do = func(ctx context.Context, c *call) error {
		address, err := c.address("ADDRESS", c.args[0])
		if err != nil {
			return err
		}
		var aliases []string
		for _, text := range c.args[1:] {
			alias, err := c.address("ALIAS", text)
			if err != nil {
				return err
			}
			aliases = append(aliases, alias)
		}
		return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
			box, err := do(ctx, pb.NewMailboxServiceClient(conn), address, aliases)
			if err != nil {
				return err
			}
			return out.mailboxes([]*pb.Mailbox{box})
		})
	}
	return a.command(s)
}
