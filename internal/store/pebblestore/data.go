package pebblestore

import (
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"sidegate/internal/store"
)

// Get returns a copy of the value, or store.ErrNotFound.
func (e *Engine) Get(key []byte) ([]byte, error) {
	if err := e.enter(); err != nil {
		return nil, err
	}
	defer e.leave()
	value, closer, err := e.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("pebblestore: get: %w", err)
	}
	copied := append(make([]byte, 0, len(value)), value...)
	return copied, closer.Close()
}

// Scan calls fn for the keys in [lower, upper) in order, or in reverse order, until fn returns false.
func (e *Engine) Scan(lower, upper []byte, reverse bool, fn func(key, value []byte) bool) error {
	if err := e.enter(); err != nil {
		return err
	}
	defer e.leave()
	iter, err := e.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return fmt.Errorf("pebblestore: scan: %w", err)
	}
	first, next := iter.First, iter.Next
	if reverse {
		first, next = iter.Last, iter.Prev
	}
	for ok := first(); ok; ok = next() {
		var value []byte
		if value, err = iter.ValueAndErr(); err != nil || !fn(iter.Key(), value) {
			break
		}
	}
	if err = errors.Join(err, iter.Close()); err != nil {
		return fmt.Errorf("pebblestore: scan: %w", err)
	}
	return nil
}

// Apply makes the batch visible at once and returns the means to wait until it is durable.
func (e *Engine) Apply(b *store.Batch) (wait store.Wait, err error) {
	if err := e.guard.failure(); err != nil {
		return nil, err
	}
	defer func() {
		if p := recover(); p != nil {
			err = e.guard.fail(fmt.Errorf("database: %v", p))
		}
	}()
	batch, err := e.fill(b)
	if err != nil {
		return nil, err
	}
	if err := e.db.ApplyNoSyncWait(batch, pebble.Sync); err != nil {
		return nil, e.guard.fail(err)
	}
	if err := e.guard.failure(); err != nil {
		return nil, err
	}
	return func() error {
		if err := batch.SyncWait(); err != nil {
			return e.guard.fail(err)
		}
		if err := e.guard.failure(); err != nil {
			return err // the flush may be one that was only said to be done
		}
		return batch.Close()
	}, nil
}

func (e *Engine) fill(b *store.Batch) (*pebble.Batch, error) {
	const header, perOp = 12, 11
	size := header
	for _, op := range b.Ops {
		size += perOp + len(op.Key) + len(op.Value)
	}
	batch := e.db.NewBatchWithSize(size)
	for _, op := range b.Ops {
		var err error
		if op.Value == nil {
			err = batch.Delete(op.Key, nil)
		} else {
			err = batch.Set(op.Key, op.Value, nil)
		}
		if err != nil {
			return nil, errors.Join(err, batch.Close())
		}
	}
	return batch, nil
}

// backgroundError is told of what goes wrong between calls. Whatever it is, the engine is broken then.
func (e *Engine) backgroundError(err error) {
	if errors.Is(err, pebble.ErrCancelledCompaction) {
		return
	}
	if e.guard.failure() == nil {
		e.guard.fail(err)
		return
	}
	// The database tries again at once, for ever, until the process ends. It need not use a whole core for it, and
	// nothing once the engine was let go of.
	select {
	case <-time.After(50 * time.Millisecond):
	case <-e.abandoned:
		select {}
	}
}

// Files is where large content lies.
func (e *Engine) Files() store.Files { return e.files }

// Checkpoint writes a consistent copy into dir, which must not exist.
func (e *Engine) Checkpoint(dir string, names func() []string) (err error) {
	if err := e.enter(); err != nil {
		return err
	}
	defer e.leave()
	fs := e.guard
	if _, err := fs.Stat(dir); err == nil {
		return fmt.Errorf("pebblestore: checkpoint: %s exists already", dir)
	}
	if err := makeDurable(fs, dir); err != nil {
		return fmt.Errorf("pebblestore: checkpoint: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("pebblestore: checkpoint: %w", errors.Join(err, fs.RemoveAll(dir)))
		}
	}()
	if err := e.db.Checkpoint(fs.PathJoin(dir, "db"), pebble.WithFlushedWAL()); err != nil {
		return err
	}
	content := fs.PathJoin(dir, "content")
	if err := makeDurable(fs, content); err != nil {
		return err
	}
	for _, name := range names() {
		from, to := fs.PathJoin(e.files.dir, name), fs.PathJoin(content, name)
		if err := vfs.LinkOrCopy(fs, from, to); err != nil && !isNotExist(err) {
			return err
		}
	}
	return errors.Join(syncDir(fs, content), syncDir(fs, dir), fs.failure())
}
