package store

import (
	"errors"
	"fmt"

	"sidegate/internal/mail"
)

// table calls fn for every record of a table until it fails.
func (s *Store) table(table byte, fn func(key, value []byte) error) error {
	var failed error
	err := s.engine.Scan([]byte{table}, []byte{table + 1}, false, func(key, value []byte) bool {
		failed = fn(key, value)
		return failed == nil
	})
	return errors.Join(err, failed)
}

func (s *Store) loadLanes() error {
	return s.table(tableLane, func(key, value []byte) error {
		name, _, ok := cutID(key[1:])
		r, err := parseLane(value)
		if !ok || err != nil {
			return fmt.Errorf("lane %q: %w", name, errRecord)
		}
		l := newLane(Lane(name))
		l.assigned, l.durable, l.released = r.assigned, r.assigned, r.released
		s.lanes[l.name] = l
		return nil
	})
}

func (s *Store) loadEntries() error {
	for _, l := range s.lanes {
		err := s.scanLane(l, l.released+1, ^uint64(0), func(e Entry) bool {
			l.assigned = max(l.assigned, e.Seq)
			l.durable = l.assigned
			if !e.Void {
				l.put(e.Seq, e.Queued, e.Bytes)
			}
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) loadBoxes() error {
	return s.table(tableBox, func(key, value []byte) error {
		name, _, ok := cutText(key[1:])
		r, err := parseBox(value)
		if !ok || err != nil {
			return fmt.Errorf("mailbox %q: %w", name, errRecord)
		}
		s.boxes[name] = &box{
			address: r.address, key: name, owners: r.owners, created: r.created, last: r.reserved, reserved: r.reserved,
			durable: r.reserved, dropped: r.dropped, aliases: r.aliases,
		}
		for _, alias := range r.aliases {
			s.aliases[alias.Key()] = name
		}
		return nil
	})
}

func (s *Store) loadBoxEntries() error {
	return s.table(tableBoxEntry, func(key, value []byte) error {
		name, _, ok := cutText(key[1:])
		e, err := parseBoxEntry(value)
		b, known := s.boxes[name]
		if !ok || err != nil || !known {
			return fmt.Errorf("entry of mailbox %q: %w", name, errRecord)
		}
		b.messages++
		if !e.acknowledged {
			b.unread++
		}
		return nil
	})
}

func (s *Store) loadSenders() error {
	err := s.table(tablePeer, func(key, value []byte) error {
		peer, _, ok := cutID(key[1:])
		r := record{b: value}
		s.sender(mail.StoreID(peer)).epoch = r.uint()
		if !ok || r.failed {
			return fmt.Errorf("peer %q: %w", peer, errRecord)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = s.table(tableInbound, func(key, value []byte) error {
		peer, _, ok := cutID(key[1:])
		in, err := parseInbound(mail.StoreID(peer), value)
		if !ok || err != nil {
			return fmt.Errorf("account of sender %q: %w", peer, errRecord)
		}
		p := s.sender(mail.StoreID(peer))
		p.account, p.durable = in, in
		return nil
	})
	if err != nil {
		return err
	}
	return s.table(tableBad, func(key, value []byte) error {
		id, _, _ := cutText(key[1:])
		if b, err := parseBad(id, value); err != nil || b.open() { // what cannot be read is open: the audit tells of it
			s.bad++
		}
		return nil
	})
}

func (s *Store) loadFiles() error {
	return s.table(tableFile, func(key, value []byte) error {
		id, _, ok := cutID(key[1:])
		if !ok {
			return fmt.Errorf("content file %q: %w", value, errRecord)
		}
		s.files[mail.ID(id)] = string(value)
		return nil
	})
}
