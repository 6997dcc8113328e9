package store

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"sync"

	"sidegate/internal/mail"
)

// storedContent is the content of a kept message.
type storedContent struct {
	s    *Store
	id   mail.ID
	size int64
	sum  [32]byte
}

// Content returns a message's content, or ErrNotFound. Reading it to the end checks its hash: ErrCorrupt.
func (s *Store) Content(id mail.ID) (mail.Content, error) {
	m, err := s.Message(id)
	if err != nil {
		return nil, err
	}
	return s.ContentOf(m), nil
}

// ContentOf is Content for a message that has been read already.
func (s *Store) ContentOf(m *mail.Message) mail.Content {
	return storedContent{s, m.ID, m.Size, m.SHA256}
}

func (c storedContent) Size() int64      { return c.size }
func (c storedContent) SHA256() [32]byte { return c.sum }

// Open opens the content, wherever it is kept.
func (c storedContent) Open() (io.ReadCloser, error) {
	if c.size == 0 {
		return io.NopCloser(bytes.NewReader(nil)), nil
	}
	r, err := c.open()
	if err != nil {
		return nil, fmt.Errorf("store: content of %s: %w", c.id, err)
	}
	return newCheckedReader(r, c.size, c.sum), nil
}

func (c storedContent) open() (io.ReadCloser, error) {
	if c.size <= c.s.o.InlineLimit {
		value, err := c.s.engine.Get(idKey(tableInline, string(c.id)))
		if err == nil {
			return io.NopCloser(bytes.NewReader(value)), nil
		}
		if !absent(err) {
			return nil, err
		}
	}
	name, err := c.s.engine.Get(idKey(tableFile, string(c.id)))
	if absent(err) {
		// The limit may have been higher when the content was written.
		value, err := c.s.engine.Get(idKey(tableInline, string(c.id)))
		return io.NopCloser(bytes.NewReader(value)), err
	}
	if err != nil {
		return nil, err
	}
	return c.s.engine.Files().Open(string(name))
}

// checkedReader fails with ErrCorrupt instead of ending when the bytes were not the ones that were kept.
type checkedReader struct {
	r    io.ReadCloser
	hash hash.Hash
	left int64
	sum  [32]byte
}

func newCheckedReader(r io.ReadCloser, size int64, sum [32]byte) *checkedReader {
	return &checkedReader{r: r, hash: sha256.New(), left: size, sum: sum}
}

// Read reads on.
func (c *checkedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.hash.Write(p[:n])
	c.left -= int64(n)
	if c.left < 0 || err == io.EOF && !c.intact() {
		return n, ErrCorrupt
	}
	return n, err
}

func (c *checkedReader) intact() bool {
	return c.left == 0 && [32]byte(c.hash.Sum(nil)) == c.sum
}

// Close closes the content.
func (c *checkedReader) Close() error { return c.r.Close() }

// removals removes content files that nothing names any more, unless a checkpoint still needs them.
type removals struct {
	mu     sync.Mutex
	paused int      // checkpoints being made
	later  []string // files to remove after them
}

// removeFiles removes content files, now or after the checkpoint being made. There is no hurry to make that durable:
// files that no record names are removed when the store is opened.
func (s *Store) removeFiles(names []string) error {
	if len(names) == 0 {
		return nil
	}
	s.removals.mu.Lock()
	defer s.removals.mu.Unlock()
	if s.removals.paused > 0 {
		s.removals.later = append(s.removals.later, names...)
		return nil
	}
	s.o.Fault("store.content.before-remove")
	for _, name := range names {
		if err := s.engine.Files().Remove(name); err != nil {
			return s.fail(fmt.Errorf("store: remove content file: %w", err))
		}
	}
	s.state.Lock()
	for _, name := range names {
		delete(s.leaving, name)
	}
	s.state.Unlock()
	s.o.Fault("store.content.after-remove")
	return nil
}
