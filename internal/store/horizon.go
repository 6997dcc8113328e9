package store

import "time"

// start is when a store was opened, by both clocks.
type start struct {
	at   time.Time // with a monotonic reading
	wall time.Time
}

// horizon is the time before which records are past their retention. By as much as the wall clock has run ahead of the
// time that passed since the store was opened, it lies further back: a clock that jumps makes nothing old, and what is
// remembered against duplicates is remembered longer rather than shorter.
func (s *Store) horizon(now time.Time) time.Time {
	ahead := now.Round(0).Sub(s.start.wall.Round(0)) - time.Since(s.start.at)
	return now.Add(-s.o.Retention - max(0, ahead))
}

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
