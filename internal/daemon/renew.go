package daemon

import (
	"context"
	"fmt"

	"github.com/hashicorp/go-hclog"

	"sidegate/internal/config"
	"sidegate/internal/link"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
)

// openEngine opens what the store lies in. When it is the store that --renew names, it takes a new identity first: it came
// back from an older copy, and its peers refuse it under the one it has.
func openEngine(ctx context.Context, c *config.Config, log hclog.Logger) (store.Engine, error) {
	open := func() (*pebblestore.Engine, error) {
		engine, err := pebblestore.Open(c.Data, pebblestore.Options{Log: log})
		if err != nil {
			return nil, fmt.Errorf("--data %s: %w", c.Data, err)
		}
		return engine, nil
	}
	if c.Renew != "" {
		engine, err := open()
		if err != nil {
			return nil, err
		}
		renewed, err := store.Renew(ctx, engine, store.Options{Log: log, Retention: c.Retention}, mail.StoreID(c.Renew), link.SentTables)
		if err != nil {
			return nil, fmt.Errorf("--renew %s: %w", c.Renew, err)
		}
		if !renewed {
			log.Info("the store has another identity than --renew names, and keeps it", "renew", c.Renew)
		}
	}
	return open()
}
