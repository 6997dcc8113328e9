package acceptance

import (
	"fmt"
	"path/filepath"
	"testing"

	"sidegate/internal/config"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// TestEndSetUpAnew: an end whose data is gone is set up anew, with its old certificate, and gets its mail at once, time and again:
// which of its stores has the lowest ID does not matter. What waited for the store that is gone waits, until an operator gives it up.
func TestEndSetUpAnew(t *testing.T) {
	w := newTrio(t)
	for i := range 4 {
		w.pc.stop()
		w.pc = w.startPC(w.again("pcside"), func(c *config.Config) { c.Data = filepath.Join(w.dir, fmt.Sprint("pcside", i)) })
		// What was on its way in the old session, when that ended, waits for the old store.
		waitFor(t, "mail that goes to the new store", func() bool {
			return w.mac.Routes.Resolve(mail.MustAddress(jsmith)).Lane == store.Lane(w.pc.Store.ID())
		})
		subject := fmt.Sprint("after loss ", i)
		w.mac.send(anna, jsmith, subject, "--body", "b")
		w.pc.arrived(jsmith, subject)
	}
}
