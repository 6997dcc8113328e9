package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"sidegate/internal/store"
)

// claimedName is what a file is called once it is claimed. One that a predecessor claimed keeps its name (KB Q148768).
func claimedName(g *sighting) string {
	if g.ext == extRead {
		return g.Name
	}
	return withExt(g.Name, extRead)
}

// enter records a claim that is about to be made, together with those that are over.
func (b *inbox) enter(ctx context.Context, c *claim) error {
	b.s.mu.Lock()
	b.s.lastClaim++
	c.N = b.s.lastClaim
	over := b.forget
	b.s.mu.Unlock()
	err := b.s.store.Commit(ctx, func(tx *store.Tx) error {
		record(tx, tableClaims, c.key(), c)
		for _, o := range over {
			record(tx, tableClaims, o.key(), o)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("spool: claim %s: %w", c.Name, err)
	}
	b.forget = b.forget[len(over):]
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.claims[c.N] = c
	return nil
}

// withdraw forgets a claim of a file that stays as it is; and, if it was parsed without harm, that it was ever suspected.
func (b *inbox) withdraw(ctx context.Context, c *claim, harmless bool) error {
	b.s.mu.Lock()
	delete(b.claims, c.N)
	b.s.mu.Unlock()
	return b.s.step("claim.forget", func() error {
		return b.s.journal.commit(ctx, func(tx *store.Tx) error {
			tx.Put(tableClaims, c.key(), nil)
			if harmless {
				tx.Put(tableSuspects, c.SHA256, nil)
			}
			return nil
		})
	})
}

var errChanged = errors.New("it changed while it was being read")

// claim renames the file and makes sure that it is still what was read.
func (b *inbox) claim(g *sighting, c *claim, data []byte, long bool) error {
	from, to := join(b.dir, g.Name), join(b.dir, c.Claimed)
	if from != to {
		err := b.s.step("claim.rename", func() error { return b.s.move(from, to, g.Size) })
		if err != nil {
			return fmt.Errorf("spool: claim %s: %w", from, err)
		}
	}
	again, _, err := readCapped(b.s.fs, to, b.s.o.MaxRead)
	if err != nil && !(long && errors.Is(err, errTooLong)) {
		if from == to || b.s.move(to, from, g.Size) != nil {
			return fmt.Errorf("spool: read %s again: %w", to, err)
		}
		return fmt.Errorf("spool: read %s again: %w", from, err)
	}
	if hashOf(again) == hashOf(data) {
		return nil
	}
	if from != to {
		if err := b.s.move(to, from, int64(len(again))); err != nil {
			return fmt.Errorf("spool: give %s back: %w", from, err)
		}
	}
	return fmt.Errorf("spool: claim %s: %w", from, errChanged)
}

// move renames and settles doubtful answers by looking at both names: volumes lose replies, and the rename may have been
// done all the same. What went without a trace of the new name is not ours to call done.
func (s *Spool) move(from, to string, size int64) error {
	err := s.fs.Rename(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	_, old := s.fs.Lstat(from)
	if e, found := s.fs.Lstat(to); isGone(old) && found == nil && (size < 0 || e.Size == size) {
		s.log.Debug("a rename was done and reported as failed", "file", to, "error", err)
		return nil
	}
	return err
}
