package liveness

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Change is a direction whose state has changed, with the state it had.
type Change struct {
	Direction
	Was State // empty the first time
}

// Tracker remembers when the state of each direction changed last. Its methods may be called from several goroutines.
type Tracker struct {
	mu   sync.Mutex // guards seen
	seen map[string]Direction
}

// NewTracker makes a Tracker.
func NewTracker() *Tracker { return &Tracker{seen: map[string]Direction{}} }

// Observe notes a judgement under a key that names its direction for ever, and fills in Changed. It reports the
// change, if the state is not the one noted before.
func (t *Tracker) Observe(key string, d Direction, now time.Time) (Direction, *Change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, known := t.seen[key]
	d.Changed = now
	if known && old.State == d.State {
		d.Changed = old.Changed
	}
	t.seen[key] = d
	if known && old.State == d.State {
		return d, nil
	}
	return d, &Change{Direction: d, Was: old.State}
}

// Forget drops a direction that no longer exists.
func (t *Tracker) Forget(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.seen, key)
}

// Directions returns every direction as it was observed last, worst first.
func (t *Tracker) Directions() []Direction {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]Direction, 0, len(t.seen))
	for _, d := range t.seen {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b Direction) int {
		if c := a.State.Rank() - b.State.Rank(); c != 0 {
			return c
		}
		return strings.Compare(a.From+"\x00"+a.To, b.From+"\x00"+b.To)
	})
	return all
}
