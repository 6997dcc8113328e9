package pebblestore_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
	"sidegate/internal/store/storetest"
)

func benchStore(b *testing.B) *store.Store {
	b.Helper()
	e, err := pebblestore.Open(b.TempDir(), pebblestore.Options{BallastBytes: -1})
	if err != nil {
		b.Fatal(err)
	}
	return storetest.Open(b, e, store.Options{})
}

// bodyOf is content that was hashed before.
type bodyOf struct {
	b   []byte
	sum [32]byte
}

func (c bodyOf) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(c.b)), nil }
func (c bodyOf) Size() int64                  { return int64(len(c.b)) }
func (c bodyOf) SHA256() [32]byte             { return c.sum }

// submit does what taking a message does: draft, request, message, lane, trace.
func submit(ctx context.Context, s *store.Store, lane store.Lane, body []byte) error {
	d, err := draft(s, body)
	if err != nil {
		return err
	}
	m := &mail.Message{
		ID: s.NewID(), Class: mail.Note, Sender: ann, To: []mail.Address{ann}, Subject: "subject", Priority: 3, Submitted: s.Now(),
		BodySize: d.Size(), Size: d.Size(), SHA256: d.SHA256(), OriginStore: s.ID(), Origin: mail.FromClient,
	}
	return s.Commit(ctx, func(tx *store.Tx) error {
		if _, err := tx.Once(store.Request{Caller: "spiffe://caller", ID: string(m.ID)}, m.ID); err != nil {
			return err
		}
		if err := tx.Keep(m, d); err != nil {
			return err
		}
		tx.AddTrace(store.Trace{MessageID: m.ID, Event: "queued"})
		_, err := tx.Enqueue(lane, store.Entry{MessageID: m.ID, Recipients: m.To})
		return err
	})
}

// BenchmarkCommit takes messages from several submitters, each waiting for its answer, while a receiver lets them go.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1 << 10, 4 << 10, 64 << 10} {
		for _, submitters := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%dKiB/%d", size>>10, submitters), func(b *testing.B) {
				s := benchStore(b)
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				var receiver sync.WaitGroup
				receiver.Go(func() { drain(ctx, s, "lane", 256) })
				body := bytes.Repeat([]byte("x"), size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				b.ResetTimer()
				var left atomic.Int64
				left.Store(int64(b.N))
				var all sync.WaitGroup
				for range submitters {
					all.Go(func() {
						for left.Add(-1) >= 0 {
							if err := submit(ctx, s, "lane", body); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				all.Wait()
				b.StopTimer()
				cancel()
				receiver.Wait()
			})
		}
	}
}

// drain reads a lane and lets its entries go, until ctx ends.
func drain(ctx context.Context, s *store.Store, lane store.Lane, batch int) {
	var after uint64
	for s.WaitLane(ctx, lane, after) == nil {
		es, err := s.Entries(lane, after, batch)
		if err != nil || len(es) == 0 {
			return
		}
		after = es[len(es)-1].Seq
		if s.CommitCustody(ctx, func(tx *store.Tx) error { _, err := tx.Release(lane, after, nil); return err }) != nil {
			return
		}
	}
}

// fill puts n small messages into a lane, many to a commit.
func fill(b *testing.B, s *store.Store, lane store.Lane, n int) {
	b.Helper()
	body := bodyOf{b: bytes.Repeat([]byte("x"), 1<<10)}
	body.sum = sha256.Sum256(body.b)
	for n > 0 {
		batch := min(n, 500)
		n -= batch
		if err := s.Commit(context.Background(), func(tx *store.Tx) error {
			for range batch {
				m := &mail.Message{ID: s.NewID(), Size: 1 << 10, BodySize: 1 << 10, SHA256: body.sum}
				if err := tx.Keep(m, body); err != nil {
					return err
				}
				if _, err := tx.Enqueue(lane, store.Entry{MessageID: m.ID, Recipients: []mail.Address{ann}}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDrain lets a backlog of 100,000 go, 256 at a time; one operation is one message.
func BenchmarkDrain(b *testing.B) {
	const backlog = 100_000
	for done := 0; done < b.N; done += backlog {
		b.StopTimer()
		s := benchStore(b)
		fill(b, s, "lane", backlog)
		b.StartTimer()
		for after := uint64(0); after < uint64(min(backlog, b.N-done)); {
			es, err := s.Entries("lane", after, 256)
			if err != nil {
				b.Fatal(err)
			}
			after = es[len(es)-1].Seq
			if err := s.CommitCustody(context.Background(), func(tx *store.Tx) error {
				_, err := tx.Release("lane", after, nil)
				return err
			}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkHead finds the head of a lane from which 100,000 messages have gone.
func BenchmarkHead(b *testing.B) {
	s := benchStore(b)
	fill(b, s, "lane", 100_001)
	if err := s.CommitCustody(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Release("lane", 100_000, nil)
		return err
	}); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		if es, err := s.Entries("lane", 0, 1); err != nil || len(es) != 1 {
			b.Fatal(len(es), err)
		}
	}
}

// BenchmarkDeliver takes batches of 64 from a peer and delivers them, as a link does.
func BenchmarkDeliver(b *testing.B) {
	s := benchStore(b)
	ctx := context.Background()
	session, err := s.OpenSession(ctx, "peer", 1)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Commit(ctx, func(tx *store.Tx) error { _, err := tx.AddMailbox(ann, nil); return err }); err != nil {
		b.Fatal(err)
	}
	body := bytes.Repeat([]byte("x"), 4<<10)
	b.ReportAllocs()
	b.ResetTimer()
	var seq uint64
	for done := 0; done < b.N; done += 64 {
		var drafts []*store.Draft
		for range 64 {
			d, err := draft(s, body)
			if err != nil {
				b.Fatal(err)
			}
			drafts = append(drafts, d)
		}
		if err := s.Commit(ctx, func(tx *store.Tx) error {
			for _, d := range drafts {
				seq++
				if _, err := tx.Take(session, seq); err != nil {
					return err
				}
				m := &mail.Message{ID: s.NewID(), To: []mail.Address{ann}, Size: d.Size(), BodySize: d.Size(), SHA256: d.SHA256()}
				if err := tx.Keep(m, d); err != nil {
					return err
				}
				tx.AddTrace(store.Trace{MessageID: m.ID, Event: "delivered"})
				if _, err := tx.Deliver(ann, m.ID); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
}
