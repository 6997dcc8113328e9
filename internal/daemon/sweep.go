package daemon

import (
	"context"
	"errors"
	"time"

	"sidegate/internal/store"
)

const (
	sweepEvery = time.Hour
	sweepMax   = 1000 // records in one commit
)

// sweep removes what is past its retention now and then.
func (e *End) sweep(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for n := sweepMax; n == sweepMax && ctx.Err() == nil; {
			var err error
			if n, err = e.Store.Sweep(ctx, sweepMax); err != nil {
				if errors.Is(err, store.ErrFailed) {
					return err
				}
				if ctx.Err() == nil {
					e.Log.Warn("old records could not be removed", "error", err)
				}
				break
			}
		}
	}
}
