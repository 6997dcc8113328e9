package spool

import (
	"context"
	"errors"
	"slices"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// publishLoop writes what waits, as far as there are slots.
func (s *Spool) publishLoop(ctx context.Context) error {
	if s.out == nil {
		return nil
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.toWrite:
		}
		for {
			more, err := s.out.round(ctx)
			if errors.Is(err, store.ErrFailed) || ctx.Err() != nil {
				return err
			}
			if err != nil {
				s.out.failed(err)
			}
			if err != nil || !more {
				break
			}
		}
	}
}

// round publishes one batch and reports whether it is worth going on at once.
func (b *outbox) round(ctx context.Context) (more bool, err error) {
	b.reap()
	if !b.mayWrite() {
		return false, nil
	}
	if b.s.moment().Open {
		if err := b.tidy(); err != nil {
			return false, err
		}
		if done, err := b.resume(ctx); err != nil || !done {
			return false, err
		}
	}
	batch, err := b.choose()
	if err != nil || len(batch.entries) == 0 && len(batch.jobs) == 0 {
		return false, err
	}
	if len(batch.entries) > 0 {
		if err := b.stage(ctx, batch); err != nil {
			return false, err
		}
		if err := b.release(ctx, batch); err != nil {
			b.requeue(batch)
			return false, err
		}
	}
	return true, b.answer(ctx, batch)
}

// mayWrite says whether writing is allowed now, and notes why not.
func (b *outbox) mayWrite() bool {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	switch {
	case len(b.s.state.strikes) >= maxStrikes:
		b.held = "writing has stopped: there are signs of a second gateway on this spool (KB Q130066)"
	case b.s.state.shareWhy != "":
		return false
	case !b.s.touchable():
		b.held = "the lease is not held: " + b.s.state.lease
	case time.Now().Before(b.retry):
		return false
	default:
		b.held = ""
		return true
	}
	return false
}

// failed notes what keeps us from writing. The next scan wakes the writer again.
func (b *outbox) failed(err error) {
	switch {
	case isDown(err):
		b.s.shareFailed("write", err)
		return
	case isFull(err):
		b.s.alarm("share-full", "the volume is full; mail waits where it was accepted")
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.held = "writing failed: " + err.Error()
	b.retry = time.Now().Add(min(b.s.o.Scan<<min(b.tries, 5), time.Minute))
	b.tries++
	b.s.log.Warn("writing failed", "error", err)
}

// reap ends the jobs that nobody waits for and that have nothing in the journal.
func (b *outbox) reap() {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	for peer, q := range b.queues {
		q = slices.DeleteFunc(q, func(j *job) bool { return j.cancelled })
		b.setQueue(peer, q)
	}
}

// setQueue replaces a peer's queue. s.mu is held.
func (b *outbox) setQueue(peer mail.StoreID, q []*job) {
	if len(q) > 0 {
		b.queues[peer] = q
		return
	}
	delete(b.queues, peer)
	b.peers = slices.DeleteFunc(b.peers, func(p mail.StoreID) bool { return p == peer })
}
