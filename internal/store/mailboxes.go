package store

import (
	"context"
	"errors"
	"fmt"

	"sidegate/internal/mail"
)

// findBox returns the mailbox that an address or an alias leads to, or ErrNotFound. Called with state held.
func (s *Store) findBox(a mail.Address) (*box, error) {
	key := a.Key()
	if main, ok := s.aliases[key]; ok {
		key = main
	}
	if b, ok := s.boxes[key]; ok && !b.dropped {
		return b, nil
	}
	return nil, fmt.Errorf("store: mailbox %s: %w", a, ErrNotFound)
}

// Mailbox describes one mailbox, or returns ErrNotFound. An alias leads to its mailbox, here and everywhere.
func (s *Store) Mailbox(a mail.Address) (MailboxInfo, error) {
	s.state.RLock()
	defer s.state.RUnlock()
	b, err := s.findBox(a)
	if err != nil {
		return MailboxInfo{}, err
	}
	return b.info(), nil
}

// MailboxCount is how many mailboxes there are.
func (s *Store) MailboxCount() int {
	s.state.RLock()
	defer s.state.RUnlock()
	n := 0
	for _, b := range s.boxes {
		if !b.dropped {
			n++
		}
	}
	return n
}

// Mailboxes lists up to max mailboxes by address key, above the key after.
func (s *Store) Mailboxes(after string, max int) ([]MailboxInfo, error) {
	lower := []byte{tableBox}
	if after != "" {
		lower = end(textKey(tableBox, after))
	}
	var infos []MailboxInfo
	err := s.engine.Scan(lower, []byte{tableBox + 1}, false, func(key, _ []byte) bool {
		if len(infos) >= max {
			return false
		}
		name, _, _ := cutText(key[1:])
		s.state.RLock()
		if b, ok := s.boxes[name]; ok && !b.dropped {
			infos = append(infos, b.info())
		}
		s.state.RUnlock()
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("store: list mailboxes: %w", err)
	}
	return infos, nil
}

// MailboxEntries lists up to max durable entries of a mailbox above a position, oldest first.
func (s *Store) MailboxEntries(a mail.Address, after uint64, max int) ([]MailboxEntry, error) {
	s.state.RLock()
	b, err := s.findBox(a)
	if err != nil {
		s.state.RUnlock()
		return nil, err
	}
	durable := b.durable
	s.state.RUnlock()
	if after >= durable || max <= 0 {
		return nil, nil
	}
	type place struct {
		position uint64
		boxEntry
	}
	var places []place
	var failed error
	prefix := textKey(tableBoxEntry, b.key)
	err = s.engine.Scan(numberKey(prefix, after+1), numberKey(prefix, durable+1), false, func(key, value []byte) bool {
		var e boxEntry
		if e, failed = parseBoxEntry(value); failed != nil {
			return false
		}
		places = append(places, place{lastNumber(key), e})
		return len(places) < max
	})
	if err = errors.Join(err, failed); err != nil {
		return nil, fmt.Errorf("store: mailbox %s: %w", a, err)
	}
	entries := make([]MailboxEntry, 0, len(places))
	for _, p := range places {
		e, err := s.mailboxEntry(p.position, p.boxEntry)
		if absent(err) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func (s *Store) mailboxEntry(position uint64, e boxEntry) (MailboxEntry, error) {
	m, err := s.Message(e.id)
	if err != nil {
		return MailboxEntry{}, err
	}
	return MailboxEntry{Position: position, Message: m, Delivered: e.delivered, Acknowledged: e.acknowledged}, nil
}

// MailboxEntry finds a message in a mailbox, or returns ErrNotFound.
func (s *Store) MailboxEntry(a mail.Address, id mail.ID) (MailboxEntry, error) {
	notFound := fmt.Errorf("store: message %s in mailbox %s: %w", id, a, ErrNotFound)
	s.state.RLock()
	b, err := s.findBox(a)
	if err != nil {
		s.state.RUnlock()
		return MailboxEntry{}, notFound
	}
	key, durable := b.key, b.durable
	s.state.RUnlock()
	value, err := s.engine.Get(boxIndexKey(nil, key, id))
	if absent(err) {
		return MailboxEntry{}, notFound
	}
	if err != nil {
		return MailboxEntry{}, err
	}
	index, err := parseBoxIndex(value)
	if err != nil {
		return MailboxEntry{}, err
	}
	if index.position == 0 || index.position > durable {
		return MailboxEntry{}, notFound
	}
	value, err = s.engine.Get(numberKey(textKey(tableBoxEntry, key), index.position))
	if err != nil {
		return MailboxEntry{}, fmt.Errorf("store: message %s in mailbox %s: %w", id, a, err)
	}
	e, err := parseBoxEntry(value)
	if err != nil {
		return MailboxEntry{}, err
	}
	return s.mailboxEntry(index.position, e)
}

// WaitMailbox blocks until something durable was delivered above a position. It may have been deleted again: when
// MailboxEntries then returns nothing, go on from MailboxInfo.Last. It fails with ErrNotFound when there is no such
// mailbox, or none any more.
func (s *Store) WaitMailbox(ctx context.Context, a mail.Address, after uint64) error {
	for {
		s.state.Lock()
		b, err := s.findBox(a)
		if err != nil || b.durable > after {
			s.state.Unlock()
			return err
		}
		changed := b.shown.wait()
		s.state.Unlock()
		if err := s.await(ctx, changed); err != nil {
			return err
		}
	}
}
