package intake

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
)

// TestForgetPeer: what waits for an end that is gone goes another way, waits for one, or goes back, sent or not; and nothing
// is left behind.
func TestForgetPeer(t *testing.T) {
	for name, tt := range map[string]struct {
		routes   route.Options
		other    string // what another end serves
		giveBack bool
		want     map[store.Lane]int
		returned int
	}{
		"another way":                      {routes: local, other: "*@There", want: map[store.Lane]int{"new": 180}},
		"no way":                           {routes: local, returned: 180},
		"a way may come":                   {routes: route.Options{Serves: local.Serves, ExpectedPeers: 2}, want: map[store.Lane]int{store.LaneUnrouted: 180}},
		"given back at once":               {routes: local, other: "*@There", giveBack: true, returned: 180},
		"a way for half of it":             {routes: local, other: "x@There", want: map[store.Lane]int{"new": 180}, returned: 180},
		"while the intake runs":            {routes: local, other: "*@There", want: map[store.Lane]int{"new": 180}},
		"given back while the intake runs": {routes: route.Options{Serves: local.Serves, ExpectedPeers: 2}, giveBack: true, returned: 180},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnd(t, tt.routes, nil)
			e.boxes("ann@Here")
			e.announce("old", "*@There")
			var ids []mail.ID
			for i := range 200 {
				to := []string{"x@There"}
				if name == "a way for half of it" {
					to = append(to, "y@There")
				}
				ids = append(ids, e.send("ann@Here", fmt.Sprint(i), to...))
			}
			e.commit(func(tx *store.Tx) error { // some of it has arrived before
				_, err := tx.Release("old", 20, nil)
				return err
			})
			e.bound["old"] = 50
			if strings.HasSuffix(name, "while the intake runs") {
				e.running()
			}
			if tt.other != "" {
				e.routes.Replace(route.Announcement{Peer: "new", End: "new", Order: 9, Patterns: []mail.Pattern{mail.MustPattern(tt.other)}})
			}
			out, err := e.ForgetPeer(t.Context(), "old", tt.giveBack, "it burnt")
			if err != nil {
				t.Fatal(err)
			}
			rerouted := 0
			for lane, n := range tt.want {
				rerouted += n
				got := e.lane(lane)
				if len(got) != n {
					t.Fatalf("lane %s holds %d, want %d", lane, len(got), n)
				}
				for i := range got {
					if want := fmt.Sprintf("%d:x@There", i+20); got[i] != want {
						t.Fatalf("place %d of lane %s holds %q, want %q", i, lane, got[i], want)
					}
				}
			}
			if len(out.Rerouted) != rerouted || len(out.Returned) != tt.returned || len(e.bad()) != tt.returned {
				t.Errorf("%d rerouted, %d returned, %d in bad mail", len(out.Rerouted), len(out.Returned), len(e.bad()))
			}
			if depth := e.store.Lane("old").Depth; depth != 0 {
				t.Errorf("%d are left for the end that is gone", depth)
			}
			if tt.returned > 0 && len(e.inbox("ann@Here")) != tt.returned {
				t.Errorf("%d reports", len(e.inbox("ann@Here")))
			}
			if got := e.send("ann@Here", "later", "x@There"); len(e.lane("old")) != 0 || got == "" {
				t.Errorf("new mail goes to the end that is gone: %q", e.lane("old"))
			}
			again, err := e.ForgetPeer(t.Context(), "old", tt.giveBack, "it burnt")
			if diff := cmp.Diff(Forgotten{}, again); diff != "" || err != nil {
				t.Errorf("once more: %v %s", err, diff)
			}
			if _, err := e.store.Trace(ids[0]); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestForgetPeerWithoutMail: all that was sent to it has arrived.
func TestForgetPeerWithoutMail(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here")
	e.announce("old", "*@There")
	e.send("ann@Here", "arrived", "x@There")
	e.commit(func(tx *store.Tx) error { _, err := tx.Release("old", 1, nil); return err })
	out, err := e.ForgetPeer(t.Context(), "old", false, "")
	if diff := cmp.Diff(Forgotten{}, out); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}
