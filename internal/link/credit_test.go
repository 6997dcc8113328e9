package link

import (
	"testing"
	"time"
)

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
