package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

func mailboxLife(t *testing.T, b *bench) {
	if _, err := b.Mailbox(ann); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("no mailbox yet: %v", err)
	}
	err := b.Commit(soon(t), func(tx *store.Tx) error { _, err := tx.Deliver(ann, "x"); return err })
	if !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("delivered to nobody: %v", err)
	}
	b.do(func(tx *store.Tx) error {
		made, err := tx.AddMailbox(ann, []string{"spiffe://a"})
		b.equal("made", made, true)
		return err
	})
	b.do(func(tx *store.Tx) error {
		made, err := tx.AddMailbox(mail.MustAddress("net/po/ANN"), nil)
		b.equal("made again in other letters", made, false)
		return err
	})
	b.do(func(tx *store.Tx) error { return tx.SetOwners(ann, []string{"spiffe://a", "spiffe://b"}) })
	first, second := b.deliver(ann, "first"), b.deliver(ann, "second")
	acknowledge := func(id mail.ID) (there bool) {
		b.do(func(tx *store.Tx) (err error) { there, err = tx.Acknowledge(ann, id); return err })
		return there
	}
	b.equal("acknowledged", []bool{acknowledge(first), acknowledge(first), acknowledge("nothing")}, []bool{true, true, false})
	for range 2 {
		info, err := b.Mailbox(ann)
		b.equal("mailbox", []any{info.Address, info.Owners, info.Messages, info.Unacknowledged, err},
			[]any{ann, []string{"spiffe://a", "spiffe://b"}, 2, 1, error(nil)})
		es := b.box(ann)
		b.equal("entries", []any{es[0].Message.ID, es[0].Acknowledged, es[1].Message.ID, es[1].Acknowledged}, []any{first, true, second, false})
		one, err := b.MailboxEntry(ann, second)
		b.equal("one entry", []any{one, err}, []any{es[1], error(nil)})
		b.reopen()
	}
	remove := func(id mail.ID) (there bool) {
		b.do(func(tx *store.Tx) (err error) { there, err = tx.Delete(ann, id); return err })
		return there
	}
	b.equal("deleted", []bool{remove(first), remove(first)}, []bool{true, false})
	if _, err := b.Message(first); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("a deleted message is still kept: %v", err)
	}
	if _, err := b.MailboxEntry(ann, first); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("a deleted message is still in the mailbox: %v", err)
	}
	b.do(func(tx *store.Tx) error { return tx.DropMailbox(ann) })
	if _, err := b.Message(second); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("a message of a dropped mailbox is still kept: %v", err)
	}
	b.reopen()
	list, err := b.Mailboxes("", 10)
	b.equal("no mailbox is left", []any{len(list), b.MailboxCount(), err}, []any{0, 0, error(nil)})
}

// mailboxOnce shows I2: at most one copy, however often and by whichever way a message comes.
func mailboxOnce(t *testing.T, b *bench) {
	id := b.deliver(ann, "once")
	m, err := b.Message(id)
	if err != nil {
		t.Fatal(err)
	}
	again := func() (delivered bool) {
		b.do(func(tx *store.Tx) error {
			if err := tx.Keep(m, contentOf("once")); err != nil {
				return err
			}
			var err error
			delivered, err = tx.Deliver(ann, id)
			return err
		})
		return delivered
	}
	b.equal("while it is there", again(), false)
	b.do(func(tx *store.Tx) error { _, err := tx.Delete(ann, id); return err })
	b.equal("after it was deleted", again(), false)
	b.reopen()
	b.equal("after a restart", again(), false)
	if _, err := b.Message(id); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("what nobody holds was kept: %v", err)
	}
	b.do(func(tx *store.Tx) error { return tx.DropMailbox(ann) })
	b.do(func(tx *store.Tx) error { _, err := tx.AddMailbox(ann, nil); return err })
	b.equal("in a mailbox made anew", again(), false)
	b.do(func(tx *store.Tx) error {
		if _, err := tx.AddMailbox(bob, nil); err != nil {
			return err
		}
		if err := tx.Keep(m, contentOf("once")); err != nil {
			return err
		}
		first, err := tx.Deliver(bob, id)
		if err != nil {
			return err
		}
		second, err := tx.Deliver(bob, id)
		b.equal("twice in one commit", []bool{first, second}, []bool{true, false})
		return err
	})
	b.clean()
}

func mailboxPositions(t *testing.T, b *bench) {
	var last uint64
	rises := func(when string) {
		t.Helper()
		id := b.deliver(ann, when)
		e, err := b.MailboxEntry(ann, id)
		if err != nil || e.Position <= last {
			t.Fatalf("%s: position %d after %d, %v", when, e.Position, last, err)
		}
		last = e.Position
		b.do(func(tx *store.Tx) error { _, err := tx.Delete(ann, id); return err })
		info, err := b.Mailbox(ann)
		b.equal("the last position, although its message is gone", []any{info.Last, err}, []any{last, error(nil)})
	}
	rises("first")
	rises("after a deletion")
	b.reopen()
	rises("after a restart")
	b.do(func(tx *store.Tx) error { return tx.DropMailbox(ann) })
	rises("in a mailbox made anew")
	b.do(func(tx *store.Tx) error { return tx.DropMailbox(ann) })
	b.reopen()
	rises("in a mailbox made anew after a restart")
}

// mailboxDroppedAtOnce drops a mailbox in the commit that delivers to it.
func mailboxDroppedAtOnce(t *testing.T, b *bench) {
	before := b.deliver(ann, "before")
	m, d := Message(t, b.Store, "at once", ann)
	b.do(func(tx *store.Tx) error {
		if err := tx.Keep(m, d); err != nil {
			return err
		}
		if _, err := tx.Deliver(ann, m.ID); err != nil {
			return err
		}
		return tx.DropMailbox(ann)
	})
	for _, id := range []mail.ID{before, m.ID} {
		if _, err := b.Message(id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a message of a dropped mailbox is still kept: %v", err)
		}
	}
	b.reopen()
}

func mailboxPages(t *testing.T, b *bench) {
	for i := range 5 {
		b.deliver(ann, fmt.Sprint(i))
		b.deliver(mail.MustAddress(fmt.Sprintf("NET/PO/user%d", i)), "x")
	}
	page, err := b.MailboxEntries(ann, 0, 2)
	b.equal("first page", []any{len(page), err}, []any{2, error(nil)})
	rest, err := b.MailboxEntries(ann, page[1].Position, 10)
	b.equal("second page", []any{len(rest), err}, []any{3, error(nil)})
	none, err := b.MailboxEntries(ann, rest[2].Position, 10)
	b.equal("third page", []any{len(none), err}, []any{0, error(nil)})
	var keys []string
	for after := ""; ; {
		infos, err := b.Mailboxes(after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(infos) == 0 {
			break
		}
		for _, info := range infos {
			after = info.Address.Key()
			keys = append(keys, after)
		}
	}
	b.equal("mailboxes in order", keys, []string{
		"CSI:net/po/ann", "CSI:net/po/user0", "CSI:net/po/user1", "CSI:net/po/user2", "CSI:net/po/user3", "CSI:net/po/user4",
	})
	b.clean()
}

func mailboxWait(t *testing.T, b *bench) {
	b.equal("no mailbox", errors.Is(b.WaitMailbox(soon(t), ann, 0), store.ErrNotFound), true)
	b.do(func(tx *store.Tx) error { _, err := tx.AddMailbox(ann, nil); return err })
	got := make(chan error)
	go func() { got <- b.WaitMailbox(context.Background(), ann, 0) }()
	b.deliver(ann, "one")
	b.equal("after a delivery", <-got, error(nil))
	position := b.box(ann)[0].Position
	go func() { got <- b.WaitMailbox(context.Background(), ann, position) }()
	b.do(func(tx *store.Tx) error { return tx.DropMailbox(ann) })
	b.equal("after the mailbox was dropped", errors.Is(<-got, store.ErrNotFound), true)
}
