package link

import (
	"sync/atomic"
	"testing"
	"time"

	"sidegate/internal/liveness"
)

// A clock that is set back does not hide that nothing moves: neither at the end that sends nor at the other.
func TestStalledThoughTheClockWasSetBack(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var back atomic.Int64
		a, b := w.add("pcside", nil), w.add("macside", nil)
		must(t, a.store.Close())
		a.clock = func() time.Time { return time.Now().Round(0).Add(-time.Duration(back.Load())) }
		a.open()
		resume := make(chan struct{})
		b.taker.before = func([]Arrival) error { <-resume; return nil }
		a.start()
		b.start("pcside")
		defer a.close()
		defer b.close()
		a.submit(b, 10, 100)
		back.Store(int64(365 * 24 * time.Hour))
		pass(40 * time.Second)
		if d := a.status(b).Directions[0]; d.State != liveness.Stalled {
			t.Errorf("where it waits: %+v, want stalled", d)
		}
		if d := b.status(a).Directions[1]; d.State != liveness.Stalled {
			t.Errorf("where it should arrive: %+v, want stalled", d)
		}
		close(resume)
		a.drained(b, 30*time.Second)
		if d := a.status(b).Directions[0]; d.State != liveness.Up {
			t.Errorf("when it has moved: %+v, want up", d)
		}
	})
}
