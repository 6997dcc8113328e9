package intake

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
)

func (e *end) alias(box string, aliases ...string) {
	e.t.Helper()
	e.commit(func(tx *store.Tx) error {
		for _, a := range aliases {
			if _, err := tx.AddAlias(mail.MustAddress(box), mail.MustAddress(a)); err != nil {
				return err
			}
		}
		return nil
	})
	e.AliasesChanged()
}

// TestAliases shows that mail for any address of a mailbox comes into it, once, as it was addressed, and that the
// aliases are known again after a restart.
func TestAliases(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here", "bob@Here")
	e.alias("bob@Here", "MACNET/MACPO/T60009BO", "OLDNET/OLDPO/T60009BO")
	e.send("ann@Here", "by the new name", "macnet/macpo/T60009bo")
	e.send("ann@Here", "by all of them", "bob@Here", "MACNET/MACPO/T60009BO", "OLDNET/OLDPO/T60009BO")
	want := []string{"by the new name", "by all of them"}
	if diff := cmp.Diff(want, e.inbox("bob@Here")); diff != "" {
		t.Errorf("inbox (-want +got):\n%s", diff)
	}
	es, err := e.store.MailboxEntries(mail.MustAddress("OLDNET/OLDPO/T60009BO"), 0, 1)
	if err != nil || es[0].Message.To[0].String() != "macnet/macpo/T60009bo" {
		t.Errorf("the message says it is to %v, %v", es[0].Message.To, err)
	}
	disk := e.disk
	e.close()
	e = openEnd(t, disk, local, nil)
	e.send("ann@Here", "after a restart", "oldnet/oldpo/T60009bo")
	if diff := cmp.Diff(append(want, "after a restart"), e.inbox("bob@Here")); diff != "" {
		t.Errorf("inbox (-want +got):\n%s", diff)
	}
	e.commit(func(tx *store.Tx) error {
		_, err := tx.RemoveAlias(mail.MustAddress("bob@Here"), mail.MustAddress("OLDNET/OLDPO/T60009BO"))
		return err
	})
	e.AliasesChanged()
	e.send("ann@Here", "too late", "OLDNET/OLDPO/T60009BO")
	if diff := cmp.Diff([]string{"too late:NO_ROUTE:OLDNET/OLDPO/T60009BO"}, e.bad()); diff != "" {
		t.Errorf("bad mail (-want +got):\n%s", diff)
	}
}

// TestUnroutedMailFindsItsAlias shows that mail which waits for somebody to serve its address comes into the mailbox
// that gets the address as an alias.
func TestUnroutedMailFindsItsAlias(t *testing.T) {
	ro := local
	ro.ExpectedPeers = 1
	e := newEnd(t, ro, nil)
	e.boxes("ann@Here", "bob@Here")
	e.send("ann@Here", "first", "OLD/PO/BOB")
	if got := e.lane(store.LaneUnrouted); len(got) != 1 {
		t.Fatalf("unrouted: %q", got)
	}
	e.running()
	e.alias("bob@Here", "OLD/PO/BOB")
	e.until("the mail has found its mailbox", func() bool { return len(e.inbox("bob@Here")) == 1 && len(e.lane(store.LaneUnrouted)) == 0 })
	if r := e.routes.Resolve(mail.MustAddress("OLD/PO/BOB")); r.Kind != route.Mailbox {
		t.Errorf("the alias resolves to %+v", r)
	}
}
