package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/google/uuid"
)

// Draft is content on its way in: in memory up to the inline limit, in a file of its own beyond it. It is used by one
// goroutine at a time.
type Draft struct {
	s      *Store
	limit  int64
	size   int64
	hash   hash.Hash
	sum    [32]byte
	inline []byte
	name   string // of the file, once there is one
	file   File   // until sealed
	err    error  // what made it useless
	sealed bool
	wanted bool // a commit being built may name the file
	kept   bool // a commit named the file
}

var errSealed = errors.New("draft is sealed")

// NewDraft begins content of at most limit bytes. The caller must Seal or Discard it.
func (s *Store) NewDraft(limit int64) *Draft {
	return &Draft{s: s, limit: limit, hash: sha256.New()}
}

// Write adds bytes. Beyond the limit it fails with an error that wraps ErrTooLarge and names the limit; with ErrFull
// when a large one finds no room, or none any more.
func (d *Draft) Write(p []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	if d.sealed {
		return 0, errSealed
	}
	if d.size+int64(len(p)) > d.limit {
		d.err = fmt.Errorf("%w: the most is %d bytes", ErrTooLarge, d.limit)
		return 0, d.err
	}
	if err := d.add(p); err != nil {
		d.err = err
		return 0, err
	}
	d.hash.Write(p)
	d.size += int64(len(p))
	return len(p), nil
}

func (d *Draft) add(p []byte) error {
	if d.file == nil && d.size+int64(len(p)) <= d.s.o.InlineLimit {
		if d.inline == nil {
			d.inline = make([]byte, 0, min(d.limit, d.s.o.InlineLimit))
		}
		d.inline = append(d.inline, p...)
		return nil
	}
	// Asked every time: many that begin while there is room for each would together fill the disk.
	if err := d.s.room(); err != nil {
		return err
	}
	if d.file == nil {
		if err := d.begin(); err != nil {
			return err
		}
	}
	return d.writeFile(p)
}

// begin moves what has been written so far into a file.
func (d *Draft) begin() error {
	if err := d.s.failedError(); err != nil {
		return err
	}
	name := uuid.NewString()
	file, err := d.s.engine.Files().Create(name)
	if err != nil {
		return d.s.fail(fmt.Errorf("store: create content file: %w", err))
	}
	d.name, d.file = name, file
	written := d.inline
	d.inline = nil
	return d.writeFile(written)
}

func (d *Draft) writeFile(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if _, err := d.file.Write(p); err != nil {
		return d.s.fail(fmt.Errorf("store: write content file: %w", err))
	}
	d.s.space.wrote(uint64(len(p)))
	return nil
}

// Seal ends the content and makes it durable if it is in a file. A sealed draft can be opened and kept.
func (d *Draft) Seal() error {
	if d.err != nil || d.sealed {
		return d.err
	}
	if d.file != nil {
		if d.err = d.flush(); d.err != nil {
			return d.err
		}
	}
	d.hash.Sum(d.sum[:0])
	d.sealed = true
	return nil
}

// flush makes the file and its name durable.
func (d *Draft) flush() error {
	s := d.s
	if err := s.failedError(); err != nil {
		return err
	}
	s.o.Fault("store.content.after-write")
	if err := d.file.Sync(); err != nil {
		return s.fail(fmt.Errorf("store: flush content file: %w", err))
	}
	s.o.Fault("store.content.after-sync")
	file := d.file
	d.file = nil
	if err := file.Close(); err != nil {
		return s.fail(fmt.Errorf("store: close content file: %w", err))
	}
	if err := s.engine.Files().Sync(); err != nil {
		return s.fail(fmt.Errorf("store: flush content directory: %w", err))
	}
	s.o.Fault("store.content.after-directory-sync")
	return nil
}

// Size is the number of bytes written so far.
func (d *Draft) Size() int64 { return d.size }

// SHA256 is the hash of a sealed draft.
func (d *Draft) SHA256() [32]byte { return d.sum }

// Open opens a sealed draft for reading. Together with Size and SHA256 this makes it a mail.Content.
func (d *Draft) Open() (io.ReadCloser, error) {
	switch {
	case d.err != nil:
		return nil, d.err
	case !d.sealed:
		return nil, errors.New("draft is not sealed")
	case d.name == "":
		return io.NopCloser(bytes.NewReader(d.inline)), nil
	}
	r, err := d.s.engine.Files().Open(d.name)
	if err != nil {
		return nil, fmt.Errorf("store: open draft: %w", err)
	}
	return newCheckedReader(r, d.size, d.sum), nil
}

// Discard removes a draft that was not kept. After Keep has been committed it does nothing, so it can be deferred.
func (d *Draft) Discard() {
	if d.kept || d.name == "" || d.s.failedError() != nil {
		return
	}
	if d.file != nil {
		if err := d.file.Close(); err != nil {
			_ = d.s.fail(fmt.Errorf("store: close content file: %w", err)) // Discard has nobody to tell
			return
		}
		d.file = nil
	}
	_ = d.s.removeFiles([]string{d.name}) // a failure is the store's, and noted there
	d.name, d.err = "", errors.New("draft was discarded")
}
