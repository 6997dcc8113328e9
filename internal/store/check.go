package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"sidegate/internal/mail"
	"sidegate/internal/wire"
)

// checkPage is how many messages are looked up at a time.
const checkPage = 256

// CheckContent reads the content of every message that the store keeps and calls fn for each, with what is wrong with it, nil if
// nothing is. Mail goes on meanwhile: what comes later may be left out, and what goes is no fault. It ends with fn's error.
func (s *Store) CheckContent(ctx context.Context, fn func(m *mail.Message, damage error) error) error {
	for lower := []byte{tableMessage}; lower != nil; {
		var page []*mail.Message
		var last []byte
		var failed error
		err := s.engine.Scan(lower, []byte{tableMessage + 1}, false, func(key, value []byte) bool {
			var m *mail.Message
			if m, failed = wire.Unmarshal(value); failed != nil {
				failed = fmt.Errorf("message %q: %w", key[1:], failed)
				return false
			}
			page, last = append(page, m), append(last[:0], key...)
			return len(page) < checkPage
		})
		if err = errors.Join(err, failed); err != nil {
			return fmt.Errorf("store: check: %w", err)
		}
		if lower = nil; len(page) == checkPage {
			lower = append(last, 0)
		}
		for _, m := range page {
			if err := ctx.Err(); err != nil {
				return err
			}
			damage := s.readThrough(m)
			if damage != nil {
				if _, err := s.Message(m.ID); absent(err) {
					continue // it went meanwhile
				}
			}
			if err := fn(m, damage); err != nil {
				return err
			}
		}
	}
	return nil
}

// readThrough reads a message's content to its end.
func (s *Store) readThrough(m *mail.Message) error {
	r, err := s.ContentOf(m).Open()
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	return err
}

// Damaged opens what lies on the disk as the content of a message, whether or not it is what was kept; nothing if there is none.
func (s *Store) Damaged(m *mail.Message) (io.ReadCloser, error) {
	r, err := storedContent{s, m.ID, m.Size, m.SHA256}.open()
	if absent(err) || err != nil && s.failedError() == nil {
		return io.NopCloser(eof{}), nil // a file that is missing or cannot be opened has nothing to save
	}
	return r, err
}

// eof is empty content.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
