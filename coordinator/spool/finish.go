package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"sidegate/internal/store"
)

// finish removes a file that is in custody, in two steps, and remembers it.
func (b *inbox) finish(ctx context.Context, c *claim) error {
	from, to := join(b.dir, c.Claimed), join(b.dir, doneName(c.Claimed))
	there, err := b.s.holds(from, c)
	if err != nil {
		return b.stuck(c, fmt.Errorf("spool: delete %s: %w", from, err))
	}
	if there {
		err := b.s.step("delete.rename", func() error { return b.s.move(from, to, c.Size) })
		if err != nil && !errors.Is(err, fs.ErrExist) && !isGone(err) {
			return b.stuck(c, fmt.Errorf("spool: delete %s: %w", from, err))
		}
	}
	// Both names: if something stood in the way of the rename, one step has to do.
	for _, name := range []string{from, to} {
		there, err := b.s.holds(name, c)
		if there {
			err = b.s.step("delete.unlink", func() error { return ignoreGone(b.s.fs.Remove(name)) })
		}
		if err != nil {
			return b.stuck(c, fmt.Errorf("spool: delete %s: %w", name, err))
		}
	}
	return b.over(ctx, c)
}

// doneName is what a claimed file is called on its way to deletion.
func doneName(claimed string) string { return withExt(claimed, extDone) }

// holds reports whether a name holds the bytes of a claim. That it cannot be told is an error: to take it for no would make
// the file somebody else's, and its mail a second one.
func (s *Spool) holds(name string, c *claim) (bool, error) {
	e, err := s.fs.Lstat(name)
	if isGone(err) || err == nil && (!e.Regular() || e.Size != c.Size) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	data, _, err := readCapped(s.fs, name, s.o.MaxRead)
	if isGone(err) {
		return false, nil
	}
	if err != nil && !errors.Is(err, errTooLong) {
		return false, err
	}
	return hashOf(data) == c.SHA256, nil
}

// stuck raises an alarm, once, about a file that is settled and cannot be removed. It is tried again, and never read again.
func (b *inbox) stuck(c *claim, err error) error {
	if !c.told && c.waits >= maxAttempts {
		c.told = true
		b.s.alarm("stuck", err.Error())
	}
	return err
}

// over ends a claim. The record follows with the next commit: until then a start finds the claim imported and no file,
// which says the same.
func (b *inbox) over(ctx context.Context, c *claim) error {
	b.s.mu.Lock()
	delete(b.claims, c.N)
	c.State, c.Time = claimDone, b.s.store.Now()
	b.done[c.SHA256] = append(b.done[c.SHA256], c)
	b.s.mu.Unlock()
	if c.told {
		b.s.allClear("stuck")
	}
	b.forget = append(b.forget, c)
	if len(b.forget) >= 64 {
		return b.flush(ctx)
	}
	return nil
}

// flush records the claims that are over.
func (b *inbox) flush(ctx context.Context) error {
	if len(b.forget) == 0 {
		return nil
	}
	err := b.s.step("done", func() error {
		return b.s.journal.commit(ctx, func(tx *store.Tx) error {
			for _, c := range b.forget {
				record(tx, tableClaims, c.key(), c)
			}
			return nil
		})
	})
	if err == nil {
		b.forget = nil
	}
	return err
}
