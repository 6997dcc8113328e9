package intake

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// KB Q118459, Q134235: numbers of removed users were given to new ones, who got their mail. Here a name that is gone is nobody's:
// its mail comes back, and whoever gets the name later finds nothing of his predecessor.
func TestMailboxThatWasRemoved(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here", "bob@Here")
	e.send("ann@Here", "to the first bob", "bob@Here")
	first := e.arrival(1, "id-1", "x@There", "over the link", "bob@Here")
	e.announce("there", "*@There")
	e.take(e.session("there"), first)
	e.commit(func(tx *store.Tx) error { return tx.DropMailbox(mail.MustAddress("bob@Here")) })
	e.send("ann@Here", "to nobody", "bob@Here")
	if diff := cmp.Diff([]string{"about to nobody"}, e.inbox("ann@Here")); diff != "" {
		t.Errorf("ann (-want +got):\n%s", diff)
	}
	e.boxes("bob@Here")
	if got := e.inbox("bob@Here"); len(got) != 0 {
		t.Errorf("the second bob finds %q", got)
	}
	// What was taken once is not delivered again to the new owner of the name.
	e.take(e.session("there"), e.arrival(1, "id-1", "x@There", "over the link", "bob@Here"))
	e.send("ann@Here", "to the second bob", "bob@Here")
	if diff := cmp.Diff([]string{"to the second bob"}, e.inbox("bob@Here")); diff != "" {
		t.Errorf("bob (-want +got):\n%s", diff)
	}
}

// KB Q134377, Q134378, Q85059: a queue could be emptied fifty messages at a time only. Here it is returned as a whole, each message
// with one report, or deleted as a whole.
func TestWholeQueueAtOnce(t *testing.T) {
	const n = 700
	e := newEnd(t, local, nil)
	e.boxes("ann@Here")
	e.announce("mac", "*@There")
	for i := range n {
		e.send("ann@Here", fmt.Sprint(i), "x@There")
	}
	all, err := e.store.Entries("mac", 0, 2*n)
	if err != nil || len(all) != n {
		t.Fatalf("%d wait, %v", len(all), err)
	}
	done, bound, err := e.ReturnEntries(t.Context(), all, false, "the peer is gone")
	if err != nil || len(done) != n || len(bound) != 0 {
		t.Fatalf("%d returned, %d left alone, %v", len(done), len(bound), err)
	}
	if d, bad := e.store.Lane("mac").Depth, e.store.BadCount(); d != 0 || bad != n {
		t.Errorf("%d still wait, %d pieces of bad mail", d, bad)
	}
	box, err := e.store.Mailbox(mail.MustAddress("ann@Here"))
	if err != nil || box.Messages != n {
		t.Errorf("%d reports, %v", box.Messages, err)
	}
}
