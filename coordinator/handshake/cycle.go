package handshake

import (
	"slices"
	"time"
)

// Cycle learns how long the legacy half takes to come round, from how long files of ours lay before it took them. The
// zero Cycle knows nothing. It is not safe for concurrent use.
type Cycle struct {
	seen []time.Duration // the latest, at most cycleMemory, oldest first
}

const (
	cycleMemory = 200
	// MinT is the least T: what the busiest old installation would have called idle.
	MinT = 10 * time.Minute
	maxT = 24 * time.Hour
)

// Observe notes that a file lay for d before it was taken.
func (c *Cycle) Observe(d time.Duration) {
	c.seen = append(c.seen, d)
	if len(c.seen) > cycleMemory {
		c.seen = slices.Delete(c.seen, 0, len(c.seen)-cycleMemory)
	}
}

// T is after how long without progress something is wrong: at least least (MinT if zero), and four times the 99th
// percentile of what was seen, at most a day.
func (c *Cycle) T(least time.Duration) time.Duration {
	if least <= 0 {
		least = MinT
	}
	if len(c.seen) == 0 {
		return least
	}
	sorted := slices.Sorted(slices.Values(c.seen))
	p99 := sorted[(len(sorted)*99-1)/100]
	return max(least, min(4*p99, maxT))
}
