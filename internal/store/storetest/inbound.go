package storetest

import (
	"errors"
	"testing"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

const peer mail.StoreID = "0190a8e4-0000-7000-8000-00000000000b"

func (b *bench) session(epoch uint64) store.Session {
	b.t.Helper()
	s, err := b.OpenSession(soon(b.t), peer, epoch)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (b *bench) take(s store.Session, seqs ...uint64) (taken []bool) {
	b.t.Helper()
	b.do(func(tx *store.Tx) error {
		for _, seq := range seqs {
			ok, err := tx.Take(s, seq)
			if err != nil {
				return err
			}
			taken = append(taken, ok)
		}
		return nil
	})
	return taken
}

func inboundAccount(t *testing.T, b *bench) {
	b.equal("a stranger", b.Inbound(peer), store.Inbound{Sender: peer})
	s := b.session(1)
	for _, c := range []struct {
		seq     uint64
		want    bool
		through uint64
		beyond  []store.Range
	}{
		{1, true, 1, nil}, {1, false, 1, nil}, {2, true, 2, nil},
		{5, true, 2, []store.Range{{First: 5, Last: 5}}}, {5, false, 2, []store.Range{{First: 5, Last: 5}}},
		{7, true, 2, []store.Range{{First: 5, Last: 5}, {First: 7, Last: 7}}},
		{6, true, 2, []store.Range{{First: 5, Last: 7}}},
		{4, true, 2, []store.Range{{First: 4, Last: 7}}},
		{8, true, 2, []store.Range{{First: 4, Last: 8}}},
		{3, true, 8, nil},
	} {
		got := b.take(s, c.seq)[0]
		in := b.Inbound(peer)
		b.equal("account", []any{got, in.Through, in.Beyond}, []any{c.want, c.through, c.beyond})
	}
	b.equal("several in one commit", b.take(s, 9, 10, 9, 12), []bool{true, true, false, true})
	want := b.Inbound(peer)
	b.equal("taken at", want.LastTaken.IsZero(), false)
	b.reopen()
	want.LastTaken = time.Time{}
	b.equal("after a restart", b.Inbound(peer), want)
	if _, err := takeOne(b, b.session(2), 0); err == nil {
		t.Fatal("number 0 was taken")
	}
}

func takeOne(b *bench, s store.Session, seq uint64) (ok bool, err error) {
	err = b.Commit(soon(b.t), func(tx *store.Tx) error {
		var err error
		ok, err = tx.Take(s, seq)
		return err
	})
	return ok, err
}

func inboundExceptions(t *testing.T, b *bench) {
	s := b.session(1)
	later := mail.Exception{Recipients: []mail.Address{ann, bob}, Kind: mail.Deferred, Reason: "busy", RetryAfter: time.Minute}
	elsewhere := mail.Exception{Recipients: []mail.Address{bob}, Kind: mail.NotServed, Reason: "not here"}
	b.do(func(tx *store.Tx) error {
		if err := tx.Except(s, 1, later); err != nil {
			return err
		}
		return tx.Except(s, 1, elsewhere) // what is said last of bob holds
	})
	b.take(s, 2)
	first := later
	first.Recipients = []mail.Address{ann}
	for range 2 {
		in := b.Inbound(peer)
		b.equal("open", in.Exceptions, []store.OpenException{{Seq: 1, Exception: first}, {Seq: 1, Exception: elsewhere}})
		b.equal("the mark stays", []any{in.Through, in.Beyond}, []any{uint64(0), []store.Range{{First: 2, Last: 2}}})
		b.reopen()
	}
	s = b.session(2)
	b.equal("a number with exceptions is not taken", b.take(s, 1), []bool{false})
	b.do(func(tx *store.Tx) error { return tx.TakeVoid(s, 1) })
	in := b.Inbound(peer)
	b.equal("after the void", []any{in.Through, in.Beyond, in.Exceptions}, []any{uint64(2), []store.Range(nil), []store.OpenException(nil)})
	b.do(func(tx *store.Tx) error {
		if err := tx.TakeVoid(s, 1); err != nil {
			return err
		}
		return tx.Except(s, 2, later) // too late
	})
	b.equal("nothing changed", b.Inbound(peer).Exceptions, in.Exceptions)
}

func inboundBounds(t *testing.T, b *bench) {
	s := b.session(1)
	e := mail.Exception{Recipients: []mail.Address{ann}, Kind: mail.Deferred}
	b.do(func(tx *store.Tx) error {
		for seq := uint64(1); seq <= store.MaxOpenExceptions; seq++ {
			if err := tx.Except(s, seq, e); err != nil {
				return err
			}
		}
		return nil
	})
	err := b.Commit(soon(t), func(tx *store.Tx) error { return tx.Except(s, store.MaxOpenExceptions+1, e) })
	b.equal("one more exception", errors.Is(err, store.ErrExceptions), true)
	b.do(func(tx *store.Tx) error { return tx.Except(s, 1, e) })
	err = b.Commit(soon(t), func(tx *store.Tx) error {
		for seq := uint64(10_000); ; seq += 2 {
			if _, err := tx.Take(s, seq); err != nil {
				return err
			}
		}
	})
	b.equal("numbers full of gaps", errors.Is(err, store.ErrExceptions), true)
	b.reopen()
	b.equal("still open", len(b.Inbound(peer).Exceptions), store.MaxOpenExceptions)
}

func inboundFence(t *testing.T, b *bench) {
	old := b.session(3)
	s := b.session(3)
	if s.N <= old.N {
		t.Fatalf("session %d after %d", s.N, old.N)
	}
	fenced := func(name string, s store.Session) {
		t.Helper()
		for _, change := range []func(*store.Tx) error{
			func(tx *store.Tx) error { _, err := tx.Take(s, 1); return err },
			func(tx *store.Tx) error { return tx.TakeVoid(s, 1) },
			func(tx *store.Tx) error {
				return tx.Except(s, 1, mail.Exception{Recipients: []mail.Address{ann}, Kind: mail.Deferred})
			},
			func(tx *store.Tx) error { return tx.Fence(s) },
		} {
			if err := b.Commit(soon(t), change); !errors.Is(err, store.ErrFenced) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	fenced("an older session", old)
	fenced("no session at all", store.Session{})
	fenced("a stranger", store.Session{Peer: "x", Epoch: 1, N: 1})
	if _, err := b.OpenSession(soon(t), peer, 2); !errors.Is(err, store.ErrFenced) {
		t.Fatalf("an older epoch: %v", err)
	}
	b.equal("the current one", b.take(s, 1), []bool{true})
	b.reopen()
	fenced("the session before the restart", s)
	if _, err := b.OpenSession(soon(t), peer, 2); !errors.Is(err, store.ErrFenced) {
		t.Fatalf("an older epoch after a restart: %v", err)
	}
	b.session(3)
	b.equal("what was taken", b.Inbound(peer).Through, uint64(1))
}
