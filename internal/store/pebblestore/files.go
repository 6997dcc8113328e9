package pebblestore

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sidegate/internal/store"
)

// files is the directory of content files.
type files struct {
	fs     *guard
	dir    string
	handle vfs.File // of the directory, for flushing it
	bytes  atomic.Int64
}

// contentCategory names the writes of content files in the file system's statistics.
const contentCategory = vfs.DiskWriteCategory("sidegate-content")

func openFiles(fs *guard, dir string) (*files, error) {
	f := &files{fs: fs, dir: dir}
	names, err := fs.List(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		f.bytes.Add(f.size(name))
	}
	f.handle, err = fs.OpenDir(dir)
	return f, err
}

func (f *files) size(name string) int64 {
	info, err := f.fs.Stat(f.fs.PathJoin(f.dir, name))
	if err != nil {
		return 0
	}
	return info.Size()
}

// Create makes a file that must not exist.
func (f *files) Create(name string) (store.File, error) {
	path := f.fs.PathJoin(f.dir, name)
	if _, err := f.fs.Stat(path); err == nil {
		return nil, fmt.Errorf("pebblestore: content file %s exists already", name)
	}
	file, err := f.fs.Create(path, contentCategory)
	if err = f.done(err); err != nil {
		return nil, err
	}
	return &contentFile{File: file, files: f}, nil
}

// done tells whether a change has reached the disk: the guard may only say so.
func (f *files) done(err error) error { return errors.Join(err, f.fs.failure()) }

// contentFile counts what is written. It writes a copy, because files of this kind may change what they are given.
type contentFile struct {
	vfs.File
	files *files
	copy  []byte
}

func (c *contentFile) Write(p []byte) (int, error) {
	c.copy = append(c.copy[:0], p...)
	n, err := c.File.Write(c.copy)
	c.files.bytes.Add(int64(n))
	return n, c.files.done(err)
}

func (c *contentFile) Sync() error  { return c.files.done(c.File.Sync()) }
func (c *contentFile) Close() error { return c.files.done(c.File.Close()) }

// Open opens a file for reading.
func (f *files) Open(name string) (io.ReadCloser, error) {
	file, err := f.fs.Open(f.fs.PathJoin(f.dir, name), vfs.SequentialReadsOption)
	if isNotExist(err) {
		return nil, fmt.Errorf("content file %s: %w", name, store.ErrNotFound)
	}
	return file, err
}

// Remove removes a file; one that is not there is no error.
func (f *files) Remove(name string) error {
	size := f.size(name)
	if err := f.fs.Remove(f.fs.PathJoin(f.dir, name)); err != nil && !isNotExist(err) {
		return err
	}
	f.bytes.Add(-size)
	return f.done(nil)
}

// List names all files.
func (f *files) List() ([]string, error) { return f.fs.List(f.dir) }

// Sync makes all creations and removals durable.
func (f *files) Sync() error { return f.done(f.handle.Sync()) }

func (f *files) close() error { return f.handle.Close() }

// makeDirs makes the directories of an engine.
func makeDirs(fs vfs.FS, dir string) error {
	for _, d := range []string{dir, fs.PathJoin(dir, "db"), fs.PathJoin(dir, "content")} {
		if err := makeDurable(fs, d); err != nil {
			return err
		}
	}
	return nil
}

// makeDurable makes a directory with its parents, and flushes the names of those it made.
func makeDurable(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err == nil {
		return nil
	}
	parent := fs.PathDir(dir)
	if parent != dir {
		if err := makeDurable(fs, parent); err != nil {
			return err
		}
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(fs, parent)
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		_ = d.Close() // the first error says more
		return err
	}
	return d.Close()
}
