package acceptance

import (
	"fmt"
	"path/filepath"
	"testing"

	"sidegate/internal/config"
)

// TestEndSetUpAnew: an end whose data is gone is set up anew, with its old certificate, and gets its mail at once, time and again:
// which of its stores has the lowest ID does not matter. What waited for the store that is gone waits, until an operator gives it up.
func TestEndSetUpAnew(t *testing.T) {
	w := newTrio(t)
	for i := range 4 {
		w.pc.stop()
		w.pc = w.startPC(w.again("pcside"), func(c *config.Config) { c.Data = filepath.Join(w.dir, fmt.Sprint("pcside", i)) })
		waitFor(t, "a session with the new store", func() bool {
			for _, a := range w.mac.Routes.Announcements() {
				if a.Peer == w.pc.Store.ID() {
					return true
				}
			}
			return false
		})
		subject := fmt.Sprint("after loss ", i)
		w.mac.send(anna, jsmith, subject, "--body", "b")
		w.pc.arrived(jsmith, subject)
	}
}
