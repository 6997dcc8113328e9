package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/config"
	pb "sidegate/proto/sidegate/v1"
)

// StoreTool checks stores that no service has open.
type StoreTool interface {
	// Check reads the books and all content of the store in c.Data and sends what it finds, the result last. With repair it
	// sets aside what is damaged. It fails while a service has the store open.
	Check(ctx context.Context, c *config.Config, repair bool, send func(*pb.CheckStoreResponse) error) error
}

func (a *app) store() *urfave.Command {
	return a.group("store", "check the durable store", a.storeCheck())
}

func (a *app) storeCheck() *urfave.Command {
	return a.command(spec{
		name: "check", usage: "read the whole store and name what is damaged",
		about: `Counts the books of the store and reads the content of every message, and prints what does not add up, one line each;
ends with exit code 1 if anything was found. It asks the running service, which goes on serving; while the books are
counted nothing is stored, some seconds for a million messages.

With --data the directory of a service that does not run is checked; while one runs that is refused. Give the --config of
that service too, if it has one: reports are routed by its settings.

With --repair, a message whose content is damaged is taken out of lanes and mailboxes, what the disk still has of it goes
into bad mail, and its sender is told. Nothing is deleted. Books that do not add up are named only.

Columns: message ID, what is wrong, what was done about it.

Examples:
  $P store check
  $P store check --data ./data --repair`,
		flags: a.connection(
			&urfave.StringFlag{Name: "data", Usage: "check the store in `DIR`, of a service that does not run"},
			&urfave.StringFlag{Name: "config", Usage: "with --data: read settings from `FILE`, in YAML"},
			&urfave.BoolFlag{Name: "repair", Usage: "set aside what is damaged", HideDefault: true},
		),
		do: func(ctx context.Context, c *call) error {
			check := &storeCheck{c: c, repair: c.cmd.Bool("repair")}
			if dir := c.cmd.String("data"); dir != "" {
				return check.offline(ctx, dir)
			}
			return c.listing(asOperator, func(out *printer, conn connection) error {
				check.out = out
				return check.live(ctx, pb.NewAdminServiceClient(conn))
			})
		},
	})
}

// storeCheck is one check, and what it found.
type storeCheck struct {
	c      *call
	out    *printer
	repair bool
	rows   []row
	result *pb.StoreCheckResult
}

func (s *storeCheck) offline(ctx context.Context, dir string) error {
	// A store is made where there is none, which is not what is asked for here.
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	out, err := s.c.printer()
	if err != nil {
		return err
	}
	s.out = out
	settings, err := config.Load(s.c.program.Name, config.Sources{
		Flags: map[string][]string{"data": {dir}}, Env: s.c.streams.Env, File: s.c.cmd.String("config"),
	})
	if err != nil {
		return s.c.wrong(err)
	}
	if err := s.c.program.Store.Check(ctx, settings, s.repair, s.take); err != nil {
		return err
	}
	return s.finish()
}

func (s *storeCheck) live(ctx context.Context, client pb.AdminServiceClient) error {
	stream, err := client.CheckStore(ctx, &pb.CheckStoreRequest{Repair: s.repair}) // no deadline: large stores take long
	if err != nil {
		return err
	}
	for {
		step, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return s.finish()
		}
		if err == nil {
			err = s.take(step)
		}
		if err != nil {
			return err
		}
	}
}

// take notes one step.
func (s *storeCheck) take(step *pb.CheckStoreResponse) error {
	if f := step.GetFinding(); f != nil {
		shape, err := fields(f)
		if err != nil {
			return err
		}
		done := cell{f.GetRepaired(), green}
		s.rows = append(s.rows, row{shape, []cell{text(f.GetMessageId()), {f.GetText(), red}, done}})
	}
	if r := step.GetResult(); r != nil {
		s.result = r
	}
	return nil
}

func (s *storeCheck) finish() error {
	if s.result == nil {
		return errors.New("the check ended early")
	}
	r := s.result
	summary := fmt.Sprintf("%d messages with %d bytes were read, %d findings, %d of them repaired.", r.GetMessagesChecked(), r.GetBytesChecked(),
		r.GetFindingCount(), r.GetRepairedCount())
	if err := s.out.list(columns("ID", "FINDING", "DONE"), s.rows, "The store is sound. "+summary); err != nil {
		return err
	}
	if len(s.rows) == 0 {
		return nil
	}
	s.c.complain("%s", summary)
	if r.GetRepairedCount() == r.GetFindingCount() {
		return nil
	}
	return reported{exitFailed}
}
