package store

import (
	"fmt"

	"sidegate/internal/mail"
)

// putBad writes a piece of bad mail, without its message.
func putBad(b []byte, x *Bad) []byte {
	b = putText(b, string(x.Message.ID))
	b = putAddresses(b, x.Recipients)
	b = putText(b, x.Reason)
	b = putText(b, x.Explanation)
	b = putTime(b, x.Time)
	b = putText(b, string(x.ReportID))
	return putText(b, string(x.RetriedAs))
}

// parseBad reads a piece of bad mail; of its message only the ID is there.
func parseBad(id string, value []byte) (Bad, error) {
	r := record{b: value}
	x := Bad{ID: id, Message: &mail.Message{ID: mail.ID(r.text())}}
	x.Recipients = r.addresses()
	x.Reason = r.text()
	x.Explanation = r.text()
	x.Time = r.time()
	x.ReportID = mail.ID(r.text())
	x.RetriedAs = mail.ID(r.text())
	if r.failed {
		return x, fmt.Errorf("store: bad mail %s: %w", id, errRecord)
	}
	return x, nil
}

// AddBad puts a kept message into bad mail; b.Message names it. It returns the ID given to it.
func (tx *Tx) AddBad(b Bad) (string, error) {
	if b.Message == nil {
		return "", fmt.Errorf("store: bad mail without a message")
	}
	held, err := tx.must(b.Message.ID)
	if err != nil {
		return "", err
	}
	held.change++
	if b.Time.IsZero() {
		b.Time = tx.now
	}
	// The count is used up even if the commit comes to nothing: an ID never means two things.
	tx.s.counts.bad++
	tx.set(metaKey(metaBad), putUint(nil, tx.s.counts.bad))
	id := fmt.Sprintf("bad-%08d", tx.s.counts.bad)
	tx.set(textKey(tableBad, id), putBad(nil, &b))
	tx.bad++
	return id, nil
}

// badRecord finds a piece of bad mail within a commit.
func (tx *Tx) badRecord(id string) (Bad, error) {
	value, err := tx.get(textKey(tableBad, id))
	if err != nil {
		return Bad{}, fmt.Errorf("store: bad mail %s: %w", id, err)
	}
	return parseBad(id, value)
}

// DropBad removes a piece of bad mail; ErrNotFound if it is not there.
func (tx *Tx) DropBad(id string) error {
	b, err := tx.badRecord(id)
	if err != nil {
		return err
	}
	tx.unset(textKey(tableBad, id))
	tx.existing(b.Message.ID).change--
	if b.open() {
		tx.bad--
	}
	return nil
}

// MarkRetried notes the message made of a piece of bad mail. The piece stays, and counts no more.
func (tx *Tx) MarkRetried(id string, as mail.ID) error {
	b, err := tx.badRecord(id)
	if err != nil {
		return err
	}
	if b.open() {
		tx.bad--
	}
	b.RetriedAs = as
	tx.set(textKey(tableBad, id), putBad(nil, &b))
	return nil
}

// Bad returns one piece of bad mail, or ErrNotFound. Its content is Content(bad.Message.ID).
func (s *Store) Bad(id string) (Bad, error) {
	value, err := s.engine.Get(textKey(tableBad, id))
	if err != nil {
		return Bad{}, fmt.Errorf("store: bad mail %s: %w", id, err)
	}
	b, err := parseBad(id, value)
	if err != nil {
		return Bad{}, err
	}
	b.Message, err = s.Message(b.Message.ID)
	return b, err
}

// BadMail lists up to max pieces of bad mail with IDs above after, oldest first.
func (s *Store) BadMail(after string, max int) ([]Bad, error) {
	lower := []byte{tableBad}
	if after != "" {
		lower = end(textKey(tableBad, after))
	}
	var ids []string
	err := s.engine.Scan(lower, []byte{tableBad + 1}, false, func(key, _ []byte) bool {
		if len(ids) >= max {
			return false
		}
		id, _, _ := cutText(key[1:])
		ids = append(ids, id)
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("store: list bad mail: %w", err)
	}
	list := make([]Bad, 0, len(ids))
	for _, id := range ids {
		b, err := s.Bad(id)
		if absent(err) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}

// LastBad is the ID of the newest piece of bad mail that is there, empty if there is none.
func (s *Store) LastBad() (string, error) {
	last := ""
	err := s.engine.Scan([]byte{tableBad}, []byte{tableBad + 1}, true, func(key, _ []byte) bool {
		last, _, _ = cutText(key[1:])
		return false
	})
	if err != nil {
		return "", fmt.Errorf("store: find the newest bad mail: %w", err)
	}
	return last, nil
}

// open reports whether a piece still waits for somebody to settle it.
func (x *Bad) open() bool { return x.RetriedAs == "" }

// BadCount is how many pieces of bad mail nobody has settled: those that were tried again are not counted.
func (s *Store) BadCount() int {
	s.state.RLock()
	defer s.state.RUnlock()
	return s.bad
}
