package cli

import (
	"context"
	"fmt"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

func (a *app) link() *urfave.Command {
	return a.group("link", "settle what is left of other ends", a.linkForget())
}

func (a *app) linkForget() *urfave.Command {
	return a.command(spec{
		name: "forget", usage: "give up an end whose store will not come back", args: "END",
		about: `Drops what an end announced, and its place in the status. What waits for it goes another way if one is known, waits
for one if a configured end has not been heard from, and goes back to its senders otherwise; with --return it goes back
at once. END is the name that status shows, or the UUID of its store. The end must not be connected. Messages that had
been sent, and whose receipt never came, may then be delivered twice: --yes says that you know.

Prints one line for each message: its ID, and rerouted or returned.

Example:
  $P link forget oldside --yes --reason "its disk is gone"`,
		flags: a.connection(
			&urfave.BoolFlag{Name: "yes", Usage: "do it; without this nothing is done", HideDefault: true},
			&urfave.BoolFlag{Name: "return", Usage: "return what waits, without looking for another way", HideDefault: true},
			&urfave.StringFlag{Name: "reason", Usage: "`TEXT` for the log, the trace and the reports"},
		),
		do: func(ctx context.Context, c *call) error {
			if err := c.confirmed("what waits for the end is rerouted or returned"); err != nil {
				return err
			}
			return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				client := pb.NewAdminServiceClient(conn)
				id, err := c.storeOf(ctx, client, c.args[0])
				if err != nil {
					return err
				}
				r, err := client.ForgetPeer(ctx, &pb.ForgetPeerRequest{StoreId: id, ReturnMail: c.cmd.Bool("return"), Reason: c.cmd.String("reason")})
				if err != nil {
					return err
				}
				return out.forgotten(r)
			})
		},
	})
}

// confirmed wants --yes for what cannot be taken back.
func (c *call) confirmed(what string) error {
	if !c.cmd.Bool("yes") {
		return usagef("--yes is missing: %s", what)
	}
	return nil
}

// storeOf is the UUID of the store of an end: the text itself if it is a UUID.
func (c *call) storeOf(ctx context.Context, client pb.AdminServiceClient, end string) (string, error) {
	r, err := client.GetStatus(ctx, &pb.GetStatusRequest{})
	if err != nil {
		return "", err
	}
	found := map[string]bool{}
	for _, l := range r.GetStatus().GetLinks() {
		if l.GetPeer() == end && l.GetStoreId() != "" {
			found[l.GetStoreId()] = true
		}
	}
	if len(found) > 1 {
		return "", fmt.Errorf("%d stores are called %s; name the UUID of one, as status --output json shows it", len(found), end)
	}
	for id := range found {
		return id, nil
	}
	if wire.CheckID("END", end) != nil {
		return "", fmt.Errorf("no end is called %q; status shows the names", end)
	}
	return end, nil
}

func (p *printer) forgotten(r *pb.ForgetPeerResponse) error {
	type outcome struct {
		MessageID string `json:"messageId"`
		Outcome   string `json:"outcome"`
	}
	var rows []row
	for _, part := range []struct {
		ids  []string
		what string
	}{{r.GetReroutedMessageIds(), "rerouted"}, {r.GetReturnedMessageIds(), "returned"}} {
		for _, id := range part.ids {
			rows = append(rows, row{outcome{id, part.what}, []cell{text(id), text(part.what)}})
		}
	}
	return p.list(columns("ID", "OUTCOME"), rows, "The end is forgotten. Nothing waited for it.")
}
