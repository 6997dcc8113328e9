package link

import (
	"sync/atomic"
	"testing"
	"time"
)

// counting counts the sessions of an end: what breaks the protocol ends one, and the next goes on as if nothing was.
func counting(sessions *atomic.Int64) func(*Options) {
	return func(o *Options) {
		o.Fault = func(point string) {
			if point == "link.session.after" {
				sessions.Add(1)
			}
		}
	}
}

// The bytes of small messages come back as those of large ones do: many more can be sent than are granted at a time.
func TestBytesComeBack(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil).start(), w.add("macside", func(o *Options) { o.CreditBytes = minBytes })
		b.start("pcside")
		defer a.close()
		defer b.close()
		ids := a.submit(b, 1000, 2000)
		a.drained(b, time.Minute)
		b.check(ids)
	})
}

// A number whose content turns out to be unreadable costs credit at both ends alike, whether it was begun or not.
func TestSpoiledContentCostsCredit(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var sessions atomic.Int64
		a, b := w.add("pcside", counting(&sessions)), w.add("macside", func(o *Options) { o.CreditMessages = 1 })
		a.submit(b, 3, 100_000)
		a.spoil(100_000)
		ids := a.submit(b, 3, 10)
		a.start()
		b.start("pcside")
		defer a.close()
		defer b.close()
		a.drained(b, time.Minute)
		b.check(ids)
		if n := sessions.Load(); n != 1 {
			t.Errorf("it took %d sessions", n)
		}
	})
}
