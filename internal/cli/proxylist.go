package cli

import (
	"context"
	"fmt"
	"slices"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// assignedAtOnce is how many addresses are asked for in one call.
const assignedAtOnce = 1000

// proxiesFlag is at the coordinator only: nobody else knows proxies.
func (a *app) proxiesFlag() []urfave.Flag {
	if !a.coordinator() {
		return nil
	}
	return []urfave.Flag{&urfave.BoolFlag{Name: "proxies", HideDefault: true,
		Usage: "for a PC half that knows Macintosh users by proxy: write everybody's proxy; who has none gets one"}}
}

// asProxies replaces addresses that PC Mail cannot hold by proxies, where that is asked for.
func (c *call) asProxies(ctx context.Context, conn connection, lists ...[]directory.Entry) error {
	if !c.coordinator() || !c.cmd.Bool("proxies") {
		return nil
	}
	client := pb.NewSpoolServiceClient(conn)
	for _, list := range lists {
		for part := range slices.Chunk(list, assignedAtOnce) {
			if err := assign(ctx, client, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// assign replaces the addresses of at most assignedAtOnce entries.
func assign(ctx context.Context, client pb.SpoolServiceClient, list []directory.Entry) error {
	r := &pb.AssignProxiesRequest{}
	for _, e := range list {
		r.Addresses = append(r.Addresses, e.Address.String())
	}
	answer, err := client.AssignProxies(ctx, r)
	if err != nil {
		return err
	}
	if len(answer.GetWritten()) != len(list) {
		return fmt.Errorf("the server gave %d proxies for %d addresses", len(answer.GetWritten()), len(list))
	}
	for i, text := range answer.GetWritten() {
		if list[i].Address, err = mail.ParseAddress(text); err != nil {
			return fmt.Errorf("the server gave a proxy that cannot be: %w", err)
		}
	}
	return nil
}
