package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

const peerLane store.Lane = "0190a8e4-0000-7000-8000-00000000000a"

func bodies(t testing.TB, b *bench, es []store.Entry) []string {
	var texts []string
	for _, e := range es {
		if e.Void {
			texts = append(texts, "void")
			continue
		}
		c, err := b.Content(e.MessageID)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, ReadAll(t, c))
	}
	return texts
}

func laneNumbers(t *testing.T, b *bench) {
	b.equal("a lane never used", b.Lane(peerLane), store.LaneInfo{Lane: peerLane})
	for _, body := range []string{"one", "two", "three"} {
		b.enqueue(peerLane, body, ann, bob)
	}
	for range 2 {
		es := b.entries(peerLane, 0)
		b.equal("bodies", bodies(t, b, es), []string{"one", "two", "three"})
		b.equal("numbers", []uint64{es[0].Seq, es[1].Seq, es[2].Seq}, []uint64{1, 2, 3})
		b.equal("recipients", es[0].Recipients, []mail.Address{ann, bob})
		b.equal("bytes and sender", []any{es[2].Bytes, es[2].Sender.String()}, []any{int64(5), "net/po/sender"})
		info := b.Lane(peerLane)
		info.Oldest = time.Time{}
		b.equal("lane", info, store.LaneInfo{Lane: peerLane, Depth: 3, Bytes: 11, Assigned: 3, Durable: 3})
		b.equal("lanes", len(b.Lanes()), 1)
		of, err := b.EntriesOf(es[1].MessageID)
		b.equal("entries of a message", []any{of, err}, []any{es[1:2], error(nil)})
		page, err := b.Entries(peerLane, 1, 1)
		b.equal("a page", []any{page, err}, []any{es[1:2], error(nil)})
		b.reopen()
	}
}

func laneRelease(t *testing.T, b *bench) {
	var ids []mail.ID
	for _, body := range []string{"1", "2", "3", "4", "5", "6"} {
		ids = append(ids, b.enqueue(peerLane, body, ann))
	}
	release := func(through uint64, beyond ...store.Range) (went []uint64) {
		b.do(func(tx *store.Tx) error {
			es, err := tx.Release(peerLane, through, beyond)
			for _, e := range es {
				went = append(went, e.Seq)
			}
			return err
		})
		return went
	}
	b.equal("the first", release(1), []uint64{1})
	b.equal("again", release(1), []uint64(nil))
	b.equal("with a gap", release(2, store.Range{First: 4, Last: 5}), []uint64{2, 4, 5})
	if _, err := b.Message(ids[4]); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("a released message is still kept: %v", err)
	}
	for range 2 {
		b.equal("left", bodies(t, b, b.entries(peerLane, 0)), []string{"3", "6"})
		info := b.Lane(peerLane)
		b.equal("marks", []uint64{info.Assigned, info.Released, uint64(info.Depth), uint64(info.Bytes)}, []uint64{6, 2, 2, 2})
		b.reopen()
	}
	b.equal("the rest", release(5, store.Range{First: 6, Last: 6}), []uint64{3, 6})
	b.reopen()
	b.equal("released at the end", b.Lane(peerLane).Released, uint64(6))
	b.enqueue(peerLane, "7", ann)
	b.equal("the next number", b.entries(peerLane, 0)[0].Seq, uint64(7))
	err := b.Commit(soon(t), func(tx *store.Tx) error {
		_, err := tx.Release(peerLane, 8, nil)
		return err
	})
	if err == nil {
		t.Fatal("a number never assigned was released")
	}
	b.clean()
}

func laneMove(t *testing.T, b *bench) {
	id := b.enqueue(peerLane, "for three", ann, bob, cal)
	queued := b.entries(peerLane, 0)[0].Queued
	due := b.Now().Add(time.Hour).UTC()
	b.do(func(tx *store.Tx) error { // two moves out of one entry in one commit
		_, err := tx.Move(peerLane, 1, []mail.Address{bob}, store.LaneDeferred, store.Entry{Due: due, Attempts: 2, Reason: "busy"})
		if err == nil {
			_, err = tx.Move(peerLane, 1, []mail.Address{cal}, "other", store.Entry{})
		}
		return err
	})
	for range 2 {
		b.equal("who stays", b.entries(peerLane, 0)[0].Recipients, []mail.Address{ann})
		deferred := b.entries(store.LaneDeferred, 0)[0]
		b.equal("who waits", deferred, store.Entry{
			Lane: store.LaneDeferred, Seq: 1, MessageID: id, Recipients: []mail.Address{bob}, Queued: queued, Attempts: 2, Due: due,
			From: peerLane, Reason: "busy", Bytes: 9, Sender: deferred.Sender,
		})
		b.equal("who goes elsewhere", b.entries("other", 0)[0].Recipients, []mail.Address{cal})
		of, _ := b.EntriesOf(id)
		b.equal("places", len(of), 3)
		b.reopen()
	}
	b.do(func(tx *store.Tx) error {
		seq, err := tx.Move(store.LaneDeferred, 1, []mail.Address{bob}, store.LaneHeld, store.Entry{Reason: "held"})
		b.equal("number", seq, uint64(1))
		return err
	})
	b.equal("where it came from first", b.entries(store.LaneHeld, 0)[0].From, peerLane)
	for name, move := range map[string]func(*store.Tx) error{
		"a stranger":  func(tx *store.Tx) error { return tx.Remove(peerLane, 1, []mail.Address{bob}) },
		"nobody":      func(tx *store.Tx) error { return tx.Remove(peerLane, 1, nil) },
		"no entry":    func(tx *store.Tx) error { return tx.Remove(peerLane, 9, []mail.Address{ann}) },
		"gone before": func(tx *store.Tx) error { return tx.Remove(store.LaneDeferred, 1, []mail.Address{bob}) },
	} {
		if err := b.Commit(soon(t), move); err == nil {
			t.Errorf("%s was taken out of an entry", name)
		}
	}
	b.clean()
}

func laneVoid(t *testing.T, b *bench) {
	id := b.enqueue(peerLane, "one", ann, bob)
	b.enqueue(peerLane, "two", ann)
	b.do(func(tx *store.Tx) error {
		if _, err := tx.Move(peerLane, 1, []mail.Address{ann}, "other", store.Entry{}); err != nil {
			return err
		}
		return tx.Remove(peerLane, 1, []mail.Address{bob})
	})
	for range 2 {
		b.equal("entries", bodies(t, b, b.entries(peerLane, 0)), []string{"void", "two"})
		b.equal("depth", b.Lane(peerLane).Depth, 1)
		of, _ := b.EntriesOf(id)
		b.equal("where it is now", []any{len(of), of[0].Lane, of[0].Seq}, []any{1, store.Lane("other"), uint64(1)})
		b.reopen()
	}
	b.do(func(tx *store.Tx) error {
		went, err := tx.Release(peerLane, 1, nil)
		b.equal("a void is not among what went", went, []store.Entry(nil))
		return err
	})
	b.do(func(tx *store.Tx) error { return tx.Remove("other", 1, []mail.Address{ann}) })
	if _, err := b.Message(id); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("a message without a place is still kept: %v", err)
	}
	b.clean()
}

func laneRoom(t *testing.T, b *bench) {
	for _, body := range []string{"1", "2", "3"} {
		b.enqueue(store.LaneUnrouted, body, ann)
	}
	out := func(seq uint64) {
		b.do(func(tx *store.Tx) error {
			_, err := tx.Move(store.LaneUnrouted, seq, []mail.Address{ann}, peerLane, store.Entry{})
			return err
		})
	}
	out(2)
	b.equal("no void is left behind", bodies(t, b, b.entries(store.LaneUnrouted, 0)), []string{"1", "3"})
	b.equal("lower bound", b.Lane(store.LaneUnrouted).Released, uint64(0))
	out(1)
	b.equal("lower bound", b.Lane(store.LaneUnrouted).Released, uint64(2))
	out(3)
	b.reopen()
	b.equal("lower bound", b.Lane(store.LaneUnrouted).Released, uint64(3))
	b.equal("order of arrival", bodies(t, b, b.entries(peerLane, 0)), []string{"2", "1", "3"})
	b.do(func(tx *store.Tx) error { // into a room and out again within one commit
		m, d := Message(t, b.Store, "4", ann)
		if err := tx.Keep(m, d); err != nil {
			return err
		}
		seq, err := tx.Enqueue(store.LaneUnrouted, store.Entry{MessageID: m.ID, Recipients: m.To})
		if err != nil {
			return err
		}
		return tx.Remove(store.LaneUnrouted, seq, m.To)
	})
	b.equal("lower bound", b.Lane(store.LaneUnrouted).Released, uint64(4))
	b.enqueue(store.LaneUnrouted, "5", ann)
	next, d := Message(t, b.Store, "6", ann)
	b.do(func(tx *store.Tx) error { // the last one leaves while another one comes
		if err := tx.Keep(next, d); err != nil {
			return err
		}
		if _, err := tx.Enqueue(store.LaneUnrouted, store.Entry{MessageID: next.ID, Recipients: next.To}); err != nil {
			return err
		}
		return tx.Remove(store.LaneUnrouted, 5, next.To)
	})
	b.equal("what came is there", bodies(t, b, b.entries(store.LaneUnrouted, 0)), []string{"6"})
	b.equal("lower bound", b.Lane(store.LaneUnrouted).Released, uint64(5))
	b.clean()
}

func laneOldest(t *testing.T, b *bench) {
	start := time.Date(1995, 8, 24, 0, 0, 0, 0, time.UTC)
	put := func(hours int) {
		m, d := Message(t, b.Store, "x", ann)
		b.do(func(tx *store.Tx) error {
			if err := tx.Keep(m, d); err != nil {
				return err
			}
			_, err := tx.Enqueue(peerLane, store.Entry{MessageID: m.ID, Recipients: m.To, Queued: start.Add(time.Duration(hours) * time.Hour)})
			return err
		})
	}
	oldest := func(want int) {
		t.Helper()
		b.equal("oldest", b.Lane(peerLane).Oldest, start.Add(time.Duration(want)*time.Hour))
	}
	for _, hours := range []int{5, 6, 2, 7} { // the third one was moved here
		put(hours)
	}
	oldest(2)
	b.reopen()
	oldest(2)
	b.do(func(tx *store.Tx) error { return tx.Remove(peerLane, 3, []mail.Address{ann}) })
	oldest(5)
	b.do(func(tx *store.Tx) error { _, err := tx.Release(peerLane, 1, nil); return err })
	oldest(6)
	b.do(func(tx *store.Tx) error { _, err := tx.Release(peerLane, 4, nil); return err })
	b.equal("an empty lane", b.Lane(peerLane).Oldest, time.Time{})
}

func laneWait(t *testing.T, b *bench) {
	ctx, cancel := context.WithCancel(context.Background())
	got := make(chan error)
	go func() { got <- b.WaitLane(ctx, peerLane, 0) }()
	b.enqueue(peerLane, "one", ann)
	b.equal("after an entry", <-got, error(nil))
	go func() { got <- b.WaitLane(ctx, peerLane, 1) }()
	cancel()
	b.equal("after the end of the context", <-got, context.Canceled)
	go func() { got <- b.WaitLane(context.Background(), peerLane, 1) }()
	if err := b.Store.Close(); err != nil {
		t.Fatal(err)
	}
	b.equal("after close", <-got, store.ErrClosed)
	b.equal("a commit after close", b.Commit(context.Background(), func(*store.Tx) error { return nil }), store.ErrClosed)
}
