package storetest

import (
	"errors"
	"testing"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// mailboxAliases shows that whatever is done with an alias is done with its mailbox, and that an address leads to one
// mailbox only.
func mailboxAliases(t *testing.T, b *bench) {
	proxy, old := mail.MustAddress("MACNET/MACPO/T60009BO"), mail.MustAddress("OLDNET/OLDPO/T60009BO")
	try := func(build func(*store.Tx) (bool, error)) (done bool, err error) {
		err = b.Commit(soon(t), func(tx *store.Tx) (err error) { done, err = build(tx); return err })
		return done, err
	}
	add := func(box, alias mail.Address) (bool, error) {
		return try(func(tx *store.Tx) (bool, error) { return tx.AddAlias(box, alias) })
	}
	if _, err := add(bob, proxy); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("an alias of no mailbox: %v", err)
	}
	id := b.deliver(bob, "before there was an alias")
	made, err := add(bob, proxy)
	b.equal("made", []any{made, err}, []any{true, error(nil)})
	again, err := add(bob, mail.MustAddress("macnet/macpo/t60009bo"))
	b.equal("made again in other letters", []any{again, err}, []any{false, error(nil)})
	own, err := add(proxy, bob)
	b.equal("the mailbox's own address, named by its alias", []any{own, err}, []any{false, error(nil)})
	b.deliver(ann, "x")
	if _, err := add(ann, proxy); !errors.Is(err, store.ErrTaken) {
		t.Fatalf("an alias of two mailboxes: %v", err)
	}
	if _, err := add(ann, bob); !errors.Is(err, store.ErrTaken) {
		t.Fatalf("the address of one mailbox as the alias of another: %v", err)
	}
	if made, err := try(func(tx *store.Tx) (bool, error) { return tx.AddMailbox(proxy, nil) }); made || err != nil {
		t.Fatalf("a mailbox was made of an alias: %v, %v", made, err)
	}
	if _, err := add(bob, old); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		info, err := b.Mailbox(proxy)
		b.equal("the mailbox by its alias", []any{info.Address, info.Aliases, info.Messages, err}, []any{bob, []mail.Address{proxy, old}, 1, error(nil)})
		e, err := b.MailboxEntry(old, id)
		b.equal("a message by an alias", []any{e.Message.ID, err}, []any{id, error(nil)})
		b.equal("the aliases", b.Aliases(), []mail.Address{proxy, old})
		b.clean()
		b.reopen()
	}
	b.do(func(tx *store.Tx) error {
		m, err := b.Message(id)
		if err == nil {
			err = tx.Keep(m, contentOf("before there was an alias"))
		}
		fresh, err2 := tx.Deliver(proxy, id)
		b.equal("once for address and alias", fresh, false)
		return errors.Join(err, err2)
	})
	b.equal("taken away", aliasGone(t, b, old), []bool{true, false})
	if _, err := b.Mailbox(old); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("an alias that was taken away still leads somewhere: %v", err)
	}
	b.do(func(tx *store.Tx) error { return tx.DropMailbox(proxy) })
	for range 2 {
		b.equal("with its mailbox an alias goes", len(b.Aliases()), 0)
		b.clean()
		b.reopen()
	}
	b.do(func(tx *store.Tx) error { _, err := tx.AddMailbox(proxy, nil); return err })
	if info, err := b.Mailbox(proxy); err != nil || info.Address != proxy {
		t.Fatalf("a mailbox where there was an alias: %v, %v", info.Address, err)
	}
	b.clean()
}

// aliasGone takes an alias away twice.
func aliasGone(t *testing.T, b *bench, alias mail.Address) (done []bool) {
	t.Helper()
	for range 2 {
		b.do(func(tx *store.Tx) error {
			gone, err := tx.RemoveAlias(bob, alias)
			done = append(done, gone)
			return err
		})
	}
	return done
}

// mailboxAliasesAtOnce shows that one commit sees its own aliases: added, taken over by another mailbox, dropped.
func mailboxAliasesAtOnce(t *testing.T, b *bench) {
	alias := mail.MustAddress("MACNET/MACPO/T60009BO")
	b.deliver(bob, "x")
	b.deliver(ann, "y")
	b.do(func(tx *store.Tx) error { _, err := tx.AddAlias(bob, alias); return err })
	b.do(func(tx *store.Tx) error {
		if _, err := tx.RemoveAlias(bob, alias); err != nil {
			return err
		}
		_, err := tx.AddAlias(ann, alias)
		return err
	})
	info, err := b.Mailbox(alias)
	b.equal("handed over", []any{info.Address, err}, []any{ann, error(nil)})
	b.do(func(tx *store.Tx) error {
		if err := tx.DropMailbox(ann); err != nil {
			return err
		}
		if _, err := tx.AddMailbox(ann, nil); err != nil {
			return err
		}
		_, err := tx.Deliver(alias, "x")
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an alias survived its mailbox: %v", err)
		}
		return nil
	})
	info, err = b.Mailbox(ann)
	b.equal("made anew without aliases", []any{len(info.Aliases), err}, []any{0, error(nil)})
	failed := errors.New("no")
	err = b.Commit(soon(t), func(tx *store.Tx) error {
		if _, err := tx.AddAlias(ann, alias); err != nil {
			return err
		}
		return failed
	})
	b.equal("nothing of a commit that failed", []any{errors.Is(err, failed), len(b.Aliases())}, []any{true, 0})
	b.clean()
}

// mailboxAliasing shows that aliases are counted as the commit leaves them.
func mailboxAliasing(t *testing.T, b *bench) {
	b.deliver(bob, "x")
	b.deliver(ann, "y")
	sums := func(tx *store.Tx) (sums [4]int) {
		of, all := tx.Aliasing(bob)
		return [4]int{of.Count, of.Bytes, all.Count, all.Bytes}
	}
	b.do(func(tx *store.Tx) error {
		b.equal("none", sums(tx), [4]int{})
		for box, alias := range map[mail.Address]string{bob: "A/B/C", ann: "A/B/DD"} {
			if _, err := tx.AddAlias(box, mail.MustAddress(alias)); err != nil {
				return err
			}
		}
		b.equal("added", sums(tx), [4]int{1, len("CSI:a/b/c"), 2, len("CSI:a/b/cCSI:a/b/dd")})
		return nil
	})
	b.do(func(tx *store.Tx) error {
		if _, err := tx.RemoveAlias(bob, mail.MustAddress("A/B/C")); err != nil {
			return err
		}
		if _, err := tx.AddAlias(bob, mail.MustAddress("A/B/EEE")); err != nil {
			return err
		}
		b.equal("one for another", sums(tx), [4]int{1, len("CSI:a/b/eee"), 2, len("CSI:a/b/eeeCSI:a/b/dd")})
		return nil
	})
	b.do(func(tx *store.Tx) error {
		b.equal("later", sums(tx), [4]int{1, len("CSI:a/b/eee"), 2, len("CSI:a/b/eeeCSI:a/b/dd")})
		of, _ := tx.Aliasing(mail.MustAddress("no@where"))
		b.equal("of nobody", of, store.Aliasing{})
		return nil
	})
	b.clean()
}
