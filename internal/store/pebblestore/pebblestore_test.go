package pebblestore_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
	"sidegate/internal/store/storetest"
)

// place is a directory of some file system.
type place struct {
	dir string
	fs  vfs.FS
}

func (p place) Open() (store.Engine, error) {
	return pebblestore.Open(p.dir, pebblestore.Options{FS: p.fs, BallastBytes: -1})
}

func TestInMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Place { return place{"some/where", vfs.NewMem()} })
}

func TestOnDisk(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Place { return place{t.TempDir(), vfs.Default} })
}
