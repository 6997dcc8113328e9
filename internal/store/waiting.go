package store

import (
	"context"
	"errors"
	"fmt"

	"sidegate/internal/mail"
)

// Entries returns up to max durable entries of a lane with numbers above after, voids included, in order.
func (s *Store) Entries(name Lane, after uint64, max int) ([]Entry, error) {
	s.state.RLock()
	l, ok := s.lanes[name]
	if !ok {
		s.state.RUnlock()
		return nil, nil
	}
	durable, released := l.durable, l.released
	s.state.RUnlock()
	if after < released {
		after = released // what lies below is gone: a scan would only pass over its remains
	}
	if after >= durable || max <= 0 {
		return nil, nil
	}
	var entries []Entry
	err := s.scanLane(l, after+1, durable, func(e Entry) bool {
		entries = append(entries, e)
		return len(entries) < max
	})
	if err != nil {
		return nil, err
	}
	return entries, s.awaitRewrites(l)
}

// awaitRewrites waits until what was read of a lane cannot be taken back: an entry that has just become a void, or
// lost a recipient, would come back after a power cut, although the receiver had been told so.
func (s *Store) awaitRewrites(l *lane) error {
	s.state.RLock()
	order := l.rewritten
	s.state.RUnlock()
	return s.awaitDurable(order)
}

// scanLane calls fn for the entries first to last.
func (s *Store) scanLane(l *lane, first, last uint64, fn func(Entry) bool) error {
	if first > last {
		return nil
	}
	upper := end(l.prefix)
	if last != ^uint64(0) {
		upper = numberKey(l.prefix, last+1)
	}
	var failed error
	err := s.engine.Scan(numberKey(l.prefix, first), upper, false, func(key, value []byte) bool {
		var e Entry
		if e, failed = parseEntry(l.name, lastNumber(key), value); failed != nil {
			return false
		}
		return fn(e)
	})
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("store: lane %s: %w", l.name, err)
	}
	return nil
}

// Entry returns one entry, durable or not, or ErrNotFound when it has been let go.
func (s *Store) Entry(name Lane, seq uint64) (Entry, error) {
	value, err := s.engine.Get(numberKey(idKey(tableEntry, string(name)), seq))
	if err != nil {
		return Entry{}, fmt.Errorf("store: lane %s, number %d: %w", name, seq, err)
	}
	return parseEntry(name, seq, value)
}

// EntriesOf returns every entry, in any lane, that carries the message.
func (s *Store) EntriesOf(id mail.ID) ([]Entry, error) {
	prefix := idKey(tableWhere, string(id))
	type place struct {
		lane Lane
		seq  uint64
	}
	var places []place
	err := s.engine.Scan(prefix, end(prefix), false, func(key, _ []byte) bool {
		name, rest, ok := cutID(key[len(prefix):])
		if seq, _, found := cutNumber(rest); ok && found {
			places = append(places, place{Lane(name), seq})
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("store: entries of %s: %w", id, err)
	}
	var entries []Entry
	for _, p := range places {
		e, err := s.Entry(p.lane, p.seq)
		if absent(err) {
			continue // let go meanwhile
		}
		if err != nil {
			return nil, err
		}
		if !e.Void {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// laneOf finds a lane, or makes one that is empty.
func (s *Store) laneOf(name Lane) *lane {
	s.state.RLock()
	l, ok := s.lanes[name]
	s.state.RUnlock()
	if ok {
		return l
	}
	s.state.Lock()
	defer s.state.Unlock()
	if l, ok = s.lanes[name]; !ok {
		l = newLane(name)
		s.lanes[name] = l
	}
	return l
}

// WaitLane blocks until a durable number above after has been assigned in the lane. What it stood for may have gone
// again: when Entries then returns nothing, go on from LaneInfo.Durable.
func (s *Store) WaitLane(ctx context.Context, name Lane, after uint64) error {
	for {
		l := s.laneOf(name)
		s.state.Lock()
		if l.durable > after {
			s.state.Unlock()
			return nil
		}
		changed := l.shown.wait()
		s.state.Unlock()
		if err := s.await(ctx, changed); err != nil {
			return err
		}
	}
}
