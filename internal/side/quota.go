package side

import (
	"context"
	"sync"
)

// quota bounds the bytes that each caller has on the way, so that one cannot use the memory of all.
type quota struct {
	max   int64
	mu    sync.Mutex // guards used and room
	used  map[string]int64
	freed chan struct{} // closed and replaced whenever somebody gives bytes back
}

func newQuota(max int64) *quota {
	return &quota{max: max, used: map[string]int64{}, freed: make(chan struct{})}
}

// take waits until the caller may have n more bytes. What is larger than everything counts as everything. The caller
// gives back exactly what take returned.
func (q *quota) take(ctx context.Context, caller string, n int64) (int64, error) {
	n = min(n, q.max)
	for {
		q.mu.Lock()
		if q.used[caller]+n <= q.max {
			q.used[caller] += n
			q.mu.Unlock()
			return n, nil
		}
		freed := q.freed
		q.mu.Unlock()
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-freed:
		}
	}
}

func (q *quota) give(caller string, n int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.used[caller] -= n; q.used[caller] <= 0 {
		delete(q.used, caller)
	}
	close(q.freed)
	q.freed = make(chan struct{})
}
