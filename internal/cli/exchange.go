package cli

import (
	"context"

	"google.golang.org/grpc"
)

// connection is what services are called through.
type connection = grpc.ClientConnInterface

// listing runs a command that talks to the program and bounds its calls itself.
func (c *call) listing(role string, do func(*printer, connection) error) error {
	out, err := c.printer()
	if err != nil {
		return err
	}
	conn, err := c.dial(role)
	if err != nil {
		return err
	}
	defer conn.Close()
	return do(out, conn)
}

// exchange runs a command that talks to the program and is done within the time-out.
func (c *call) exchange(ctx context.Context, role string, do func(context.Context, *printer, connection) error) error {
	return c.listing(role, func(out *printer, conn connection) error {
		limited, cancel, err := c.deadline(ctx)
		if err != nil {
			return err
		}
		defer cancel()
		return do(limited, out, conn)
	})
}
