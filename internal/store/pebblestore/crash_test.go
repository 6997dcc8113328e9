package pebblestore_test

import (
	"context"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"sidegate/internal/store"
)

// oneAtATime keeps ReuseForWrite and the making of clones apart: a file system in memory locks itself twice for the
// former, and a clone between the two would wait for ever.
type oneAtATime struct {
	*vfs.MemFS
	mu *sync.Mutex
}

func (o *oneAtATime) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.MemFS.ReuseForWrite(old, name, category)
}

// TestPowerCuts cuts the power around every flush of a workload, and loses all, half, or nothing of what was not
// flushed. Recovery comes afterwards, from clones of the disk.
func TestPowerCuts(t *testing.T) {
	type cut struct {
		fs           *vfs.MemFS
		before, then []ledger // a book read before the cut was told before it, one read after it was asked before it
		unsynced     int
	}
	var (
		mu    sync.Mutex
		cuts  []cut
		count atomic.Uint64
		disk  = vfs.NewCrashableMem()
		ws    = newWorkers(3, &mu)
		cutMu sync.Mutex
	)
	injector := errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
		default:
			return nil
		}
		n := count.Add(1)
		unsynced := []int{0, 50, 100}[n%3]
		before := copyBooks(&mu, ws)
		cutMu.Lock()
		fs := clone(disk, unsynced, n)
		cuts = append(cuts, cut{fs, before, copyBooks(&mu, ws), unsynced})
		cutMu.Unlock()
		return nil
	})
	s, err := openStore(t, errorfs.Wrap(&oneAtATime{disk, &cutMu}, injector), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	for _, w := range ws {
		running.Go(func() {
			if err := w.run(context.Background(), s, 12); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for i, c := range cuts {
		books := c.then
		for j := range books {
			books[j].told = c.before[j].told
		}
		if err := recovered(c.fs, ws, books); err != nil {
			t.Errorf("cut %d of %d, %d %% of what was not flushed survived: %v", i, len(cuts), c.unsynced, err)
		}
	}
	if err := recovered(clone(disk, 0, 0), ws, copyBooks(&mu, ws)); err != nil {
		t.Errorf("after close: %v", err)
	}
	if len(cuts) < 50 {
		t.Errorf("only %d cuts: the workload does not flush what it should", len(cuts))
	}
	t.Logf("%d power cuts", len(cuts))
}

// TestEveryCallFails lets each change of the disk fail once in its turn. The store has to stop there; nothing after
// it may reach the disk, and nothing acknowledged may be missing after a restart, with or without a power cut.
func TestEveryCallFails(t *testing.T) {
	runs := 0
	for k := int64(1); ; k++ {
		failure := []error{syscall.EIO, syscall.ENOSPC}[k%2]
		if !failAt(t, k, failure) {
			break
		}
		runs++
		if t.Failed() {
			t.Fatalf("call %d fails with %v", k, failure)
		}
	}
	if runs < 50 {
		t.Errorf("only %d calls: the workload does not touch the disk as it should", runs)
	}
	t.Logf("%d calls failed", runs)
}

// failAt runs a small workload in which one change of the disk fails; it reports whether there were so many.
func failAt(t *testing.T, k int64, failure error) bool {
	var (
		mu       sync.Mutex
		calls    atomic.Int64
		injected atomic.Bool
		disk     = vfs.NewCrashableMem()
		ws       = newWorkers(1, &mu)
		told     atomic.Int64
	)
	injector := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite || calls.Add(1) != k {
			return nil
		}
		injected.Store(true)
		return failure
	})
	s, err := openStore(t, errorfs.Wrap(disk, injector), store.Options{OnFailure: func(error) { told.Add(1) }})
	if err == nil {
		err = ws[0].run(context.Background(), s, 6)
		class, _ := s.Class()
		closed := s.Close()
		if injected.Load() {
			switch {
			case err == nil && closed == nil:
				t.Errorf("nobody noticed")
			case err != nil && class != store.ClassFailed:
				t.Errorf("%v, but the class is %d", err, class)
			case told.Load() != 1:
				t.Errorf("told %d times of the failure", told.Load())
			}
		} else if err != nil || closed != nil {
			t.Errorf("nothing failed: %v, %v", err, closed)
		}
	}
	books := copyBooks(&mu, ws)
	if err := recovered(clone(disk, 0, 0), ws, books); err != nil {
		t.Errorf("after the failure and a power cut: %v", err)
	}
	if err := recovered(disk, ws, books); err != nil {
		t.Errorf("after the failure: %v", err)
	}
	return injected.Load()
}
