package cli

import (
	"context"
	"fmt"

	urfave "github.com/urfave/cli/v3"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "sidegate/proto/sidegate/v1"
)

func (a *app) status() *urfave.Command {
	return a.command(spec{
		name: "status", usage: "see at a glance how mail flows",
		about: `Shows the ends, every direction with its state and the reason for it, what waits in lanes, bad mail, the slots of
the spool, and alarms. With --watch it is shown again at every change until interrupted.

States: up, late (beats missing), stalled (work and no progress), blind (the old program does not take our files),
down, share-down (the spool's volume fails), held (by an operator), unknown (no evidence yet).
For programs, lines begin with "end", "direction", "lane", "bad-mail", "mailboxes", "spool" or "alarm".

Examples:
  $P status
  $P status --output json`,
		flags: a.connection(&urfave.BoolFlag{Name: "watch", Aliases: []string{"w"}, Usage: "stay and show every change", HideDefault: true}),
		do: func(ctx context.Context, c *call) error {
			if c.cmd.Bool("watch") {
				return c.listing(asOperator, func(out *printer, conn connection) error {
					watching, stop, err := c.patience(ctx)
					if err != nil {
						return err
					}
					defer stop()
					return waited(watching, watch(watching, out, pb.NewAdminServiceClient(conn)))
				})
			}
			return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				r, err := pb.NewAdminServiceClient(conn).GetStatus(ctx, &pb.GetStatusRequest{})
				if err != nil {
					return err
				}
				return out.status(r.GetStatus())
			})
		},
	})
}

// watch shows every status the program sends. On a terminal each replaces the one before.
func watch(ctx context.Context, out *printer, client pb.AdminServiceClient) error {
	if out.format == formatJSON {
		out.format = formatLines
	}
	stream, err := client.WatchStatus(ctx, &pb.WatchStatusRequest{}) // no deadline: waiting is its purpose
	if err != nil {
		return err
	}
	for {
		r, err := stream.Recv()
		if err != nil {
			return err
		}
		if out.terminal && out.format == formatTable {
			fmt.Fprint(out.w, "\x1b[H\x1b[2J\x1b[3J")
		}
		if err := out.status(r.GetStatus()); err != nil {
			return err
		}
	}
}

// status shows one status.
func (p *printer) status(s *pb.Status) error {
	if p.json() {
		completeStatus(s)
		shape, err := fields(s)
		if err != nil {
			return err
		}
		return p.value(shape)
	}
	v := newStatusView(p, s)
	if p.format == formatTabs {
		return v.writeLines()
	}
	return v.writeScreen()
}

// completeStatus sets what JSON promises and the protocol may leave out.
func completeStatus(s *pb.Status) {
	var directions []*pb.DirectionStatus
	for _, l := range s.GetLinks() {
		directions = append(directions, l.GetDirections()...)
	}
	directions = append(directions, s.GetSpool().GetLegs()...)
	for _, d := range directions {
		if d.OldestAge == nil {
			d.OldestAge = durationpb.New(0)
		}
	}
	for _, l := range s.GetLanes() {
		if l.OldestAge == nil {
			l.OldestAge = durationpb.New(0)
		}
	}
}
