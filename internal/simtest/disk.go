package simtest

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
)

// diskBytes is how large a disk says it is.
const diskBytes = 10 << 30

// disk is an end's disk: memory that can lose what was not flushed, and that says how full it is.
type disk struct {
	vfs.FS
	mem  *vfs.MemFS
	full atomic.Bool // little enough is free for the store to refuse
}

func newDisk(mem *vfs.MemFS) *disk { return &disk{FS: mem, mem: mem} }

// Unwrap is the file system below.
func (d *disk) Unwrap() vfs.FS { return d.mem }

// GetDiskUsage tells how full the disk is said to be.
func (d *disk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	u := vfs.DiskUsage{TotalBytes: diskBytes, UsedBytes: diskBytes / 10}
	if d.full.Load() {
		u.UsedBytes = diskBytes - 1<<20
	}
	u.AvailBytes = u.TotalBytes - u.UsedBytes
	return u, nil
}

// crash is what the disk holds after a power cut in this instant. Of what was not flushed, each piece is kept with a
// chance of percent.
func (d *disk) crash(percent int, rnd *rand.Rand) *disk {
	return newDisk(d.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rnd}))
}

// engine is a Pebble engine whose disk can be made to fail. The database below never learns of it, so that it can be
// closed in order when the life that used it is over.
type engine struct {
	*pebblestore.Engine
	left atomic.Int64 // changes until the disk fails; 0: never; below 0: it has failed
}

var errDisk = errors.New("input/output error")

func openEngine(d *disk) (*engine, error) {
	e, err := pebblestore.Open("data", pebblestore.Options{FS: d, BallastBytes: -1, MemTableBytes: 256 << 10, CacheBytes: 1 << 20, Still: true})
	if err != nil {
		return nil, err
	}
	return &engine{Engine: e}, nil
}

// failAfter makes the disk fail for good at the n-th change from now.
func (e *engine) failAfter(n int) { e.left.Store(int64(n)) }

// change counts one change of the disk.
func (e *engine) change() error {
	for {
		left := e.left.Load()
		switch {
		case left == 0:
			return nil
		case left < 0:
			return errDisk
		case left == 1:
			if e.left.CompareAndSwap(1, -1) {
				return errDisk
			}
		case e.left.CompareAndSwap(left, left-1):
			return nil
		}
	}
}

// Apply fails before the batch is visible, or when it is to become durable.
func (e *engine) Apply(b *store.Batch) (store.Wait, error) {
	if err := e.change(); err != nil {
		return nil, err
	}
	wait, err := e.Engine.Apply(b)
	if err != nil {
		return nil, err
	}
	return func() error {
		if err := e.change(); err != nil {
			return err
		}
		return wait()
	}, nil
}

// Files fails like the engine.
func (e *engine) Files() store.Files { return files{e.Engine.Files(), e} }

type files struct {
	store.Files
	e *engine
}

func (f files) Create(name string) (store.File, error) {
	if err := f.e.change(); err != nil {
		return nil, err
	}
	c, err := f.Files.Create(name)
	return file{c, f.e}, err
}

func (f files) Remove(name string) error {
	if err := f.e.change(); err != nil {
		return err
	}
	return f.Files.Remove(name)
}

func (f files) Sync() error {
	if err := f.e.change(); err != nil {
		return err
	}
	return f.Files.Sync()
}

type file struct {
	store.File
	e *engine
}

func (f file) Write(p []byte) (int, error) {
	if err := f.e.change(); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

func (f file) Sync() error {
	if err := f.e.change(); err != nil {
		return err
	}
	return f.File.Sync()
}
