package store

import (
	"errors"
	"io"
)

// ErrNotFound is what an Engine returns for a key that is not there, and the Store for a record that is not.
var ErrNotFound = errors.New("not found")

// Engine is the ordered, durable map a Store keeps its records in, together with the files for large content. All
// methods may be called from several goroutines.
//
// The promise: what Apply made visible survives a power cut once Wait has returned nil, and so does everything
// applied before it. A batch is never seen in part. After Apply or Wait has failed the engine is broken; the store
// stops and recovers by opening it again.
type Engine interface {
	// Get returns a copy of the value, or ErrNotFound.
	Get(key []byte) ([]byte, error)
	// Scan calls fn for the keys in [lower, upper) in order, or in reverse order, until fn returns false. Key and
	// value are fn's only while it runs.
	Scan(lower, upper []byte, reverse bool, fn func(key, value []byte) bool) error
	// Apply makes the batch visible at once and returns the means to wait until it is durable. No other Apply may
	// run at the same time.
	Apply(b *Batch) (Wait, error)
	// Checkpoint writes a consistent copy into dir, which must not exist: first the map, then the files that the
	// function files names after that. A file that is gone by then is left out.
	Checkpoint(dir string, files func() []string) error
	// Files is where large content lies.
	Files() Files
	// Usage tells how full the disk is.
	Usage() (Usage, error)
	// Wear tells what was asked of the disk so far, up to the moment. It does not ask the disk for it.
	Wear() Wear
	// Close flushes and closes. Nothing may be called after it.
	Close() error
}

// Wait blocks until a batch is durable.
type Wait func() error

// Usage is how full a disk is, in bytes.
type Usage struct {
	Free, Total uint64 // of the file system
	Used        uint64 // by the engine
}

// Wear is what an engine has asked of its disk since it was opened.
type Wear struct {
	Written uint64 // bytes
	Flushes uint64 // how often it had something flushed
}

// Files is one flat directory of large content.
type Files interface {
	// Create makes a file that must not exist.
	Create(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (io.ReadCloser, error)
	// Remove removes a file; one that is not there is no error.
	Remove(name string) error
	// List names all files.
	List() ([]string, error)
	// Sync makes all creations and removals durable.
	Sync() error
}

// File is a file being written.
type File interface {
	io.Writer
	// Sync makes the bytes durable.
	Sync() error
	Close() error
}

// Batch is a set of changes that is applied as one.
type Batch struct {
	Ops []Op
}

// Op sets a key, or removes it when Value is nil. An empty value is not nil.
type Op struct {
	Key, Value []byte
}

// Put sets key to value.
func (b *Batch) Put(key, value []byte) {
	if value == nil {
		value = []byte{}
	}
	b.Ops = append(b.Ops, Op{Key: key, Value: value})
}

// Delete removes key.
func (b *Batch) Delete(key []byte) { b.Ops = append(b.Ops, Op{Key: key}) }
