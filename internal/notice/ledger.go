package notice

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sidegate/internal/store"
)

// entry is what is known of one trouble.
type entry struct {
	key string
	saved
	here  bool      // it was there at the last look
	seen  bool      // it was there at some look since the start
	since time.Time // since when it is there, or is not
	told  time.Time // by our own clock; zero: never, or long ago
}

// saved is what lasts over a restart.
type saved struct {
	// Open says that it was told of, and its end was not.
	Open  bool      `json:"open"`
	Told  time.Time `json:"told"`
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended"`
	Times int       `json:"times"` // it began since it was told of last
	Text  string    `json:"text"`
}

// ledger holds the troubles by key.
type ledger struct {
	entries   map[string]*entry
	forgotten []string // whose records go with the next mail
}

func loadLedger(s *store.Store) (*ledger, error) {
	l := &ledger{entries: map[string]*entry{}}
	var bad error
	err := s.Records(tableTroubles, func(key string, value []byte) bool {
		e := &entry{key: key, since: time.Now()}
		if bad = json.Unmarshal(value, &e.saved); bad == nil {
			e.told = before(s, e.Told)
			l.entries[key] = e
		}
		return bad == nil
	})
	if err = cmp.Or(err, bad); err != nil {
		return nil, fmt.Errorf("notice: read what was told: %w", err)
	}
	return l, nil
}

// see takes in what is wrong now. wall is the time for people.
func (l *ledger) see(troubles []Trouble, now, wall time.Time) {
	there := map[string]bool{}
	for _, t := range troubles {
		there[t.Key] = true
		e := l.entries[t.Key]
		if t.Asleep {
			if e != nil && !e.here {
				e.since = now
			}
			continue
		}
		if e == nil {
			e = &entry{key: t.Key}
			l.entries[t.Key] = e
		}
		if !e.here {
			e.here, e.seen, e.since, e.Ended = true, true, now, time.Time{}
			if e.Times++; !e.Open {
				e.Began = wall
			}
		}
		e.Text = t.Text
	}
	for key, e := range l.entries {
		switch {
		case there[key]:
		case e.here:
			e.here, e.since, e.Ended = false, now, wall
		case !e.Open && now.Sub(e.since) > remind && now.Sub(e.told) > remind:
			delete(l.entries, key)
			if !e.Told.IsZero() {
				l.forgotten = append(l.forgotten, key)
			}
		}
	}
}

// settled reports whether a trouble has been there, or gone, for long enough to say so.
func (e *entry) settled(now time.Time) bool { return now.Sub(e.since) >= settle }

// untold reports whether nothing was said of a trouble for a time.
func (e *entry) untold(now time.Time, d time.Duration) bool {
	return e.told.IsZero() || now.Sub(e.told) >= d
}

func (e *entry) begins(now time.Time) bool { return e.here && !e.Open && e.untold(now, period) }
func (e *entry) lasts(now time.Time) bool  { return e.here && e.Open && e.untold(now, remind) }
func (e *entry) ended(now time.Time) bool {
	return !e.here && e.Open && e.settled(now) && (e.seen || now.Sub(e.since) >= relearn)
}

// due reports whether there is something to send a mail for.
func (l *ledger) due(now time.Time) bool {
	for _, e := range l.entries {
		if e.begins(now) && e.settled(now) || e.lasts(now) || e.ended(now) && e.untold(now, period) {
			return true
		}
	}
	return false
}

// begun, lasting and over are what a mail tells, whatever it is sent for.
func (l *ledger) begun(now time.Time) []entry {
	return l.those(func(e *entry) bool { return e.begins(now) })
}
func (l *ledger) lasting(now time.Time) []entry {
	return l.those(func(e *entry) bool { return e.lasts(now) })
}
func (l *ledger) over(now time.Time) []entry {
	return l.those(func(e *entry) bool { return e.ended(now) })
}

func (l *ledger) those(so func(*entry) bool) []entry {
	var list []entry
	for _, e := range l.entries {
		if so(e) {
			list = append(list, *e)
		}
	}
	slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	return list
}

// record writes down what a letter tells.
func (l *ledger) record(tx *store.Tx, m letter) {
	for _, e := range m.told(tx.Now()) {
		put(tx, tableTroubles, e.key, e.saved)
	}
	for _, key := range l.forgotten {
		tx.Put(tableTroubles, key, nil)
	}
}

// told remembers what a letter told.
func (l *ledger) told(m letter, now time.Time) {
	for _, e := range m.told(m.time) {
		if kept := l.entries[e.key]; kept != nil {
			kept.saved, kept.told = e.saved, now
		}
	}
	l.forgotten = nil
}
