package intake

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// What was said of a number that is still open is said again when it comes again, whatever is served by now: its sender has
// moved on those recipients, or is about to.
func TestOpenNumberComesAgain(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here", "eve@Elsewhere")
	first := e.take(e.session("there"), e.arrival(1, "id-1", "x@There", "one", "ann@Here", "eve@Elsewhere"))
	e.routes.SetAliases(addresses("eve@Elsewhere"))
	second := e.take(e.session("there"), e.arrival(1, "id-1", "x@There", "one", "ann@Here", "eve@Elsewhere"))
	if len(second) != 1 || len(second[0].Exceptions) != 1 || second[0].Exceptions[0].Kind != mail.NotServed {
		t.Errorf("the second time: %+v", second)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("outcomes (-first +second):\n%s", diff)
	}
	if got := e.inbox("eve@Elsewhere"); len(got) > 0 {
		t.Errorf("eve has %q", got)
	}
}

// What begins to be sent between being chosen and being moved stays.
func TestSentMeanwhile(t *testing.T) {
	e := newEnd(t, local, nil)
	e.announce("old", "*@There")
	e.send("ann@Here", "1", "x@There")
	e.announce("mac", "x@There")
	listed := e.entries("old")
	e.bound["old"] = 1
	view := e.routes.View()
	unsent := func(entry store.Entry) bool { return e.better(view.Resolve, entry) && !e.Intake.bound(entry) }
	err := e.apply(t.Context(), listed, unsent, func(w *work, entry store.Entry) error { return w.rerouteBy(view.Resolve, entry) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1:x@There"}, e.lane("old")); diff != "" {
		t.Errorf("lane (-want +got):\n%s", diff)
	}
}

// Deferred mail that went another way before its time holds nothing back any more.
func TestMovedBeforeItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnd(t, local, nil)
		e.announce("old", "*@There")
		e.running()
		e.send("ann@Here", "1", "x@There")
		e.refused("old", 1, store.LaneDeferred, 1, 10*time.Minute, "x@There")
		synctest.Wait()
		e.announce("mac", "x@There")
		synctest.Wait()
		e.send("ann@Here", "2", "x@There")
		synctest.Wait()
		if diff := cmp.Diff([]string{"1:x@There", "2:x@There"}, e.lane("mac")); diff != "" {
			t.Errorf("lane (-want +got):\n%s", diff)
		}
	})
}
