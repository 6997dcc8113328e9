package intake

import (
	"container/heap"
	"slices"
	"sync"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

const (
	// maxDeferral bounds how far ahead a due time can lie, so that a clock that jumped puts no mail to sleep.
	maxDeferral = time.Hour
	// maxBlock is how long deferred mail holds back later mail of the same sender to the same recipient.
	maxBlock = 15 * time.Minute
	// together is how close due times must be for mail to be moved in the order of its numbers.
	together = 100 * time.Millisecond
)

// deferrals is the index of the waiting room for deferred mail: what is due when, and which pairs of sender and
// recipient have mail there. It holds a few words for each entry; the entries stay in the store.
type deferrals struct {
	mu    sync.Mutex // guards everything below
	queue dueHeap
	pairs map[pair]*waiting
	after uint64 // the highest number indexed
}

type pair struct{ sender, recipient string }

// waiting is what a pair has in the waiting room.
type waiting struct {
	count int
	since time.Time // monotonic: when the first of it was seen
	due   time.Time // wall clock: when the last of it is due
}

// dueEntry is one entry and when it is due, by the monotonic clock.
type dueEntry struct {
	seq   uint64
	at    time.Time
	pairs []pair
}

func newDeferrals() *deferrals { return &deferrals{pairs: map[pair]*waiting{}} }

// add indexes an entry. now is the wall clock.
func (d *deferrals) add(e store.Entry, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.after = max(d.after, e.Seq)
	if e.Void {
		return
	}
	de := dueEntry{seq: e.Seq, at: time.Now().Add(min(max(e.Due.Sub(now), 0), maxDeferral))}
	for _, r := range e.Recipients {
		p := pair{e.Sender.Key(), r.Key()}
		de.pairs = append(de.pairs, p)
		w := d.pairs[p]
		if w == nil {
			w = &waiting{since: time.Now()}
			d.pairs[p] = w
		}
		w.count++
		if e.Due.After(w.due) {
			w.due = e.Due
		}
	}
	heap.Push(&d.queue, de)
}

// blocks reports whether mail of a pair must wait behind what is deferred, and until when.
func (d *deferrals) blocks(sender, recipient mail.Address) (due time.Time, waits bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.pairs) == 0 {
		return time.Time{}, false
	}
	w := d.pairs[pair{sender.Key(), recipient.Key()}]
	if w == nil || time.Since(w.since) >= maxBlock {
		return time.Time{}, false
	}
	return w.due, true
}

// due takes up to max entries that are due now, and what is due at almost the same moment.
func (d *deferrals) take(max int) []dueEntry {
	d.mu.Lock()
	defer d.mu.Unlock()
	var es []dueEntry
	until := time.Now()
	if len(d.queue) == 0 || d.queue[0].at.After(until) {
		return nil
	}
	for len(d.queue) > 0 && len(es) < max && !d.queue[0].at.After(until.Add(together)) {
		es = append(es, heap.Pop(&d.queue).(dueEntry))
	}
	return es
}

// settle forgets entries that were taken and have left the waiting room.
func (d *deferrals) settle(es []dueEntry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range es {
		for _, p := range e.pairs {
			if w := d.pairs[p]; w != nil {
				if w.count--; w.count == 0 {
					delete(d.pairs, p)
				}
			}
		}
	}
}

// putBack makes entries that were taken due again after a while.
func (d *deferrals) putBack(es []dueEntry, after time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range es {
		e.at = time.Now().Add(after)
		heap.Push(&d.queue, e)
	}
}

// forget drops entries that have been moved before they were due, so that they hold nothing back any more. Those that
// were taken meanwhile are settled by whoever took them.
func (d *deferrals) forget(gone map[uint64]bool) {
	d.mu.Lock()
	var found []dueEntry
	d.queue = slices.DeleteFunc(d.queue, func(e dueEntry) bool {
		if gone[e.seq] {
			found = append(found, e)
		}
		return gone[e.seq]
	})
	heap.Init(&d.queue)
	d.mu.Unlock()
	d.settle(found)
}

// next is how long it is until something is due; at most maxDeferral.
func (d *deferrals) next() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.queue) == 0 {
		return maxDeferral
	}
	return min(max(time.Until(d.queue[0].at), 0), maxDeferral)
}

// reach notes that nothing is left to index up to a number.
func (d *deferrals) reach(through uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.after = max(d.after, through)
}

func (d *deferrals) indexed() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.after
}

// dueHeap is ordered by time, then number. It implements heap.Interface.
type dueHeap []dueEntry

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].seq < h[j].seq
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)   { *h = append(*h, x.(dueEntry)) }
func (h *dueHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	*h = old[:len(old)-1]
	return e
}
