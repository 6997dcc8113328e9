package cli

import (
	"context"

	urfave "github.com/urfave/cli/v3"

	pb "sidegate/proto/sidegate/v1"
)

func (a *app) spoolResume() *urfave.Command {
	return a.command(spec{
		name: "resume", usage: "write again after signs of a second gateway",
		about: `After two signs that another gateway works in the spool, the coordinator stops writing (KB Q130066); status names
them. Make sure that there is no other, or stop it, and then let the coordinator write again. Prints the signs that are
forgotten. --yes says that you have looked.

Example:
  $P spool resume --yes`,
		flags: a.connection(&urfave.BoolFlag{Name: "yes", Usage: "there is no other gateway; without this nothing is done", HideDefault: true}),
		do: func(ctx context.Context, c *call) error {
			if err := c.confirmed("two gateways in one spool lose and double mail; make sure that there is no other"); err != nil {
				return err
			}
			return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				r, err := pb.NewSpoolServiceClient(conn).ResumeSpool(ctx, &pb.ResumeSpoolRequest{})
				if err != nil {
					return err
				}
				rows := make([]row, len(r.GetForgottenSigns()))
				for i, sign := range r.GetForgottenSigns() {
					rows[i] = row{struct {
						Sign string `json:"sign"`
					}{sign}, []cell{text(sign)}}
				}
				return out.list(columns("FORGOTTEN"), rows, "There were no signs of a second gateway.")
			})
		},
	})
}
