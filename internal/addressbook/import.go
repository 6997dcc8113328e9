package addressbook

import (
	"context"
	"fmt"

	"sidegate/internal/directory"
	"sidegate/internal/store"
)

// Import does steps to what was imported here, in one commit, and returns what changed and what is there now. On a dry
// run it only says so. What comes out must be a list.
func (b *Book) Import(ctx context.Context, steps []directory.Step, dryRun bool) (directory.Diff, directory.List, error) {
	b.importing.Lock()
	defer b.importing.Unlock()
	old := b.Imported()
	now, err := old.Updated(steps)
	if err != nil {
		return directory.Diff{}, old, err
	}
	d := directory.Compare(old, now)
	if dryRun || d.Empty() {
		return d, now, nil
	}
	b.o.Fault("addressbook.import.before")
	if err := b.o.Store.Commit(ctx, func(tx *store.Tx) error { return write(tx, d) }); err != nil {
		return directory.Diff{}, old, fmt.Errorf("addressbook: import: %w", err)
	}
	b.o.Fault("addressbook.import.after")
	b.mu.Lock()
	b.imported = now
	b.ownChanged()
	b.mu.Unlock()
	return d, now, nil
}

// write puts what changed, and nothing else, into a commit.
func write(tx *store.Tx, d directory.Diff) error {
	for _, e := range d.Removed {
		tx.Put(importTable, e.Key(), nil)
	}
	for _, c := range d.Changed {
		tx.Put(importTable, c.New.Key(), entryRecord(c.New))
	}
	for _, e := range d.Added {
		tx.Put(importTable, e.Key(), entryRecord(e))
	}
	return nil
}
