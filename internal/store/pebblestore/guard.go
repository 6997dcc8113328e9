package pebblestore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// guard is a file system that stops for good at the first change that fails below a directory: it remembers why,
// says so to whoever asked to be told, and lets no further change reach the disk. Reads go on. Elsewhere, where
// checkpoints are written, it only passes on.
//
// The database above is told that every change went well, even the one that failed: its own answers to errors are to
// try again, to panic with locks held, or to end the process. Whoever reports to the store asks failure first; what
// was said to be done before failure was nil is done.
type guard struct {
	vfs.FS
	dir string

	// gate is held for reading during every change, and for writing to wait until none is under way.
	gate sync.RWMutex

	mu      sync.Mutex
	err     error         // guarded by mu: what broke it
	tell    []func(error) // guarded by mu
	locks   []*heldLock   // guarded by mu
	stopped bool          // guarded by gate

	written, flushes atomic.Uint64
}

func newGuard(fs vfs.FS, dir string) *guard { return &guard{FS: fs, dir: dir} }

// fail breaks the guard unless it is broken, and returns what broke it first.
func (g *guard) fail(err error) error {
	g.mu.Lock()
	if g.err != nil {
		defer g.mu.Unlock()
		return g.err
	}
	g.err = err
	tell := g.tell
	g.mu.Unlock()
	for _, fn := range tell {
		fn(err)
	}
	return err
}

// failure is what broke the guard, or nil.
func (g *guard) failure() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

func (g *guard) onFailure(fn func(error)) {
	g.mu.Lock()
	err := g.err
	g.tell = append(g.tell, fn)
	g.mu.Unlock()
	if err != nil {
		fn(err)
	}
}

// freeze waits for changes under way, allows no further one, and gives the locks back.
func (g *guard) freeze() {
	g.gate.Lock()
	g.stopped = true
	g.gate.Unlock()
	g.mu.Lock()
	locks := g.locks
	g.locks = nil
	g.mu.Unlock()
	for _, l := range locks {
		_ = l.Close() // the process is about to end, which gives them back as well
	}
}

// change runs one change of the disk. It reports whether the change is only said to be done.
func (g *guard) change(path, what string, fn func() error) (pretended bool, err error) {
	if !g.covers(path) {
		return false, fn()
	}
	g.gate.RLock()
	defer g.gate.RUnlock()
	if g.stopped || g.failure() != nil {
		return true, nil
	}
	if err := fn(); err != nil {
		if isNotExist(err) {
			return false, err
		}
		g.fail(fmt.Errorf("%s %s: %w", what, path, err))
		return true, nil
	}
	return false, nil
}

// covers reports whether a path is that of the directory or below it. Below "." paths do not begin with it, and "/" ends
// with the separator already.
func (g *guard) covers(path string) bool {
	if g.dir == "." {
		return filepath.IsLocal(path)
	}
	rest, ok := strings.CutPrefix(path, g.dir)
	return ok && (rest == "" || os.IsPathSeparator(rest[0]) || os.IsPathSeparator(g.dir[len(g.dir)-1]))
}

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// open makes a file with fn.
func (g *guard) open(name, what string, fn func() (vfs.File, error)) (f vfs.File, err error) {
	pretended, err := g.change(name, what, func() error { f, err = fn(); return err })
	switch {
	case pretended:
		return nowhere{vfs.NewMemFile(nil)}, nil
	case err != nil || !g.covers(name):
		return f, err
	}
	return &guardedFile{File: f, g: g, name: name}, nil
}

// do is change for changes that return nothing.
func (g *guard) do(path, what string, fn func() error) error {
	_, err := g.change(path, what, fn)
	return err
}

// Unwrap is the file system below.
func (g *guard) Unwrap() vfs.FS { return g.FS }

func (g *guard) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return g.open(name, "create", func() (vfs.File, error) { return g.FS.Create(name, category) })
}

func (g *guard) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return g.open(name, "open", func() (vfs.File, error) { return g.FS.OpenReadWrite(name, category, opts...) })
}

func (g *guard) OpenDir(name string) (vfs.File, error) {
	return g.open(name, "open", func() (vfs.File, error) { return g.FS.OpenDir(name) })
}

func (g *guard) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return g.open(name, "reuse", func() (vfs.File, error) { return g.FS.ReuseForWrite(old, name, category) })
}

func (g *guard) Remove(name string) error {
	return g.do(name, "remove", func() error { return g.FS.Remove(name) })
}

func (g *guard) RemoveAll(name string) error {
	return g.do(name, "remove", func() error { return g.FS.RemoveAll(name) })
}

func (g *guard) Rename(old, name string) error {
	return g.do(name, "rename", func() error { return g.FS.Rename(old, name) })
}

func (g *guard) MkdirAll(dir string, perm os.FileMode) error {
	return g.do(dir, "make", func() error { return g.FS.MkdirAll(dir, perm) })
}

// Lock locks a file. The guard gives the lock back when it is frozen, whether or not its owner does.
func (g *guard) Lock(name string) (io.Closer, error) {
	c, err := g.FS.Lock(name)
	if err != nil {
		return nil, err
	}
	l := &heldLock{c: c}
	g.mu.Lock()
	g.locks = append(g.locks, l)
	g.mu.Unlock()
	return l, nil
}
