package pebblestore

import (
	"fmt"
	"io"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// heldLock is a lock that is given back once.
type heldLock struct {
	once sync.Once
	c    io.Closer
	err  error
}

func (l *heldLock) Close() error {
	l.once.Do(func() { l.err = l.c.Close() })
	return l.err
}

// guardedFile is a file, or a directory, whose changes go through the guard.
type guardedFile struct {
	vfs.File
	g    *guard
	name string
}

func (f *guardedFile) Write(p []byte) (n int, err error) {
	pretended, err := f.g.change(f.name, "write", func() error { n, err = f.File.Write(p); return err })
	if pretended {
		n = len(p)
	}
	f.g.written.Add(uint64(n))
	return n, err
}

func (f *guardedFile) WriteAt(p []byte, offset int64) (n int, err error) {
	pretended, err := f.g.change(f.name, "write", func() error { n, err = f.File.WriteAt(p, offset); return err })
	if pretended {
		n = len(p)
	}
	f.g.written.Add(uint64(n))
	return n, err
}

func (f *guardedFile) Sync() error {
	f.g.flushes.Add(1)
	return f.g.do(f.name, "flush", f.File.Sync)
}

func (f *guardedFile) SyncData() error {
	f.g.flushes.Add(1)
	return f.g.do(f.name, "flush", f.File.SyncData)
}

func (f *guardedFile) SyncTo(length int64) (full bool, err error) {
	err = f.g.do(f.name, "flush", func() error { full, err = f.File.SyncTo(length); return err })
	return full, err
}

// Close closes the file even when the guard is broken.
func (f *guardedFile) Close() error {
	if err := f.File.Close(); err != nil {
		f.g.fail(fmt.Errorf("close %s: %w", f.name, err))
	}
	return nil
}

// nowhere is a file that was never made: what is written to it is gone.
type nowhere struct{ vfs.File }

func (nowhere) Write(p []byte) (int, error)            { return len(p), nil }
func (nowhere) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }
func (nowhere) Sync() error                            { return nil }
func (nowhere) SyncData() error                        { return nil }
func (nowhere) SyncTo(int64) (bool, error)             { return true, nil }
