package pebblestore

import (
	"errors"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hashicorp/go-hclog"
)

// ballast is a file that only takes up room. An engine that finds the disk full when it is opened gives it up, so
// that there is room to finish what is in custody; it comes back when there is room for both.
type ballast struct {
	fs    vfs.FS
	dir   string
	path  string
	bytes int64
	log   hclog.Logger

	mu       sync.Mutex
	there    bool
	making   bool
	closed   bool
	finished sync.WaitGroup // of the goroutine that makes the file
}

const (
	defaultBallast = 64 << 20
	// probeBytes is how much an engine has to be able to write when it is opened.
	probeBytes      = 1 << 20
	ballastCategory = vfs.DiskWriteCategory("sidegate-ballast")
)

func newBallast(fs vfs.FS, dir string, bytes int64, log hclog.Logger) *ballast {
	if bytes == 0 {
		bytes = defaultBallast
	}
	b := &ballast{fs: fs, dir: dir, path: fs.PathJoin(dir, "ballast"), bytes: max(bytes, 0), log: log}
	_, err := fs.Stat(b.path)
	b.there = err == nil
	return b
}

// isFull reports whether an error says that the disk, or the owner's share of it, is full.
func isFull(err error) bool {
	return err != nil && (vfs.IsNoSpaceError(err) || errors.Is(err, syscall.EDQUOT))
}

// prepare finds out whether the engine can grow, and gives the ballast up or makes it.
func (b *ballast) prepare() error {
	if b.bytes == 0 {
		return nil
	}
	err := b.probe()
	switch {
	case isFull(err):
		b.release()
		return nil
	case err != nil:
		return err
	}
	if !b.there && b.fits() {
		b.there = b.make()
	}
	return nil
}

// probe writes a little and flushes it.
func (b *ballast) probe() error {
	path := b.fs.PathJoin(b.dir, "probe")
	err := b.writeZeros(path, min(probeBytes, b.bytes))
	if removed := b.fs.Remove(path); removed != nil && !isNotExist(removed) {
		err = errors.Join(err, removed)
	}
	return err
}

// release gives the room up; it reports whether there was any.
func (b *ballast) release() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.there {
		return false
	}
	if err := b.fs.Remove(b.path); err != nil {
		b.log.Error("ballast cannot be removed", "path", b.path, "error", err)
		return false
	}
	b.there = false
	if err := syncDir(b.fs, b.dir); err != nil {
		b.log.Warn("removal of the ballast is not durable", "error", err)
	}
	b.log.Warn("disk is full: the ballast was removed", "path", b.path, "bytes", b.bytes)
	return true
}

// fits reports whether there is room for the ballast and as much again.
func (b *ballast) fits() bool {
	u, err := b.fs.GetDiskUsage(b.dir)
	if errors.Is(err, vfs.ErrUnsupported) {
		return true
	}
	return err == nil && u.AvailBytes >= 2*uint64(b.bytes)
}

// make makes the file; it reports whether it succeeded.
func (b *ballast) make() bool {
	err := b.write(b.path + ".new")
	if err == nil {
		err = b.fs.Rename(b.path+".new", b.path)
	}
	if err == nil {
		err = syncDir(b.fs, b.dir)
	}
	if err != nil {
		b.log.Warn("ballast cannot be made", "path", b.path, "error", err)
		_ = b.fs.Remove(b.path + ".new") // it is made anew the next time
	}
	return err == nil
}

// write takes up the room: with one call where the file system can, or by writing it full.
func (b *ballast) write(path string) error {
	f, err := b.fs.Create(path, ballastCategory)
	if err != nil {
		return err
	}
	err = f.Preallocate(0, b.bytes)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil || isFull(err) {
		return err
	}
	return b.writeZeros(path, b.bytes)
}

func (b *ballast) writeZeros(path string, n int64) error {
	f, err := b.fs.Create(path, ballastCategory)
	if err != nil {
		return err
	}
	zeros := make([]byte, min(n, 1<<20))
	for n > 0 && err == nil {
		var written int
		written, err = f.Write(zeros[:min(n, int64(len(zeros)))])
		n -= int64(written)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// restore makes the ballast again in the background, once there is room for it.
func (b *ballast) restore() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes == 0 || b.there || b.making || b.closed || !b.fits() {
		return
	}
	b.making = true
	b.finished.Go(func() {
		made := b.make()
		b.mu.Lock()
		b.there, b.making = made, false
		b.mu.Unlock()
		if made {
			b.log.Info("ballast was made again", "path", b.path)
		}
	})
}

// missing is how many bytes of the free room belong to the ballast.
func (b *ballast) missing() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.there {
		return 0
	}
	return uint64(b.bytes)
}

func (b *ballast) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.finished.Wait()
}
