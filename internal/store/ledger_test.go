package store

import (
	"testing"
	"time"
)

// TestLedgerNeverGoesBack: commits that share a flush come back in any order, and one that was slow to wake takes nothing back.
func TestLedgerNeverGoesBack(t *testing.T) {
	var g ledger
	l := newLane("l")
	for n := range uint64(3) {
		g.append([]show{{lane: l, upTo: n + 1}})
	}
	for _, c := range []struct{ order, durable uint64 }{{2, 2}, {1, 2}, {3, 3}, {2, 3}} {
		g.advance(c.order, time.Now())
		if g.durable != c.durable || l.durable != c.durable {
			t.Errorf("after commit %d: %d commits are durable, and the lane up to %d; want %d", c.order, g.durable, l.durable, c.durable)
		}
	}
	if len(g.pending) != 0 {
		t.Errorf("%d promises are left", len(g.pending))
	}
}
