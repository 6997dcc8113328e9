package store

import (
	"container/heap"
	"time"
)

// strays are the entries of a lane that came after younger ones: moved from elsewhere, or queued after the clock was set back.
// There may be as many as entries, and each commit that lets some go asks for the oldest, so none of them goes through all.
type strays struct {
	there map[uint64]struct{}
	byAge oldestFirst // may hold some that have gone, but not in front after settle
}

// put takes note of a stray.
func (s *strays) put(seq uint64, queued time.Time) {
	if s.there == nil {
		s.there = make(map[uint64]struct{})
	}
	s.there[seq] = struct{}{}
	heap.Push(&s.byAge, stray{seq, queued})
}

// drop forgets a number, whether or not it is a stray. Settle has to follow.
func (s *strays) drop(seq uint64) { delete(s.there, seq) }

// dropRange forgets the numbers first to last.
func (s *strays) dropRange(first, last uint64) {
	for seq := first; seq <= last && len(s.there) > 0; seq++ {
		delete(s.there, seq)
	}
}

// settle brings the oldest that is there to the front, and does not let those that are gone become the most.
func (s *strays) settle() {
	for len(s.byAge) > 0 && !s.has(s.byAge[0]) {
		heap.Pop(&s.byAge)
	}
	if len(s.byAge) <= 2*len(s.there) {
		return
	}
	kept := make(oldestFirst, 0, len(s.there))
	for _, x := range s.byAge {
		if s.has(x) {
			kept = append(kept, x)
		}
	}
	heap.Init(&kept)
	s.byAge = kept
}

func (s *strays) has(x stray) bool {
	_, ok := s.there[x.seq]
	return ok
}

// oldest is the earliest Queued among the strays, or zero.
func (s *strays) oldest() time.Time {
	if len(s.byAge) == 0 {
		return time.Time{}
	}
	return s.byAge[0].queued
}

type stray struct {
	seq    uint64
	queued time.Time
}

// oldestFirst is a heap.
type oldestFirst []stray

func (h oldestFirst) Len() int           { return len(h) }
func (h oldestFirst) Less(i, j int) bool { return h[i].queued.Before(h[j].queued) }
func (h oldestFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *oldestFirst) Push(x any)        { *h = append(*h, x.(stray)) }

func (h *oldestFirst) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
