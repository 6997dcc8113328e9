package store

import (
	"fmt"
	"slices"
	"time"
)

// observed is the time that the store was seen running, over all its starts, and what the wall clock showed meanwhile.
// Retention is counted in it: neither a clock that jumps nor a machine that was off makes anything old, and what is
// remembered against duplicates is remembered longer rather than shorter. Guarded by Store.mu.
type observed struct {
	elapsed func() time.Duration // in this start
	before  time.Duration        // running time of the starts before, as far as it was recorded
	marks   []mark               // in the order of running time, at least step apart
	step    time.Duration
	saved   time.Duration // running time that is recorded
}

// mark is what the wall clock showed at a moment of running time. Between it and the next one it showed nothing earlier.
type mark struct {
	run  time.Duration
	wall time.Time
}

// The running time is recorded with a commit once a minute, so a start loses no more than that; and a retention has 64
// marks.
const (
	saveRunning  = time.Minute
	marksOfSweep = 64
)

func newObserved(elapsed func() time.Duration, retention time.Duration) observed {
	return observed{elapsed: elapsed, step: max(retention/marksOfSweep, time.Second)}
}

// run is the running time so far.
func (o *observed) run() time.Duration { return o.before + o.elapsed() }

// note takes in what the wall clock shows now.
func (o *observed) note(wall time.Time) {
	now := mark{o.run(), wall.Round(0)}
	if n := len(o.marks); n > 0 && now.run-o.marks[n-1].run < o.step {
		last := &o.marks[n-1]
		if back := now.wall.Add(last.run - now.run); back.Before(last.wall) {
			last.wall = back
		}
		return
	}
	o.marks = append(o.marks, now)
}

// forget drops the marks that no retention reaches back to any more.
func (o *observed) forget(retention time.Duration) {
	reach, old := o.run()-retention, 0
	for old+1 < len(o.marks) && o.marks[old+1].run <= reach {
		old++
	}
	o.marks = slices.Delete(o.marks, 0, old)
}

// ago is the earliest time that the wall clock has shown since the running time was less than d lower. Whatever is stamped
// earlier is older than d.
func (o *observed) ago(d time.Duration, now time.Time) time.Time {
	run, now := o.run(), now.Round(0)
	reach, earliest := run-d, now.Add(-d)
	for i := len(o.marks) - 1; i >= 0; i-- {
		m := o.marks[i]
		if m.run <= reach || i == 0 {
			// The clock may have jumped ahead anywhere between this mark and the next: as late as possible is assumed.
			return earlier(earliest, m.wall.Add(reach-m.run))
		}
		earliest = earlier(earliest, m.wall)
	}
	return earliest
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// record writes what was observed with a commit that writes anyway, if there is enough that is new.
func (o *observed) record(tx *Tx) {
	if o.run()-o.saved < saveRunning || len(tx.batch.Ops) == 0 {
		return
	}
	o.note(tx.now)
	o.forget(tx.s.o.Retention)
	o.saved = o.run()
	tx.set(metaKey(metaObserved), o.value())
}

// value is the record: the running time, then the marks.
func (o *observed) value() []byte {
	b := putInt(nil, int64(o.run()))
	b = putUint(b, uint64(len(o.marks)))
	for _, m := range o.marks {
		b = putTime(putInt(b, int64(m.run)), m.wall)
	}
	return b
}

// load goes on from the record of the start before. Time that has passed since is not observed.
func (o *observed) load(value []byte) error {
	r := record{b: value}
	o.before = time.Duration(r.int())
	for range r.count() {
		o.marks = append(o.marks, mark{time.Duration(r.int()), r.time()})
	}
	if err := r.err(); err != nil {
		return fmt.Errorf("observed time: %w", err)
	}
	return nil
}

// loadObserved reads what was observed before this start and notes what the clock shows now.
func (s *Store) loadObserved(b *Batch) error {
	value, err := s.engine.Get(metaKey(metaObserved))
	if err == nil {
		err = s.observed.load(value)
	}
	if err != nil && !absent(err) {
		return err
	}
	s.observed.note(s.o.Now())
	s.observed.saved = s.observed.run()
	b.Put(metaKey(metaObserved), s.observed.value())
	return nil
}

// horizon is the time before which records are past their retention. Called with mu held.
func (s *Store) horizon(now time.Time) time.Time { return s.observed.ago(s.o.Retention, now) }

// sweepHorizon is horizon, but never before the epoch: keys of times know none before it, and machines without a battery
// wake up there.
func (s *Store) sweepHorizon(now time.Time) time.Time {
	if h := s.horizon(now); h.After(epoch) {
		return h
	}
	return epoch
}

// epoch is where the times in keys begin.
var epoch = time.Unix(0, 0)
