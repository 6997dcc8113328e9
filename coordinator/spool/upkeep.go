package spool

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sidegate/internal/store"
)

// ages is what was observed before: how long files have been as they are, over all processes. File times are never asked.
type ages struct {
	Inbound  map[string]time.Duration `json:"inbound,omitempty"` // by directory, name, size and time
	Outbound map[uint64]time.Duration `json:"outbound,omitempty"`
	Own      time.Duration            `json:"own,omitempty"`
}

func ageKey(dir string, e Entry) string {
	return fmt.Sprintf("%s/%s/%d/%d", dir, e.Name, e.Size, e.ModTime.Unix())
}

// saveAges writes the ages, at most once a minute and only when something waits.
func (s *Spool) saveAges(ctx context.Context) error {
	now := time.Now()
	a := ages{Inbound: map[string]time.Duration{}, Outbound: map[uint64]time.Duration{}}
	s.mu.Lock()
	for _, b := range s.in {
		for _, g := range b.seen {
			if len(a.Inbound) < 1000 && g.age(now) > s.o.Scan {
				a.Inbound[ageKey(b.name, g.Entry)] = g.age(now)
			}
		}
	}
	if s.out != nil {
		for _, e := range s.out.entries {
			if e.State == entryPublished {
				a.Outbound[e.N] = e.age(now)
			}
		}
		if s.out.ours.pending() {
			a.Own = s.out.ours.age(now)
		}
	}
	empty := len(a.Inbound) == 0 && len(a.Outbound) == 0 && a.Own == 0
	was := s.savedAges
	s.savedAges = !empty
	s.mu.Unlock()
	if empty && !was {
		return nil
	}
	return s.journal.put(ctx, tableSpool, "ages", a)
}

// loadAges reads them at a start. Those of files we read are used when the files are seen again.
func (s *Spool) loadAges() error {
	var a ages
	if _, err := s.journal.get(tableSpool, "ages", &a); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.carried = a.Inbound
	if s.out != nil {
		for n, d := range a.Outbound {
			if e := s.out.entries[n]; e != nil {
				e.Age = max(e.Age, d)
			}
		}
		s.out.ours.Age = max(s.out.ours.Age, a.Own)
	}
	return nil
}

// sweep removes records that are past their time.
func (s *Spool) sweep(ctx context.Context) error {
	now := s.store.Now()
	var claims []*claim
	for _, b := range s.in {
		claims = append(claims, b.forgotten(now)...)
	}
	entries := s.pastEntries(now)
	prints, err := s.oldRecords(tablePrints, maxPrints, now)
	if err != nil {
		return err
	}
	copies, err := s.oldRecords(tableHandshakes, maxCopies, now)
	if err != nil {
		return err
	}
	if len(claims)+len(entries)+len(prints)+len(copies) == 0 {
		return nil
	}
	return s.journal.commit(ctx, func(tx *store.Tx) error {
		for _, c := range claims {
			tx.Put(tableClaims, c.key(), nil)
		}
		for _, e := range entries {
			tx.Put(tableEntries, e.key(), nil)
		}
		for _, key := range prints {
			tx.Put(tablePrints, key, nil)
		}
		for _, key := range copies {
			tx.Put(tableHandshakes, key, nil)
		}
		return nil
	})
}

// pastEntries forgets files that were taken long ago: they can no longer be matched with BADMAIL, nor be recognised when
// offered again.
func (s *Spool) pastEntries(now time.Time) (drop []*entry) {
	if s.out == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*entry
	for _, list := range s.out.past {
		all = append(all, list...)
	}
	slices.SortFunc(all, func(x, y *entry) int { return cmp.Compare(x.N, y.N) })
	for i, e := range all {
		if now.Sub(e.Time) < keepRecords && len(all)-i <= maxKept {
			continue
		}
		drop = append(drop, e)
		s.out.unknow(e)
		s.out.past[e.SHA256] = slices.DeleteFunc(s.out.past[e.SHA256], func(f *entry) bool { return f == e })
		if len(s.out.past[e.SHA256]) == 0 {
			delete(s.out.past, e.SHA256)
		}
	}
	return drop
}

// oldRecords are the keys of records that are too old, or too many: the oldest go.
func (s *Spool) oldRecords(table string, most int, now time.Time) ([]string, error) {
	type dated struct {
		key  string
		time time.Time
	}
	var all []dated
	err := s.store.Records(table, func(key string, data []byte) bool {
		var r struct {
			Time time.Time `json:"time"`
		}
		_ = json.Unmarshal(data, &r) // what cannot be read is as old as can be
		all = append(all, dated{key, r.Time})
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("spool: read the journal: %s: %w", table, err)
	}
	slices.SortFunc(all, func(x, y dated) int { return x.time.Compare(y.time) })
	var keys []string
	for i, d := range all {
		if now.Sub(d.time) >= keepRecords || len(all)-i > most {
			keys = append(keys, d.key)
		}
	}
	return keys, nil
}
