package pebblestore

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sidegate/internal/store"
)

// Usage tells how full the disk is. Room that the ballast is to take up again is not free: that is how a store that
// was full refuses new mail until there is enough room for both.
func (e *Engine) Usage() (store.Usage, error) {
	if err := e.enter(); err != nil {
		return store.Usage{}, err
	}
	defer e.leave()
	u, err := e.guard.GetDiskUsage(e.dir)
	out := store.Usage{Free: math.MaxInt64, Total: math.MaxInt64}
	out.Used = e.used.get(func() uint64 { return e.db.Metrics().DiskSpaceUsage() }) + uint64(max(e.files.bytes.Load(), 0))
	if errors.Is(err, vfs.ErrUnsupported) {
		return out, nil
	}
	if err != nil {
		return store.Usage{}, fmt.Errorf("pebblestore: usage: %w", err)
	}
	missing := e.ballast.missing()
	if missing > 0 {
		e.ballast.restore()
	}
	out.Free, out.Total = u.AvailBytes-min(missing, u.AvailBytes), u.TotalBytes
	return out, nil
}

// Wear tells what was written and flushed below the directory. The ballast is not among it.
func (e *Engine) Wear() store.Wear {
	return store.Wear{Written: e.guard.written.Load(), Flushes: e.guard.flushes.Load()}
}

// usedBytes remembers what the database said it occupies, which takes it a while to find out.
type usedBytes struct {
	mu    sync.Mutex
	bytes uint64
	read  time.Time
}

const usedAge = 5 * time.Second

func (u *usedBytes) get(read func() uint64) uint64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.read.IsZero() || time.Since(u.read) > usedAge {
		u.bytes, u.read = read(), time.Now()
	}
	return u.bytes
}
