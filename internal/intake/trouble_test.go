package intake

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
)

// unreadable is an engine that cannot read one message for a while.
type unreadable struct {
	store.Engine
	why     error
	message atomic.Pointer[uuid.UUID]
}

// newUnreadable makes an end on such an engine.
func newUnreadable(t *testing.T, ro route.Options, why error) (*end, *unreadable) {
	t.Helper()
	engine, err := pebblestore.Open("data", pebblestore.Options{FS: vfs.NewMem(), BallastBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	u := &unreadable{Engine: engine, why: why}
	st, err := store.Open(u, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := &end{t: t, routes: route.New(ro)}
	e.Intake = New(Options{Store: st, Routes: e.routes, End: "here", Reporter: plainReporter{}})
	t.Cleanup(e.close)
	return e, u
}

func (u *unreadable) lose(id mail.ID) {
	m := uuid.MustParse(string(id))
	u.message.Store(&m)
}

func (u *unreadable) Get(key []byte) ([]byte, error) {
	if id := u.message.Load(); id != nil && bytes.HasSuffix(key, id[:]) {
		return nil, u.why
	}
	return u.Engine.Get(key)
}

// Deferred mail that cannot be moved when it is due keeps nothing else from it, and is moved as soon as that is possible.
func TestDeferredMailThatCannotBeMoved(t *testing.T) {
	for n := 1; n <= 3; n++ {
		t.Run(fmt.Sprintf("one of %d", n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, u := newUnreadable(t, local, errors.New("cannot be read"))
				e.running()
				e.announce("mac", "*@There")
				synctest.Wait()
				var bad mail.ID
				for i := range n {
					bad = e.send("ann@Here", fmt.Sprint(i), fmt.Sprintf("x%d@There", i))
					e.refused("mac", uint64(i+1), store.LaneDeferred, 1, time.Minute, fmt.Sprintf("x%d@There", i))
				}
				u.lose(bad)
				time.Sleep(2 * time.Minute)
				if got := e.store.Lane("mac").Depth; got != n-1 {
					t.Errorf("%d deliveries were moved, want all but one of %d", got, n)
				}
				u.message.Store(nil)
				time.Sleep(Backoff(1) + afterError)
				if got := e.store.Lane("mac").Depth; got != n {
					t.Errorf("%d deliveries were moved in the end, want %d", got, n)
				}
			})
		})
	}
}

// What came while the routes changed, and began to be sent, stays where it is.
func TestSentWhileRoutesChange(t *testing.T) {
	e := newEnd(t, local, nil)
	e.announce("old", "*@There")
	e.send("ann@Here", "1", "x@There")
	e.send("ann@Here", "2", "x@There")
	e.announce("mac", "x@There")
	e.bound["old"] = 1
	if done, err := e.change(t.Context(), e.routes.View(), map[store.Lane]uint64{}); !done || err != nil {
		t.Fatal(done, err)
	}
	if diff := cmp.Diff([]string{"1:x@There"}, e.lane("old")); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"2:x@There"}, e.lane("mac")); diff != "" {
		t.Errorf("moved (-want +got):\n%s", diff)
	}
}

// A message that is not there any more keeps no other from its way.
func TestMessageThatIsGone(t *testing.T) {
	e, u := newUnreadable(t, route.Options{Serves: local.Serves, ExpectedPeers: 2}, store.ErrNotFound)
	e.send("ann@Here", "1", "x@There")
	gone := e.send("ann@Here", "2", "x@There")
	e.send("ann@Here", "3", "x@There")
	u.lose(gone)
	e.running()
	e.announce("mac", "*@There")
	e.until("the others have moved", func() bool { return e.store.Lane("mac").Depth == 2 })
	u.message.Store(nil)
	if diff := cmp.Diff([]string{"1:x@There", "3:x@There"}, e.lane("mac")); diff != "" {
		t.Errorf("lane (-want +got):\n%s", diff)
	}
}
