package store

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestStrays compares with going through all of them, and looks that what has gone does not pile up behind an old one that
// stays.
func TestStrays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s strays
		model := map[uint64]time.Time{}
		next := uint64(1)
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0, 1:
				for _, at := range rapid.SliceOfN(rapid.IntRange(0, 1000), 1, 20).Draw(t, "queued") {
					queued := time.Unix(int64(at), 0)
					s.put(next, queued)
					model[next] = queued
					next++
				}
			case 2:
				seq := uint64(rapid.IntRange(0, int(next)).Draw(t, "seq"))
				s.drop(seq)
				delete(model, seq)
			case 3:
				first := uint64(rapid.IntRange(0, int(next)).Draw(t, "first"))
				last := first + uint64(rapid.IntRange(0, 30).Draw(t, "more"))
				s.dropRange(first, last)
				for seq := first; seq <= last; seq++ {
					delete(model, seq)
				}
			}
			s.settle()
			var want time.Time
			for _, queued := range model {
				if want.IsZero() || queued.Before(want) {
					want = queued
				}
			}
			if got := s.oldest(); !got.Equal(want) {
				t.Fatalf("the oldest of %d is of %v, and said to be of %v", len(model), want, got)
			}
			if len(s.byAge) > 2*len(model) {
				t.Fatalf("%d are remembered, and %d are there", len(s.byAge), len(model))
			}
		}
	})
}
