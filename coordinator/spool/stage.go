package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"sidegate/internal/store"
)

// stage records the files with their bytes, then writes them beside their final names, then records that they are whole.
func (b *outbox) stage(ctx context.Context, work *batch) error {
	for _, e := range work.entries {
		if e.data == nil {
			data, err := b.s.journal.bytesOf(e)
			if err != nil {
				b.putBack(work, 0)
				return err
			}
			e.data = data
		}
	}
	err := b.s.step("stage.journal", func() error {
		return b.s.journal.commit(ctx, func(tx *store.Tx) error {
			for _, e := range work.entries {
				n := *e
				n.Time = tx.Now()
				record(tx, tableEntries, e.key(), &n)
				if !e.stored {
					putBytes(tx, e)
					b.putPrints(tx, e)
				}
			}
			return nil
		})
	})
	if err != nil {
		b.putBack(work, 0)
		return err
	}
	for i, e := range work.entries {
		e.stored = true
		if err := b.s.step("stage.write", func() error { return b.writeOne(e) }); err != nil {
			if !errors.Is(err, fs.ErrExist) {
				i++ // what was begun goes; a file that was there before us stays
			}
			b.putBack(work, i)
			return fmt.Errorf("spool: write %s: %w", join(b.dir, withExt(e.Name, extWrite)), err)
		}
	}
	err = b.s.step("staged.journal", func() error {
		return b.s.journal.commit(ctx, func(tx *store.Tx) error {
			for _, e := range work.entries {
				n := *e
				n.State, n.Time = entryStaged, tx.Now()
				record(tx, tableEntries, e.key(), &n)
			}
			return nil
		})
	})
	if errors.Is(err, store.ErrFailed) {
		return err // whether it is recorded, nobody can say: the files have to stay for the next start
	}
	if err != nil {
		b.putBack(work, len(work.entries))
		return err
	}
	b.set(work.entries, entryStaged)
	return nil
}

func (b *outbox) set(list []*entry, state entryState) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	for _, e := range list {
		e.State, e.drops = state, b.s.state.drops
	}
}

// writeOne makes the .WRT, flushes it and reads it back.
func (b *outbox) writeOne(e *entry) error {
	name := withExt(e.Name, extWrite)
	b.s.mu.Lock()
	b.touched[strings.ToUpper(name)] = time.Now()
	b.s.mu.Unlock()
	return writeNew(b.s.fs, join(b.dir, name), e.data)
}

// putBack undoes a batch that could not be written: the first written files go, the entries wait for other slots, and jobs
// are not complete. What was written before the fault goes, too: to publish it now would put the rest out of order.
func (b *outbox) putBack(work *batch, written int) {
	for _, e := range work.entries[:written] {
		if err := b.unwrite(e); err != nil {
			b.s.log.Warn("a file could not be taken back yet", "file", join(b.dir, withExt(e.Name, extWrite)), "error", err)
			left := *e
			b.remnants = append(b.remnants, &left)
		}
	}
	b.again(work.entries)
	b.requeue(work)
}

// tidy takes back what could not be taken back when the volume failed. Nothing else is written before: once the entry has another
// slot, the journal no longer knows of the old one, and its .WRT would be a stranger's that keeps the slot.
func (b *outbox) tidy() error {
	for len(b.remnants) > 0 {
		if err := b.unwrite(b.remnants[0]); err != nil {
			return fmt.Errorf("spool: take back %s: %w", join(b.dir, withExt(b.remnants[0].Name, extWrite)), err)
		}
		b.remnants = b.remnants[1:]
	}
	return nil
}

// again lines entries up for other slots, in order.
func (b *outbox) again(list []*entry) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	for _, e := range list {
		e.State, e.Slot, e.loose = entryStaging, 0, false
	}
	b.restage = append(slices.Clone(list), b.restage...)
}

// requeue gives jobs back that were to be complete with a batch, and are not.
func (b *outbox) requeue(work *batch) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	for _, j := range slices.Backward(work.jobs) {
		if len(b.queues[j.peer]) == 0 {
			b.peers = append(b.peers, j.peer)
		}
		b.queues[j.peer] = append([]*job{j}, b.queues[j.peer]...)
	}
	work.jobs = nil
}
