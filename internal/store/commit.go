package store

import (
	"context"
	"fmt"
)

// Commit runs build, applies what it changed as one, and returns when that is durable. An error of build, or one
// that wraps ErrFull, ErrFenced or ErrConflict, leaves everything as it was; ErrFailed means that nothing can be said.
// build runs alone; it must not block, commit, or keep the Tx.
//
// Several commits share one flush. A build that changes nothing still waits for everything it may have seen, so that
// an answer drawn from it never speaks of what can be lost.
func (s *Store) Commit(ctx context.Context, build func(*Tx) error) error {
	return s.commit(ctx, build, false)
}

// CommitCustody is Commit for what must still be possible when the store is full: receipts, deletions, reports, and
// mail already in custody.
func (s *Store) CommitCustody(ctx context.Context, build func(*Tx) error) error {
	return s.commit(ctx, build, true)
}

// Prove makes one small record durable, to show that the store still can.
func (s *Store) Prove(ctx context.Context) error {
	return s.CommitCustody(ctx, func(tx *Tx) error {
		tx.set(metaKey(metaProof), putTime(nil, tx.now))
		return nil
	})
}

// applied is a commit that readers may see parts of, and that is not durable yet.
type applied struct {
	order   uint64
	wait    Wait     // nil if nothing was put on disk
	removed []string // content files nothing names any more
}

func (s *Store) commit(ctx context.Context, build func(*Tx) error, custody bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a, err := s.apply(build, custody)
	if err != nil {
		return err
	}
	defer s.running.Done()
	return s.settle(a)
}

// apply builds and applies a commit under the lock. If it returns no error, running has been raised.
func (s *Store) apply(build func(*Tx) error, custody bool) (applied, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return applied{}, ErrClosed
	}
	if err := s.failedError(); err != nil {
		return applied{}, err
	}
	if !custody {
		if err := s.room(); err != nil {
			return applied{}, err
		}
	}
	tx := s.begin()
	if err := tx.run(build); err != nil {
		tx.abandon()
		return applied{}, err
	}
	if len(tx.batch.Ops) == 0 {
		return s.nothing(tx), nil
	}
	return s.write(tx)
}

// nothing ends a commit that puts nothing on disk. What it has seen may be on its way there still.
func (s *Store) nothing(tx *Tx) applied {
	tx.abandon()
	s.state.Lock()
	defer s.state.Unlock()
	tx.publish()
	s.running.Add(1)
	return applied{order: s.ledger.applied}
}

// run builds the changes and turns them into a batch.
func (tx *Tx) run(build func(*Tx) error) error {
	if err := build(tx); err != nil {
		return err
	}
	if tx.err != nil {
		return tx.err
	}
	return tx.finish()
}

// write hands the batch to the engine and lets readers see it.
func (s *Store) write(tx *Tx) (applied, error) {
	tx.keepDrafts() // from here on nobody can say whether the commit happened
	tx.announce()
	s.o.Fault("store.commit.before-apply")
	wait, err := s.engine.Apply(&tx.batch)
	if err != nil {
		return applied{}, s.fail(fmt.Errorf("store: apply: %w", err))
	}
	s.o.Fault("store.commit.after-apply")
	s.space.wrote(tx.size())

	s.state.Lock()
	order := s.ledger.append(tx.shows())
	tx.publish()
	s.state.Unlock()
	s.running.Add(1)
	return applied{order, wait, tx.removed}, nil
}

// settle waits until a commit is durable, shows what it promised, and removes the files it forgot.
func (s *Store) settle(a applied) error {
	if a.wait == nil {
		return s.awaitDurable(a.order)
	}
	if err := a.wait(); err != nil {
		return s.fail(fmt.Errorf("store: flush: %w", err))
	}
	s.o.Fault("store.commit.after-sync")
	s.state.Lock()
	s.ledger.advance(a.order, s.o.Now())
	s.state.Unlock()
	return s.removeFiles(a.removed)
}
