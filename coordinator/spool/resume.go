package spool

import (
	"context"
	"errors"
	"time"

	"sidegate/internal/store"
)

// resume finishes what is staged: after a start, or when publishing failed. It reports false when that is not possible now.
func (b *outbox) resume(ctx context.Context) (bool, error) {
	b.s.mu.Lock()
	var list []*entry
	for _, e := range b.sorted() {
		if e.State == entryStaged {
			list = append(list, e)
		}
	}
	b.s.mu.Unlock()
	var again []*entry // to be written again, and what must not overtake that
	for _, e := range list {
		next, err := b.found(e)
		if err != nil {
			return false, err
		}
		switch {
		case e.loose:
			again = append(again, e)
		case next == "" && !b.goneTwice(e):
			return false, b.loosenAll(ctx, again) // the next scan wakes us
		case next == extMail:
			err = b.answer(ctx, &batch{entries: []*entry{e}})
		case next == extWrite && len(again) == 0:
			if err = b.release(ctx, &batch{entries: []*entry{e}}); err == nil {
				err = b.answer(ctx, &batch{entries: []*entry{e}})
			}
		case next == "" && !b.lost(e):
			err = b.inferred(ctx, e)
		default:
			again = append(again, e)
		}
		if err != nil {
			return false, errors.Join(err, b.loosenAll(ctx, again))
		}
	}
	return true, b.loosenAll(ctx, again)
}

// goneTwice reports whether nothing was found of a staged file at two looks that are a scan apart: one look proves nothing.
func (b *outbox) goneTwice(e *entry) bool {
	if e.vanished.IsZero() {
		e.vanished = time.Now()
	}
	return time.Since(e.vanished) >= b.s.o.Scan
}

// found says how far a staged file got: .WRT, whole; .MSG, published, or with the half already; empty, gone; "bad", not ours.
func (b *outbox) found(e *entry) (string, error) {
	data, _, err := readCapped(b.s.fs, join(b.dir, withExt(e.Name, extWrite)), e.Size)
	switch {
	case err == nil && hashOf(data) == e.SHA256:
		return extWrite, nil
	case err == nil || errors.Is(err, errTooLong):
		return "bad", nil
	case !isGone(err):
		return "", err
	}
	there, err := b.opens(e)
	if err != nil {
		return "", err
	}
	if there {
		return extMail, nil
	}
	return "", nil
}

// loosenAll takes staged files back, to be written again in order. The journal says so first: after a crash, a staged file of
// which nothing is left was published and taken.
func (b *outbox) loosenAll(ctx context.Context, list []*entry) error {
	if len(list) == 0 {
		return nil
	}
	err := b.s.step("loosen.journal", func() error {
		return b.s.journal.commit(ctx, func(tx *store.Tx) error {
			for _, e := range list {
				n := *e
				n.State, n.Time = entryStaging, tx.Now()
				record(tx, tableEntries, e.key(), &n)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	for _, e := range list {
		e.loose = true
	}
	err = b.s.step("loosen.unlink", func() error {
		for _, e := range list {
			if err := b.unwrite(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.again(list)
	wake(b.s.toWrite)
	return nil
}

// lost reports whether a staged file of which nothing is left may have been lost by the volume. Then it is written again, marked
// as a possible duplicate: losing is worse than doubling.
func (b *outbox) lost(e *entry) bool {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	lost := e.Removed || e.Again > 0 || b.s.state.drops > e.drops
	if lost {
		e.Again, e.Removed = e.Again+1, false
	}
	return lost
}

// inferred ends a staged file of which nothing is left on a volume that has not failed. Only we remove a .WRT, so it was
// published and taken.
func (b *outbox) inferred(ctx context.Context, e *entry) error {
	if err := b.answer(ctx, &batch{entries: []*entry{e}}); err != nil {
		return err
	}
	return b.consumed(ctx, []*entry{e}, "inferred: it was renamed, and is gone")
}
