package pebblestore_test

import (
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
	"sidegate/internal/store/storetest"
)

// TestGuardCoversEveryDirectory: whatever the directory is called, the first flush that fails is the last change of the disk.
func TestGuardCoversEveryDirectory(t *testing.T) {
	for _, dir := range []string{"data", ".", "./data/", "/", "/data", "../data"} {
		t.Run(dir, func(t *testing.T) {
			var armed, failed atomic.Bool
			var after atomic.Int64
			fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
				switch {
				case op.Kind == errorfs.OpRemove: // the files of the start, in the background: one may be on its way out
				case failed.Load() && op.Kind.ReadOrWrite() == errorfs.OpIsWrite && filepath.Base(op.Path) != "LOCK":
					after.Add(1)
				case op.Kind == errorfs.OpFileSyncData && armed.Load():
					failed.Store(true)
					return syscall.EIO
				}
				return nil
			}))
			e, err := pebblestore.Open(dir, options(fs))
			if err != nil {
				t.Fatal(err)
			}
			s := storetest.Open(t, e, store.Options{})
			if w := s.Wear(); w.Flushes == 0 || w.Written == 0 {
				t.Errorf("the store was made with %+v", w)
			}
			armed.Store(true)
			record := func(tx *store.Tx) error { tx.Put("t", "k", []byte("v")); return nil }
			for range 2 {
				if err := s.Commit(t.Context(), record); err == nil {
					t.Error("a commit whose flush failed")
				}
			}
			if class, _ := s.Class(); class != store.ClassFailed {
				t.Errorf("class %d", class)
			}
			if err := s.Close(); err == nil {
				t.Error("closed as if nothing had happened")
			}
			if n := after.Load(); n != 0 {
				t.Errorf("%d changes of the disk after the one that failed", n)
			}
		})
	}
}
