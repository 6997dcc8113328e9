package link

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
)

// Every fault point that is documented is passed, and no other.
func TestFaultPoints(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	note := func(point string) {
		mu.Lock()
		defer mu.Unlock()
		seen[point] = true
	}
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", func(o *Options) { o.Fault = note }).start(), w.add("macside", func(o *Options) { o.Fault = note })
		refused := false
		b.taker.except = func(d *mail.Delivery) []mail.Exception {
			if refused {
				return nil
			}
			refused = true
			return []mail.Exception{{Recipients: d.Recipients, Kind: mail.Deferred, Reason: "not now"}}
		}
		b.start("pcside")
		defer a.close()
		defer b.close()
		a.submit(b, 3, 100)
		a.drained(b, 5*time.Second)
	})
	if diff := cmp.Diff(slices.Sorted(slices.Values(FaultPoints)), slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("fault points (-documented +passed)\n%s", diff)
	}
}
