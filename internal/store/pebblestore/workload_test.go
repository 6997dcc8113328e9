package pebblestore_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
)

var ann = mail.MustAddress("NET/PO/ann")

// options make an engine that goes through all its motions within a small workload.
func options(fs vfs.FS) pebblestore.Options {
	return pebblestore.Options{FS: fs, BallastBytes: -1, MemTableBytes: 96 << 10, CacheBytes: 1 << 20}
}

// content is the content of message seq of a lane: every fourth is too large to be kept inline.
func content(lane store.Lane, seq uint64) []byte {
	size := int(seq*7919) % 12_000
	if seq%4 == 0 {
		size += 70_000
	}
	return bytes.Repeat(fmt.Appendf(nil, "%s %d.", lane, seq), size/len(lane)+1)
}

// ledger is what one worker has asked for, and what it was told has happened.
type ledger struct {
	asked, told struct{ enqueued, released, taken, voided uint64 }
}

// worker fills a lane, moves things out of it, lets them go, and takes things from a peer of its own.
type worker struct {
	lane store.Lane
	box  mail.Address
	mu   *sync.Mutex // guards book
	book ledger
}

func newWorkers(n int, mu *sync.Mutex) []*worker {
	var ws []*worker
	for i := range n {
		ws = append(ws, &worker{lane: store.Lane(fmt.Sprintf("lane%d", i)), box: mail.MustAddress(fmt.Sprintf("NET/PO/user%d", i)), mu: mu})
	}
	return ws
}

func (w *worker) note(fn func(*ledger)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fn(&w.book)
}

// run does n rounds, until the first error.
func (w *worker) run(ctx context.Context, s *store.Store, n uint64) error {
	session, err := s.OpenSession(ctx, mail.StoreID(w.lane), s.Epoch())
	if err != nil {
		return err
	}
	for i := uint64(1); i <= n; i++ {
		if err := w.enqueue(ctx, s, i); err != nil {
			return err
		}
		if err := w.take(ctx, s, session, i); err != nil {
			return err
		}
		if i%3 == 0 {
			if err := w.void(ctx, s, i); err != nil {
				return err
			}
		}
		if i%5 == 0 {
			if err := w.release(ctx, s, i-2); err != nil {
				return err
			}
		}
	}
	return nil
}

// keep keeps message seq of a lane as a message of its own.
func keep(tx *store.Tx, d *store.Draft, lane store.Lane, seq uint64) (mail.ID, error) {
	id := mail.ID(fmt.Sprintf("%s/%d", lane, seq))
	return id, tx.Keep(&mail.Message{ID: id, Size: d.Size(), BodySize: d.Size(), SHA256: d.SHA256()}, d)
}

func draft(s *store.Store, b []byte) (*store.Draft, error) {
	d := s.NewDraft(int64(len(b)))
	if _, err := d.Write(b); err != nil {
		return nil, err
	}
	return d, d.Seal()
}

func (w *worker) enqueue(ctx context.Context, s *store.Store, seq uint64) error {
	d, err := draft(s, content(w.lane, seq))
	if err != nil {
		return err
	}
	w.note(func(b *ledger) { b.asked.enqueued = seq })
	err = s.Commit(ctx, func(tx *store.Tx) error {
		id, err := keep(tx, d, w.lane, seq)
		if err != nil {
			return err
		}
		tx.AddTrace(store.Trace{MessageID: id, Event: "queued"})
		_, err = tx.Enqueue(w.lane, store.Entry{MessageID: id, Recipients: []mail.Address{ann}})
		return err
	})
	if err == nil {
		w.note(func(b *ledger) { b.told.enqueued = seq })
	}
	return err
}

// take delivers what came from a peer, together with the peer's account.
func (w *worker) take(ctx context.Context, s *store.Store, session store.Session, seq uint64) error {
	from := "from-" + w.lane
	d, err := draft(s, content(from, seq))
	if err != nil {
		return err
	}
	w.note(func(b *ledger) { b.asked.taken = seq })
	err = s.Commit(ctx, func(tx *store.Tx) error {
		if _, err := tx.Take(session, seq); err != nil {
			return err
		}
		if _, err := tx.AddMailbox(w.box, nil); err != nil {
			return err
		}
		id, err := keep(tx, d, from, seq)
		if err != nil {
			return err
		}
		_, err = tx.Deliver(w.box, id)
		return err
	})
	if err == nil {
		w.note(func(b *ledger) { b.told.taken = seq })
	}
	return err
}

// void moves a message away.
func (w *worker) void(ctx context.Context, s *store.Store, seq uint64) error {
	w.note(func(b *ledger) { b.asked.voided = seq })
	err := s.Commit(ctx, func(tx *store.Tx) error {
		_, err := tx.Move(w.lane, seq, []mail.Address{ann}, store.LaneHeld, store.Entry{})
		return err
	})
	if err == nil {
		w.note(func(b *ledger) { b.told.voided = seq })
	}
	return err
}

func (w *worker) release(ctx context.Context, s *store.Store, through uint64) error {
	w.note(func(b *ledger) { b.asked.released = through })
	err := s.CommitCustody(ctx, func(tx *store.Tx) error {
		_, err := tx.Release(w.lane, through, nil)
		return err
	})
	if err == nil {
		w.note(func(b *ledger) { b.told.released = through })
	}
	return err
}

// within checks that what was found lies between what was told and what was asked for.
func within(what string, found, told, asked uint64) error {
	if found < told || found > asked {
		return fmt.Errorf("%s: found %d, told %d, asked %d", what, found, told, asked)
	}
	return nil
}

// check compares a recovered store with a worker's book: everything that was told is whole, everything asked for is
// whole or not there at all.
func (w *worker) check(s *store.Store, b ledger) error {
	lane, in := s.Lane(w.lane), s.Inbound(mail.StoreID(w.lane))
	errs := []error{
		within("enqueued", lane.Assigned, b.told.enqueued, b.asked.enqueued),
		within("released", lane.Released, b.told.released, b.asked.released),
		within("taken", in.Through, b.told.taken, b.asked.taken),
	}
	entries, err := s.Entries(w.lane, 0, 10_000)
	errs = append(errs, err)
	next := lane.Released
	for _, e := range entries {
		if next++; e.Seq != next {
			errs = append(errs, fmt.Errorf("number %d instead of %d", e.Seq, next))
		}
		void := e.Seq%3 == 0 && e.Seq <= b.told.voided
		maybe := e.Seq%3 == 0 && e.Seq <= b.asked.voided
		if e.Void != void && !maybe {
			errs = append(errs, fmt.Errorf("number %d: void %v", e.Seq, e.Void))
		}
		if !e.Void {
			errs = append(errs, whole(s, e.MessageID, content(w.lane, e.Seq)))
		}
	}
	box, err := s.MailboxEntries(w.box, 0, 10_000)
	if err != nil && !(errors.Is(err, store.ErrNotFound) && in.Through == 0) {
		errs = append(errs, err)
	}
	if uint64(len(box)) != in.Through {
		errs = append(errs, fmt.Errorf("%d messages in the mailbox, but the account says %d", len(box), in.Through))
	}
	for i, e := range box {
		errs = append(errs, whole(s, e.Message.ID, content("from-"+w.lane, uint64(i+1))))
	}
	return errors.Join(errs...)
}

func whole(s *store.Store, id mail.ID, want []byte) error {
	c, err := s.Content(id)
	if err != nil {
		return err
	}
	r, err := c.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err == nil && sha256.Sum256(got) != sha256.Sum256(want) {
		err = fmt.Errorf("content of %s differs", id)
	}
	return err
}

// recovered opens the store on a file system and checks all books against it.
func recovered(fs vfs.FS, ws []*worker, books []ledger) (err error) {
	e, err := pebblestore.Open("data", options(fs))
	if err != nil {
		return err
	}
	s, err := store.Open(e, store.Options{})
	if err != nil {
		return errors.Join(err, e.Close())
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	findings, err := s.Audit()
	if err != nil || len(findings) > 0 {
		return fmt.Errorf("audit: %q, %w", findings, err)
	}
	for i, w := range ws {
		if err := w.check(s, books[i]); err != nil {
			return fmt.Errorf("%s: %w", w.lane, err)
		}
	}
	return s.Prove(context.Background())
}

func copyBooks(mu *sync.Mutex, ws []*worker) []ledger {
	mu.Lock()
	defer mu.Unlock()
	books := make([]ledger, len(ws))
	for i, w := range ws {
		books[i] = w.book
	}
	return books
}

func clone(fs *vfs.MemFS, unsynced int, seed uint64) *vfs.MemFS {
	return fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: unsynced, RNG: rand.New(rand.NewPCG(seed, seed))})
}

func openStore(t *testing.T, fs vfs.FS, o store.Options) (*store.Store, error) {
	t.Helper()
	e, err := pebblestore.Open("data", options(fs))
	if err != nil {
		return nil, err
	}
	s, err := store.Open(e, o)
	if err != nil {
		_ = e.Close() // the error is on its way
	}
	return s, err
}
