package storetest

import (
	"testing"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// renewed: a store that takes a new identity keeps its mailboxes and its waiting mail, and begins anew with every peer.
func renewed(t *testing.T, b *bench) {
	box := b.deliver(ann, "kept")
	var waiting []mail.ID
	for _, body := range []string{"one", "two", "three"} {
		waiting = append(waiting, b.enqueue("peer-lane", body, bob))
	}
	waiting = append(waiting, b.enqueue(store.LaneHeld, "held", cal))
	b.do(func(tx *store.Tx) error { // one is gone, another is a void
		if _, err := tx.Release("peer-lane", 1, nil); err != nil {
			return err
		}
		return tx.Remove("peer-lane", 2, []mail.Address{bob})
	})
	b.take(b.session(1), 1, 2)
	b.do(func(tx *store.Tx) error {
		tx.Put("books/of/peer", "1", []byte("x"))
		tx.Put("others", "1", []byte("y"))
		return nil
	})
	old := b.ID()
	renew := func(id mail.StoreID) bool {
		t.Helper()
		if err := b.Store.Close(); err != nil {
			t.Fatal(err)
		}
		e, err := b.place.Open()
		if err != nil {
			t.Fatal(err)
		}
		done, err := store.Renew(t.Context(), e, b.o, id, "books/of/")
		if err != nil {
			t.Fatal(err)
		}
		b.open()
		b.clean()
		return done
	}
	b.equal("of another store", renew("00000000-0000-4000-8000-000000000000"), false)
	b.equal("then it stays who it was", b.ID(), old)
	b.equal("done", renew(old), true)
	now := b.ID()
	if now == old || len(now) != 36 {
		t.Fatalf("it is %s, and was %s", now, old)
	}
	b.equal("a second time", renew(old), false)
	b.equal("then it stays", b.ID(), now)

	b.equal("the mailbox", b.box(ann)[0].Message.ID, box)
	b.equal("the lane", b.Lane("peer-lane"), store.LaneInfo{Lane: "peer-lane"})
	var ids []mail.ID
	for _, e := range b.entries(store.LaneUnrouted, 0) {
		ids = append(ids, e.MessageID)
	}
	b.equal("waits for a way", ids, waiting[2:3])
	b.equal("is held", b.entries(store.LaneHeld, 0)[0].MessageID, waiting[3])
	b.equal("books of a sender", b.Inbound(peer), store.Inbound{Sender: peer})
	if _, err := b.Record("books/of/peer", "1"); err == nil {
		t.Error("the books of a peer are still there")
	}
	if _, err := b.Record("others", "1"); err != nil {
		t.Errorf("a record that nobody named: %v", err)
	}
	b.enqueue("peer-lane", "new", bob)
	b.equal("numbers begin anew", b.entries("peer-lane", 0)[0].Seq, uint64(1))
	b.reopen()
}
