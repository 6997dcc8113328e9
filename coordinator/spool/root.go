package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"
)

// rootFS is an FS on a real directory.
type rootFS struct {
	path string

	mu     sync.RWMutex // guards root, which Refresh replaces
	root   *os.Root
	method string // how Rename works; found out on first use
	find   sync.Once
}

// OpenDir opens a directory of this machine as the root of a spool.
func OpenDir(dir string) (FS, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("spool: open %s: %w", dir, err)
	}
	root, err := os.OpenRoot(full)
	if err != nil {
		return nil, fmt.Errorf("spool: open %s: %w", full, err)
	}
	return &rootFS{path: full, root: root}, nil
}

func (r *rootFS) dir() *os.Root {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.root
}

// Refresh opens the path again when it leads to another directory than the open one.
func (r *rootFS) Refresh() error {
	now, err := os.Stat(r.path)
	if err != nil {
		return err
	}
	held, err := r.dir().Stat(".")
	if err == nil && os.SameFile(now, held) {
		return nil
	}
	root, err := os.OpenRoot(r.path)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// The old root stays open: another goroutine may be using it, and remounts are rare.
	r.root = root
	return nil
}

func (r *rootFS) ReadDir(dir string) ([]Entry, error) {
	f, err := r.dir().Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(names))
	for _, name := range names {
		e, err := r.Lstat(path.Join(dir, name))
		if isGone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func (r *rootFS) Lstat(name string) (Entry, error) {
	i, err := r.dir().Lstat(name)
	if err != nil {
		return Entry{}, err
	}
	return entryOf(i), nil
}

func entryOf(i fs.FileInfo) Entry {
	return Entry{Name: i.Name(), Size: i.Size(), ModTime: i.ModTime(), ID: fileID(i), Mode: i.Mode()}
}

func (r *rootFS) Open(name string) (File, error) {
	e, err := r.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !e.Regular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("is not a regular file")}
	}
	f, err := r.dir().OpenFile(name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, err
	}
	// What Lstat saw may have been replaced; the open file decides.
	if i, err := f.Stat(); err != nil || !i.Mode().IsRegular() {
		f.Close()
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.Join(errors.New("is not a regular file"), err)}
	}
	return rootFile{f}, nil
}

func (r *rootFS) Create(name string) (File, error) {
	f, err := r.dir().OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|openFlags, 0o666)
	if err != nil {
		return nil, err
	}
	return rootFile{f}, nil
}

func (r *rootFS) Overwrite(name string, data []byte) error {
	f, err := r.dir().OpenFile(name, os.O_WRONLY|os.O_CREATE|openFlags, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil {
		err = f.Truncate(int64(len(data)))
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (r *rootFS) Remove(name string) error {
	e, err := r.Lstat(name)
	if err != nil {
		return err
	}
	if e.Mode.IsDir() {
		return &fs.PathError{Op: "remove", Path: name, Err: syscall.EISDIR}
	}
	return r.unlink(name)
}

func (r *rootFS) Mkdir(name string) error { return r.dir().Mkdir(name, 0o777) }

// SyncDir flushes a directory. Volumes that cannot say EINVAL or the like; that is no error (and a finding of the
// self-test).
func (r *rootFS) SyncDir(dir string) error {
	f, err := r.dir().Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

func (r *rootFS) Path(name string) string { return filepath.Join(r.path, filepath.FromSlash(name)) }

func (r *rootFS) Close() error { return r.dir().Close() }

func (r *rootFS) Method() string {
	r.find.Do(func() { r.method = r.probe() })
	return r.method
}

// Rename uses the strongest way the volume has. With "check", somebody who makes the new name between our look and our
// rename loses what was there: such volumes know no better, and the self-test says so.
func (r *rootFS) Rename(from, to string) error {
	e, err := r.Lstat(from)
	if err != nil {
		return err
	}
	if !e.Regular() {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: errors.New("is not a regular file")}
	}
	switch r.Method() {
	case methodExclusive:
		return r.renameExclusive(from, to)
	case methodLink:
		return r.renameLink(from, to)
	}
	return r.renameCheck(from, to)
}

// The ways of renaming without overwriting, best first.
const (
	methodExclusive = "renameat2"
	methodLink      = "link"
	methodCheck     = "check"
)

func (r *rootFS) renameLink(from, to string) error {
	err := r.dir().Link(from, to)
	if errors.Is(err, fs.ErrExist) {
		// A former try may have got this far.
		a, errA := r.dir().Lstat(from)
		b, errB := r.dir().Lstat(to)
		if errA != nil || errB != nil || !os.SameFile(a, b) {
			return err
		}
	} else if err != nil {
		return err
	}
	return r.unlink(from)
}

func (r *rootFS) renameCheck(from, to string) error {
	if _, err := r.Lstat(to); err == nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	} else if !isGone(err) {
		return err
	}
	return r.dir().Rename(from, to)
}

// probe tries the ways of renaming on two files of its own in the root, and takes the first that refuses to overwrite.
func (r *rootFS) probe() string {
	from, to := fmt.Sprintf("SG%06X.TM1", os.Getpid()&0xFFFFFF), fmt.Sprintf("SG%06X.TM2", os.Getpid()&0xFFFFFF)
	defer r.unlink(from)
	defer r.unlink(to)
	for _, try := range []struct {
		method string
		rename func(from, to string) error
	}{{methodExclusive, r.renameExclusive}, {methodLink, r.renameLink}} {
		r.unlink(from)
		r.unlink(to)
		if writeNew(r, from, []byte("1")) != nil || writeNew(r, to, []byte("2")) != nil {
			continue
		}
		if err := try.rename(from, to); !errors.Is(err, fs.ErrExist) || verify(r, to, []byte("2")) != nil {
			continue
		}
		if r.unlink(to) == nil && try.rename(from, to) == nil && verify(r, to, []byte("1")) == nil {
			return try.method
		}
	}
	return methodCheck
}

// rootFile is an open file of a rootFS.
type rootFile struct{ *os.File }

func (f rootFile) Stat() (Entry, error) {
	i, err := f.File.Stat()
	if err != nil {
		return Entry{}, err
	}
	return entryOf(i), nil
}
