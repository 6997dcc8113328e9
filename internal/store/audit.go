package store

import (
	"errors"
	"fmt"

	"sidegate/internal/mail"
	"sidegate/internal/wire"
)

// audit collects what does not add up.
type audit struct {
	s        *Store
	places   map[mail.ID]int // that hold a message
	where    map[string]bool // index of the entries, as it should be
	index    map[string]bool // index of the mailboxes, as it should be
	depths   map[Lane]*LaneInfo
	counts   map[string]*[2]int // of messages and unacknowledged ones, by mailbox
	aliases  map[string]string  // mailboxes by alias, as their records have them
	findings []string
}

func (a *audit) note(format string, args ...any) {
	a.findings = append(a.findings, fmt.Sprintf(format, args...))
}

// Audit counts, for every message the store keeps, the places that hold it, and returns what does not add up. Nothing
// is committed meanwhile; it takes some seconds for a million messages.
func (s *Store) Audit() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	a := &audit{
		s: s, places: make(map[mail.ID]int), where: make(map[string]bool), index: make(map[string]bool),
		depths: make(map[Lane]*LaneInfo), counts: make(map[string]*[2]int), aliases: make(map[string]string),
	}
	for _, step := range []func() error{a.entries, a.boxes, a.boxEntries, a.badMail, a.messages, a.indexes} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("store: audit: %w", err)
		}
	}
	a.sums()
	return a.findings, nil
}

func (a *audit) entries() error {
	return a.s.table(tableEntry, func(key, value []byte) error {
		name, rest, ok := cutID(key[1:])
		seq, _, found := cutNumber(rest)
		if !ok || !found {
			return errRecord
		}
		e, err := parseEntry(Lane(name), seq, value)
		if err != nil {
			return err
		}
		info, known := a.depths[e.Lane]
		if !known {
			info = &LaneInfo{Lane: e.Lane, Released: seq - 1} // the first one comes first
			a.depths[e.Lane] = info
		}
		info.Assigned = seq
		if !e.Void {
			info.Depth++
			info.Bytes += e.Bytes
			a.places[e.MessageID]++
			a.where[string(whereKey(nil, e.MessageID, e.Lane, seq))] = true
		}
		return nil
	})
}

// boxes collects the aliases. Each belongs to one mailbox, and is the address of none.
func (a *audit) boxes() error {
	return a.s.table(tableBox, func(key, value []byte) error {
		name, _, ok := cutText(key[1:])
		r, err := parseBox(value)
		if !ok || err != nil {
			return errors.Join(errRecord, err)
		}
		for _, alias := range r.aliases {
			if other, twice := a.aliases[alias.Key()]; twice {
				a.note("the alias %s belongs to two mailboxes: %s and %s", alias, other, name)
			}
			if b, ok := a.s.boxes[alias.Key()]; ok && !b.dropped {
				a.note("the alias %s of mailbox %s is the address of a mailbox of its own", alias, name)
			}
			a.aliases[alias.Key()] = name
		}
		return nil
	})
}

func (a *audit) boxEntries() error {
	return a.s.table(tableBoxEntry, func(key, value []byte) error {
		name, _, ok := cutText(key[1:])
		e, err := parseBoxEntry(value)
		if !ok || err != nil {
			return errors.Join(errRecord, err)
		}
		a.places[e.id]++
		a.index[string(boxIndexKey(nil, name, e.id))] = true
		count, known := a.counts[name]
		if !known {
			count = new([2]int)
			a.counts[name] = count
		}
		count[0]++
		if !e.acknowledged {
			count[1]++
		}
		return nil
	})
}

func (a *audit) badMail() error {
	n := 0
	err := a.s.table(tableBad, func(key, value []byte) error {
		id, _, _ := cutText(key[1:])
		b, err := parseBad(id, value)
		if err == nil {
			a.places[b.Message.ID]++
			if b.open() {
				n++
			}
		}
		return err
	})
	if n != a.s.bad {
		a.note("there are %d open pieces of bad mail, but %d are counted", n, a.s.bad)
	}
	return err
}

// messages compares every message with the places found, and looks whether its content is there.
func (a *audit) messages() error {
	names, err := a.s.engine.Files().List()
	if err != nil {
		return err
	}
	files := make(map[string]bool, len(names))
	for _, name := range names {
		files[name] = true
	}
	err = a.s.table(tableMessage, func(key, value []byte) error {
		name, _, _ := cutID(key[1:])
		id := mail.ID(name)
		m, err := wire.Unmarshal(value)
		if err != nil {
			return err
		}
		found := a.places[id]
		delete(a.places, id)
		counted, err := a.counted(id)
		if err != nil {
			return err
		}
		if found != counted {
			a.note("message %s is held by %d places, but %d are counted", id, found, counted)
		}
		return a.content(m, files)
	})
	for id, found := range a.places {
		a.note("message %s is named by %d places, but not there", id, found)
	}
	return err
}

func (a *audit) counted(id mail.ID) (int, error) {
	value, err := a.s.engine.Get(idKey(tableRefs, string(id)))
	if absent(err) {
		return 1, nil
	}
	r := record{b: value}
	return int(r.uint()), errors.Join(err, r.err())
}

func (a *audit) content(m *mail.Message, files map[string]bool) error {
	if name, large := a.s.files[m.ID]; large {
		if !files[name] {
			a.note("content file %s of message %s is missing", name, m.ID)
		}
		return nil
	}
	if m.Size == 0 {
		return nil
	}
	value, err := a.s.engine.Get(idKey(tableInline, string(m.ID)))
	if absent(err) {
		a.note("content of message %s is missing", m.ID)
		return nil
	}
	if err == nil && int64(len(value)) != m.Size {
		a.note("content of message %s has %d bytes instead of %d", m.ID, len(value), m.Size)
	}
	return err
}
