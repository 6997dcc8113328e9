package intake

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"sidegate/internal/store"
)

// The lifetime of waiting mail is counted in time this end was running, because neither a machine that was off for a
// week nor a clock that jumped by a year says anything about the mail. The odometer counts that time, and notes now
// and then what the wall clock read. With those notes it can say of a wall clock time in the past how much running
// time ago it was.
type odometer struct {
	mu      sync.Mutex // guards everything below
	base    time.Duration
	started time.Time // with a monotonic reading
	notes   []note    // oldest first
	next    uint64    // number of the next note
	wall    func() time.Time
}

// note is what both clocks read at one moment.
type note struct {
	n    uint64
	wall time.Time
	run  time.Duration
}

const (
	clockTable = "intake/clock" // key: number of the note; value: wall clock and running time, nanoseconds, 8 bytes each
	notePeriod = time.Hour
)

// newOdometer goes on from the notes of earlier runs. What ran after the last of them does not count.
func newOdometer(s *store.Store) *odometer {
	o := &odometer{started: time.Now(), wall: s.Now}
	// Without its notes everything merely counts as younger than it is.
	_ = s.Records(clockTable, func(key string, value []byte) bool {
		n, err := strconv.ParseUint(key, 10, 64)
		if err == nil && len(value) == 16 {
			o.notes = append(o.notes, note{
				n:    n,
				wall: time.Unix(0, int64(binary.BigEndian.Uint64(value))),
				run:  time.Duration(binary.BigEndian.Uint64(value[8:])),
			})
		}
		return true
	})
	if len(o.notes) > 0 {
		last := o.notes[len(o.notes)-1]
		o.base, o.next = last.run, last.n+1
	}
	return o
}

// run is the running time so far. o.mu is held.
func (o *odometer) run() time.Duration { return o.base + time.Since(o.started) }

// age is how much running time ago a wall clock time was. In doubt it says less.
func (o *odometer) age(wall time.Time) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := note{wall: o.wall(), run: o.run()}
	later := now
	for i := len(o.notes) - 1; i >= 0; i-- {
		earlier := o.notes[i]
		if at, ok := between(earlier, later, wall); ok {
			return now.run - at
		}
		later = earlier
	}
	if len(o.notes) > 0 && wall.Before(o.notes[0].wall) {
		return now.run - o.notes[0].run
	}
	return 0
}

// between is the running time at a wall clock time that lies between two notes, which the wall clock may have passed
// backwards.
func between(a, b note, wall time.Time) (time.Duration, bool) {
	first, last := a.wall, b.wall
	if last.Before(first) {
		first, last = last, first
	}
	if wall.Before(first) || wall.After(last) {
		return 0, false
	}
	return a.run + min(max(wall.Sub(a.wall), 0), b.run-a.run), true
}

// mark writes a note, and drops those older than keep.
func (o *odometer) mark(ctx context.Context, in *Intake, keep time.Duration) error {
	o.mu.Lock()
	now := note{n: o.next, wall: o.wall(), run: o.run()}
	old := 0
	for old < len(o.notes)-1 && o.notes[old].run < now.run-keep {
		old++
	}
	dropped := slices.Clone(o.notes[:old])
	o.mu.Unlock()
	err := in.commit(ctx, "move", true, func(w *work) error {
		value := binary.BigEndian.AppendUint64(nil, uint64(now.wall.UnixNano()))
		w.tx.Put(clockTable, noteKey(now.n), binary.BigEndian.AppendUint64(value, uint64(now.run)))
		for _, d := range dropped {
			w.tx.Put(clockTable, noteKey(d.n), nil)
		}
		return nil
	})
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.notes = append(slices.Clone(o.notes[old:]), now)
	o.next++
	return nil
}

func noteKey(n uint64) string { return fmt.Sprintf("%020d", n) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
