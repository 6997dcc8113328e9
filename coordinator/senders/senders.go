// Package senders keeps the list of those who may send through a spool.
//
// The old gateway could be told to take mail of registered users only (Microsoft: "Registered Users Only", WA0728). The
// list is part of the coordinator's store and not of the spool: whoever can write files there could write the list, too.
// It names senders, not people: nothing in a file proves who wrote it.
package senders

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// table holds the patterns in the store, by their keys.
const table = "senders"

// maxListed is how many patterns are kept.
const maxListed = 100_000

// ErrTooMany says that the list is full.
var ErrTooMany = errors.New("the list is full")

// FaultPoints lists where the fault function is called: just before and just after each commit.
var FaultPoints = []string{"senders.update.before", "senders.update.after"}

// List is the list. Its methods may be called from several goroutines.
type List struct {
	store *store.Store
	fault func(point string)

	changing sync.Mutex // held over a commit, before mu

	mu     sync.RWMutex            // guards what follows; changed under both
	listed map[string]mail.Pattern // by key
	open   []mail.Pattern          // those that cover more than one address
}

// Open reads the list from the store. fault may be nil.
func Open(s *store.Store, fault func(point string)) (*List, error) {
	if fault == nil {
		fault = func(string) {}
	}
	l := &List{store: s, fault: fault}
	listed := map[string]mail.Pattern{}
	var bad error
	err := s.Records(table, func(key string, value []byte) bool {
		p, err := mail.ParsePattern(string(value))
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("%s: %w", key, err))
			return true
		}
		listed[key] = p
		return true
	})
	if err = errors.Join(err, bad); err != nil {
		return nil, fmt.Errorf("senders: read the list: %w", err)
	}
	l.show(listed)
	return l, nil
}

// show makes a list current.
func (l *List) show(listed map[string]mail.Pattern) {
	var open []mail.Pattern
	for _, key := range slices.Sorted(maps.Keys(listed)) {
		if p := listed[key]; !p.Exact() {
			open = append(open, p)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listed, l.open = listed, open
}

// Has reports whether an address may send.
func (l *List) Has(a mail.Address) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if _, ok := l.listed[a.Key()]; ok {
		return true // a pattern that is spelled like an address covers it
	}
	return slices.ContainsFunc(l.open, func(p mail.Pattern) bool { return p.Match(a) })
}

// keyOf is equal for patterns that cover the same addresses.
func keyOf(p mail.Pattern) string {
	a, err := mail.ParseAddress(p.String())
	if err != nil {
		return p.String() // * alone is no address
	}
	return a.Key()
}

// Update adds and removes patterns, durably and in one commit, and counts those that were not there, or were. One that is
// named in both is listed afterwards.
func (l *List) Update(ctx context.Context, add, remove []mail.Pattern) (added, removed int, err error) {
	l.changing.Lock()
	defer l.changing.Unlock()
	listed := maps.Clone(l.listed)
	for _, p := range remove {
		if _, there := listed[keyOf(p)]; there {
			delete(listed, keyOf(p))
			removed++
		}
	}
	for _, p := range add {
		if _, there := listed[keyOf(p)]; !there {
			listed[keyOf(p)] = p
			added++
		}
	}
	if len(listed) > maxListed {
		return 0, 0, fmt.Errorf("senders: %d entries: %w", len(listed), ErrTooMany)
	}
	l.fault("senders.update.before")
	err = l.store.CommitCustody(ctx, func(tx *store.Tx) error {
		for key := range l.listed {
			if _, still := listed[key]; !still {
				tx.Put(table, key, nil)
			}
		}
		for key, p := range listed {
			if was, known := l.listed[key]; !known || was.String() != p.String() {
				tx.Put(table, key, []byte(p.String()))
			}
		}
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("senders: change the list: %w", err)
	}
	l.fault("senders.update.after")
	l.show(listed)
	return added, removed, nil
}

// Page lists up to max patterns by key, above a key; next is empty at the end.
func (l *List) Page(after string, max int) (page []mail.Pattern, next string) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	keys := slices.Sorted(maps.Keys(l.listed))
	at, found := slices.BinarySearch(keys, after)
	if found {
		at++
	}
	to := min(len(keys), at+max)
	for _, key := range keys[at:to] {
		page = append(page, l.listed[key])
	}
	if at < to && to < len(keys) {
		next = keys[to-1]
	}
	return page, next
}
