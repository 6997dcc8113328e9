package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

func badMail(t *testing.T, b *bench) {
	var ids []string
	for i := range 3 {
		m, d := Message(t, b.Store, fmt.Sprint(i), ann)
		b.do(func(tx *store.Tx) error {
			if err := tx.Keep(m, d); err != nil {
				return err
			}
			id, err := tx.AddBad(store.Bad{Message: m, Recipients: m.To, Reason: "NO_SUCH_MAILBOX", Explanation: "There is none.", ReportID: "r"})
			ids = append(ids, id)
			return err
		})
	}
	b.equal("oldest first", slices.IsSorted(ids), true)
	b.do(func(tx *store.Tx) error { return tx.MarkRetried(ids[1], "again") })
	for range 2 {
		all, err := b.BadMail("", 10)
		b.equal("all, but what was tried again counts no more", []any{len(all), b.BadCount(), err}, []any{3, 2, error(nil)})
		page, err := b.BadMail(ids[0], 1)
		b.equal("a page", []any{page[0], err}, []any{all[1], error(nil)})
		one, err := b.Bad(ids[1])
		b.equal("one", []any{one, err}, []any{all[1], error(nil)})
		b.equal("its fields", []any{one.Reason, one.Explanation, one.ReportID, one.RetriedAs, one.Recipients, one.Message.Subject},
			[]any{"NO_SUCH_MAILBOX", "There is none.", mail.ID("r"), mail.ID("again"), []mail.Address{ann}, "subject"})
		b.reopen()
	}
	b.do(func(tx *store.Tx) error { return tx.MarkRetried(ids[1], "once more") })
	b.do(func(tx *store.Tx) error { return tx.DropBad(ids[2]) })
	b.equal("one is open", b.BadCount(), 1)
	b.do(func(tx *store.Tx) error { return tx.DropBad(ids[1]) })
	b.equal("still", b.BadCount(), 1)
	err := b.Commit(soon(t), func(tx *store.Tx) error { return tx.DropBad(ids[2]) })
	b.equal("dropped twice", errors.Is(err, store.ErrNotFound), true)
	b.reopen()
	m, d := Message(t, b.Store, "new", ann)
	b.do(func(tx *store.Tx) error {
		if err := tx.Keep(m, d); err != nil {
			return err
		}
		id, err := tx.AddBad(store.Bad{Message: m})
		b.equal("an ID is never used again", slices.Contains(ids, id), false)
		return err
	})
	b.clean()
}

func requests(t *testing.T, b *bench) {
	once := func(caller, id string, digest byte, as mail.ID) (first mail.ID, err error) {
		err = b.Commit(soon(t), func(tx *store.Tx) error {
			first, err = tx.Once(store.Request{Caller: caller, ID: id, Digest: [32]byte{digest}}, as)
			return err
		})
		return first, err
	}
	for _, c := range []struct {
		name, caller, id string
		digest           byte
		as, want         mail.ID
		err              error
	}{
		{"the first", "ann", "1", 1, "m1", "", nil},
		{"the same again", "ann", "1", 1, "m2", "m1", nil},
		{"other content", "ann", "1", 2, "m3", "", store.ErrConflict},
		{"another caller", "bob", "1", 2, "m4", "", nil},
		{"another request", "ann", "2", 2, "m5", "", nil},
	} {
		got, err := once(c.caller, c.id, c.digest, c.as)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v; want %q, %v", c.name, got, err, c.want, c.err)
		}
	}
	b.reopen()
	got, err := once("ann", "1", 1, "m9")
	b.equal("after a restart", []any{got, err}, []any{mail.ID("m1"), error(nil)})
}

func traces(t *testing.T, b *bench) {
	id := b.NewID()
	at := time.Date(1996, 2, 29, 12, 0, 0, 0, time.UTC)
	other := store.Trace{MessageID: id, Recipient: bob, End: "macside", Store: "s", Time: at, Event: "delivered", Detail: "d"}
	b.do(func(tx *store.Tx) error {
		tx.AddTrace(store.Trace{MessageID: id, Event: "submitted"})
		tx.AddTrace(store.Trace{MessageID: id, Event: "queued"})
		return nil
	})
	b.reopen()
	b.do(func(tx *store.Tx) error {
		tx.AddTrace(other)
		return nil
	})
	steps, err := b.Trace(id)
	if err != nil || len(steps) != 3 {
		t.Fatalf("%d steps, %v", len(steps), err)
	}
	b.equal("order", []string{steps[0].Event, steps[1].Event, steps[2].Event}, []string{"submitted", "queued", "delivered"})
	b.equal("filled in", []any{steps[0].Store, steps[0].Time.IsZero()}, []any{b.ID(), false})
	b.equal("as it came", steps[2], other)
}

func records(t *testing.T, b *bench) {
	b.do(func(tx *store.Tx) error {
		tx.Put("table", "b", []byte("2"))
		tx.Put("table", "a", []byte("1"))
		tx.Put("table", "c", []byte{})
		tx.Put("table2", "d", []byte("4"))
		got, err := tx.Get("table", "a")
		b.equal("within the commit", []any{string(got), err}, []any{"1", error(nil)})
		return nil
	})
	b.do(func(tx *store.Tx) error { tx.Put("table", "b", nil); return nil })
	b.reopen()
	var all []string
	if err := b.Records("table", func(key string, value []byte) bool {
		all = append(all, key+"="+string(value))
		return true
	}); err != nil {
		t.Fatal(err)
	}
	b.equal("all", all, []string{"a=1", "c="})
	value, err := b.Record("table", "a")
	b.equal("one", []any{string(value), err}, []any{"1", error(nil)})
	_, err = b.Record("table", "b")
	b.equal("one that was removed", errors.Is(err, store.ErrNotFound), true)
}

func commitNothing(t *testing.T, b *bench) {
	wrong := errors.New("wrong")
	m, d := Message(t, b.Store, "x", ann)
	err := b.Commit(soon(t), func(tx *store.Tx) error {
		if err := tx.Keep(m, d); err != nil {
			return err
		}
		if _, err := tx.Enqueue(peerLane, store.Entry{MessageID: m.ID, Recipients: m.To}); err != nil {
			return err
		}
		if _, err := tx.AddMailbox(ann, nil); err != nil {
			return err
		}
		tx.Put("t", "k", []byte("v"))
		return wrong
	})
	b.equal("error", err, wrong)
	b.equal("lane", b.Lane(peerLane), store.LaneInfo{Lane: peerLane})
	b.equal("mailboxes", b.MailboxCount(), 0)
	b.enqueue(peerLane, "y", ann)
	b.equal("number", b.Lane(peerLane).Assigned, uint64(1))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b.equal("context", b.Commit(ctx, func(*store.Tx) error { return nil }), context.Canceled)
	b.clean()
}

// commitAtOnce shows that numbers become visible without gaps, however many commit at once.
func commitAtOnce(t *testing.T, b *bench) {
	const writers, each = 8, 25
	done := make(chan error)
	for range writers {
		go func() {
			for range each {
				m, d := Message(t, b.Store, "x", ann)
				if err := b.Commit(context.Background(), func(tx *store.Tx) error {
					if err := tx.Keep(m, d); err != nil {
						return err
					}
					_, err := tx.Enqueue(peerLane, store.Entry{MessageID: m.ID, Recipients: m.To})
					return err
				}); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	var after uint64
	for after < writers*each {
		if err := b.WaitLane(soon(t), peerLane, after); err != nil {
			t.Fatal(err)
		}
		for _, e := range b.entries(peerLane, after) {
			if e.Seq != after+1 {
				t.Fatalf("number %d follows %d", e.Seq, after)
			}
			after = e.Seq
		}
		b.do(func(tx *store.Tx) error { _, err := tx.Release(peerLane, after, nil); return err })
	}
	for range writers {
		b.equal("writer", <-done, error(nil))
	}
	b.reopen()
	b.equal("depth", b.Lane(peerLane).Depth, 0)
}

func sweep(t *testing.T, b *bench) {
	now, ran := time.Now(), time.Duration(0)
	if err := b.Store.Close(); err != nil {
		t.Fatal(err)
	}
	b.o.Now, b.o.Elapsed = func() time.Time { return now }, func() time.Duration { return ran }
	b.open()
	day := func(n int) { // most of it passes while the store is open, and then it is opened again
		ran += time.Duration(n) * 24 * time.Hour
		now = now.Add(time.Duration(n) * 24 * time.Hour)
		if err := b.Prove(soon(t)); err != nil {
			t.Fatal(err)
		}
		ran = 0
		b.reopen()
	}
	id := b.deliver(ann, "x")
	kept := b.deliver(ann, "kept")
	m, _ := b.Message(id)
	request := store.Request{Caller: "ann", ID: "r"}
	b.do(func(tx *store.Tx) error {
		tx.AddTrace(store.Trace{MessageID: id, Event: "submitted"})
		tx.AddTrace(store.Trace{MessageID: kept, Event: "submitted"})
		tx.AddTrace(store.Trace{MessageID: "no-uuid", Event: "submitted"})
		_, err := tx.Once(request, id)
		return err
	})
	day(1)
	b.do(func(tx *store.Tx) error { _, err := tx.Delete(ann, id); return err })
	run := func() int {
		t.Helper()
		n, err := b.Sweep(soon(t), 100)
		if err != nil {
			t.Fatal(err)
		}
		b.clean()
		return n
	}
	day(5)
	b.equal("too early", run(), 0)
	day(3) // the request and the traces are 9 days old, the deletion is 8
	b.equal("request, traces and deletion", run()+run(), 4)
	b.equal("once more", run(), 0)
	steps, err := b.Trace(kept)
	b.equal("trace of what is kept", []any{len(steps), err}, []any{1, error(nil)})
	b.do(func(tx *store.Tx) error {
		if err := tx.Keep(m, contentOf("x")); err != nil {
			return err
		}
		delivered, err := tx.Deliver(ann, id)
		b.equal("delivered again", delivered, true)
		if err != nil {
			return err
		}
		first, err := tx.Once(request, "other")
		b.equal("asked again", first, mail.ID(""))
		return err
	})
	b.reopen()
}

func space(t *testing.T, b *bench) {
	e, isMemory := b.place.(interface{ SetUsage(store.Usage) })
	if !isMemory {
		u, err := b.Usage()
		if err != nil || u.Free == 0 || u.Total == 0 {
			t.Fatalf("usage: %+v, %v", u, err)
		}
		return
	}
	class, _ := b.Class()
	b.equal("class", class, store.ClassOK)
	e.SetUsage(store.Usage{Free: 10 << 20, Total: math.MaxInt64})
	if err := b.Store.Close(); err != nil {
		t.Fatal(err)
	}
	b.open()
	class, why := b.Class()
	b.equal("class on a full disk", []any{class, why != ""}, []any{store.ClassRefusing, true})
	err := b.Commit(soon(t), func(tx *store.Tx) error { tx.Put("t", "k", []byte{}); return nil })
	b.equal("something new", errors.Is(err, store.ErrFull), true)
	err = b.CommitCustody(soon(t), func(tx *store.Tx) error { tx.Put("t", "k", []byte{}); return nil })
	b.equal("custody", err, error(nil))
	b.equal("large content", errors.Is(writeLarge(b.NewDraft(1<<20)), store.ErrFull), true)
}

func writeLarge(d *store.Draft) error {
	_, err := d.Write(make([]byte, 1<<20))
	return err
}

// wear shows that what a commit has cost is told as soon as it has returned, however short ago it was asked before.
func wear(t *testing.T, b *bench) {
	const bytes = 100_000 // more than is kept inline
	last := b.Wear()
	cost := func(what string, written, flushes uint64) {
		t.Helper()
		now := b.Wear()
		if now.Written-last.Written < written || now.Flushes-last.Flushes < flushes {
			t.Fatalf("%s: %+v after %+v", what, now, last)
		}
		last = now
	}
	for range 3 {
		value := make([]byte, bytes)
		b.do(func(tx *store.Tx) error { tx.Put("t", "k", value); return nil })
		cost("a commit", bytes, 1)
	}
	d := b.NewDraft(bytes)
	if _, err := d.Write(make([]byte, bytes)); err != nil {
		t.Fatal(err)
	}
	cost("content in a file", bytes, 0)
	if err := d.Seal(); err != nil {
		t.Fatal(err)
	}
	cost("the file is flushed, and its name", 0, 2)
	d.Discard()
}

func identity(t *testing.T, b *bench) {
	id, epoch := b.ID(), b.Epoch()
	if len(id) != 36 || epoch != 1 {
		t.Fatalf("store %q, epoch %d", id, epoch)
	}
	before := b.LastDurable()
	if err := b.Prove(soon(t)); err != nil || b.LastDurable().Before(before) {
		t.Fatalf("proof: %v", err)
	}
	b.reopen()
	b.equal("after a restart", []any{b.ID(), b.Epoch()}, []any{id, epoch + 1})
}
