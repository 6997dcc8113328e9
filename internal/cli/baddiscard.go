package cli

import (
	"context"
	"slices"

	urfave "github.com/urfave/cli/v3"

	pb "sidegate/proto/sidegate/v1"
)

// discardedAtOnce is how many pieces are named in one request.
const discardedAtOnce = 1000

func (a *app) badMailDiscard() *urfave.Command {
	return a.command(spec{
		name: "discard", usage: "remove bad mail for good", args: "[ID...]",
		about: `Removes bad mail. Nothing brings it back: --all wants --yes. Prints how many pieces there were.

Examples:
  $P badmail discard bad-00000001
  $P badmail discard --retried`,
		flags: a.connection(
			&urfave.BoolFlag{Name: "all", Usage: "all bad mail, whether anybody has seen it or not", HideDefault: true},
			&urfave.BoolFlag{Name: "retried", Usage: "what was submitted again, and only that", HideDefault: true},
			&urfave.BoolFlag{Name: "yes", Usage: "remove all; without this --all does nothing", HideDefault: true},
		),
		do: doDiscard,
	})
}

func doDiscard(ctx context.Context, c *call) error {
	all, retried := c.cmd.Bool("all"), c.cmd.Bool("retried")
	switch {
	case retried && (all || len(c.args) > 0):
		return usagef("--retried stands alone, without IDs and --all")
	case all && len(c.args) == 0:
		if err := c.confirmed("all bad mail is removed for good"); err != nil {
			return err
		}
	}
	if !retried {
		if err := c.idsOrAll(); err != nil {
			return err
		}
	}
	return c.transfer(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
		client := pb.NewAdminServiceClient(conn)
		sum := &pb.DiscardBadMailResponse{}
		var err error
		if retried {
			sum, err = c.discardRetried(ctx, client)
		} else {
			sum, err = client.DiscardBadMail(ctx, &pb.DiscardBadMailRequest{BadMailIds: c.args, All: all})
		}
		if err != nil {
			return err
		}
		if !out.json() {
			return out.line("%d", sum.GetDiscardedCount())
		}
		shape, err := fields(sum)
		if err != nil {
			return err
		}
		return out.value(shape)
	})
}

// discardRetried removes what was submitted again.
func (c *call) discardRetried(ctx context.Context, client pb.AdminServiceClient) (*pb.DiscardBadMailResponse, error) {
	entries, err := c.allBadMail(ctx, client)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		if e.GetRetriedAs() != "" {
			ids = append(ids, e.GetBadMailId())
		}
	}
	sum := &pb.DiscardBadMailResponse{}
	for some := range slices.Chunk(ids, discardedAtOnce) {
		r, err := client.DiscardBadMail(ctx, &pb.DiscardBadMailRequest{BadMailIds: some})
		if err != nil {
			return nil, err
		}
		sum.DiscardedCount += r.GetDiscardedCount()
	}
	return sum, nil
}
