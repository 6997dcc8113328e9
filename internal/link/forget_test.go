package link

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// TestForget: an end that is connected stays; one that is gone disappears for good, and may still come back.
func TestForget(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("a", nil).start(), w.add("b", nil)
		b.start("a")
		defer a.close()
		defer b.close()
		ids := a.submit(b, 3, 10)
		a.drained(b, time.Minute)
		gone := b.store.ID()
		if err := a.links.Forget(t.Context(), gone); !errors.Is(err, ErrConnected) {
			t.Errorf("a peer that is connected: %v", err)
		}
		if err := a.links.Forget(t.Context(), "0197a000-0000-7000-8000-00000000ffff"); !errors.Is(err, ErrUnknownPeer) {
			t.Errorf("nobody: %v", err)
		}
		b.stop()
		pass(time.Minute)
		must(t, a.links.Forget(t.Context(), gone))
		for _, when := range []string{"at once", "after a restart"} {
			if got := a.links.Status(); len(got) != 0 {
				t.Errorf("%s it is still there: %+v", when, got)
			}
			if when == "at once" {
				a.restart()
			}
		}
		if err := a.links.Forget(t.Context(), gone); !errors.Is(err, ErrUnknownPeer) {
			t.Errorf("once more: %v", err)
		}
		b.start("a")
		ids = append(ids, a.submit(b, 3, 10)...)
		a.drained(b, time.Minute)
		eventually(t, time.Minute, func() error {
			if n := len(b.inbox(box)); n != len(ids) {
				return fmt.Errorf("%d messages arrived", n)
			}
			return nil
		})
		b.check(ids)
	})
}
