package cli

import (
	"context"
	"slices"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

func (a *app) registered() *urfave.Command {
	return a.group("registered", "say who may send through the spool under --registered-only",
		a.registeredList(), a.registeredAdd(), a.registeredRemove())
}

func (a *app) registeredList() *urfave.Command {
	return a.command(spec{
		name: "list", usage: "list who may send through the spool",
		about: `Lists the registered senders: addresses, and patterns such as NET/PO/*. The list is in force when the coordinator runs
with --registered-only; the command says so on standard error when it does not.

Example:
  $P registered list`,
		flags: a.connection(),
		do: func(ctx context.Context, c *call) error {
			return c.listing(asOperator, func(out *printer, conn connection) error {
				client := pb.NewSpoolServiceClient(conn)
				enforced := false
				list, err := pages(ctx, c, func(ctx context.Context, token string) ([]string, string, error) {
					r, err := client.ListRegisteredSenders(ctx, &pb.ListRegisteredSendersRequest{PageSize: 500, PageToken: token})
					enforced = r.GetEnforced()
					return r.GetSenders(), r.GetNextPageToken(), err
				})
				if err != nil {
					return err
				}
				if !enforced {
					c.complain("%s: %s: the list is not in force: the coordinator runs without --registered-only", c.program.Name, c.path())
				}
				return out.senders(list)
			})
		},
	})
}

func (p *printer) senders(list []string) error {
	rows := make([]row, len(list))
	for i, s := range list {
		rows[i] = row{struct {
			Sender string `json:"sender"`
		}{s}, []cell{text(s)}}
	}
	return p.list(columns("SENDER"), rows, "Nobody is registered.")
}

func (a *app) registeredAdd() *urfave.Command {
	return a.registeredAction(spec{
		name: "add", usage: "let senders send through the spool",
		about: `Adds senders to the list: addresses, or patterns such as NET/PO/* for everybody there. Prints how many are new.

Example:
  $P registered add NET/PO/ANN 'SALES/*/*'`,
	}, func(patterns []string) *pb.UpdateRegisteredSendersRequest {
		return &pb.UpdateRegisteredSendersRequest{Add: patterns}
	})
}

func (a *app) registeredRemove() *urfave.Command {
	return a.registeredAction(spec{
		name: "remove", usage: "stop senders from sending through the spool",
		about: `Removes entries from the list, as registered list shows them. Prints how many there were. Mail of senders who are not
listed goes back to them with a report.

Example:
  $P registered remove NET/PO/ANN`,
	}, func(patterns []string) *pb.UpdateRegisteredSendersRequest {
		return &pb.UpdateRegisteredSendersRequest{Remove: patterns}
	})
}

// registeredAction makes a command that changes the list.
func (a *app) registeredAction(s spec, request func(patterns []string) *pb.UpdateRegisteredSendersRequest) *urfave.Command {
	s.args, s.flags = "PATTERN...", a.connection()
	s.do = func(ctx context.Context, c *call) error {
		for _, text := range c.args {
			if _, err := mail.ParsePattern(text); err != nil {
				return usagef("%v", err)
			}
		}
		return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
			client, changed := pb.NewSpoolServiceClient(conn), uint32(0)
			for patterns := range slices.Chunk(c.args, 1000) {
				r, err := client.UpdateRegisteredSenders(ctx, request(patterns))
				if err != nil {
					return err
				}
				changed += r.GetAddedCount() + r.GetRemovedCount()
			}
			if out.json() {
				return out.value(struct {
					ChangedCount uint32 `json:"changedCount"`
				}{changed})
			}
			return out.line("%d", changed)
		})
	}
	return a.command(s)
}
