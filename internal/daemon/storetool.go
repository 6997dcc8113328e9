package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"

	"sidegate/internal/admin"
	"sidegate/internal/config"
	"sidegate/internal/intake"
	"sidegate/internal/route"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
	pb "sidegate/proto/sidegate/v1"
)

// storeTool checks a store that no service has open. It implements cli.StoreTool.
type storeTool struct{ kind Kind }

// Check opens the store as a start does, and so fails while a service has it; then it checks as a running service would.
func (t storeTool) Check(ctx context.Context, c *config.Config, repair bool, send func(*pb.CheckStoreResponse) error) error {
	if _, err := os.Stat(filepath.Join(c.Data, "db")); err != nil {
		return fmt.Errorf("--data %s holds no store: %w", c.Data, err)
	}
	engine, err := pebblestore.Open(c.Data, pebblestore.Options{})
	if err != nil {
		return fmt.Errorf("--data %s: %w", c.Data, err)
	}
	st, err := store.Open(engine, store.Options{Retention: c.Retention, RememberBytes: c.IDMemory})
	if err != nil {
		return errors.Join(fmt.Errorf("--data %s: %w", c.Data, err), engine.Close())
	}
	// What has to be told to senders elsewhere waits until the service runs again.
	routes := route.New(route.Options{Serves: c.Serves, LocalLane: t.kind.LocalLane, ExpectedPeers: max(1, expectedPeers(c))})
	in := intake.New(intake.Options{
		Store: st, Routes: routes, End: c.Name, Reporter: t.kind.Words(c), AutoMailbox: c.AutoMailbox,
		Bound: func(store.Lane, uint64) bool { return true }, // only a link can tell what has not been sent
	})
	server := admin.New(admin.Options{
		Store: st, Intake: in, Routes: routes, End: c.Name, Caller: func(context.Context) string { return "the command line" }, Log: hclog.NewNullLogger(),
	})
	return errors.Join(server.Check(ctx, repair, send), st.Close())
}
