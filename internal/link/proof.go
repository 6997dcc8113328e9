package link

import (
	"context"
	"time"

	"sidegate/internal/liveness"
)

// prove makes the store prove itself when nothing else did, for the directions on which nothing moves. One proof
// serves all of them, and after an idle hour it becomes rare, for the sake of flash memory.
func (l *Links) prove(ctx context.Context) {
	tick := time.NewTicker(l.o.Beat)
	defer tick.Stop()
	var proof time.Time // what LastDurable said after our last proof
	var real time.Time  // when something else became durable last
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		last, now := l.o.Store.LastDurable(), l.o.Store.Now()
		if !last.Equal(proof) {
			real = last
		}
		every := liveness.ProofEvery
		if now.Sub(real) > liveness.IdleAfter {
			every = liveness.ProofIdle
		}
		if now.Sub(last) < every && !now.Before(last) {
			continue
		}
		if err := l.o.Store.Prove(ctx); err != nil {
			if ctx.Err() == nil {
				l.o.Log.Warn("store cannot prove itself", "error", err)
			}
			continue
		}
		proof = l.o.Store.LastDurable()
	}
}
