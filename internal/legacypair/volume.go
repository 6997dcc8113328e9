package legacypair

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"
	"syscall"
)

// ErrBusy is what a Volume answers while somebody has the file open: error 550 of the Macintosh half (KB Q130066).
var ErrBusy = errors.New("file is busy")

// Volume is an FS with the share modes of DOS and AFP in front of another: an open file can be neither renamed nor
// removed, a file that is being written cannot be opened, and names differ by more than letter case. Halves that shall
// meet each other there use the same Volume.
type Volume struct {
	fs FS

	mu   sync.Mutex     // guards open, and is held over every operation on fs, so that a check and its operation are one
	open map[string]int // by folded name: how many read the file, -1 while one writes it
}

// NewVolume puts share modes in front of f.
func NewVolume(f FS) *Volume { return &Volume{fs: f, open: map[string]int{}} }

func fold(name string) string { return strings.ToUpper(name) }

// List implements FS.
func (v *Volume) List(dir string) ([]string, error) { return v.fs.List(dir) }

// Open implements FS.
func (v *Volume) Open(name string) (io.ReadCloser, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.open[fold(name)] < 0 {
		return nil, busy("open", name)
	}
	r, err := v.fs.Open(name)
	if err != nil {
		return nil, err
	}
	v.open[fold(name)]++
	return &handle{Reader: r, close: v.closing(name, r, -1)}, nil
}

// Create implements FS.
func (v *Volume) Create(name string) (io.WriteCloser, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.open[fold(name)] != 0 {
		return nil, busy("create", name)
	}
	w, err := v.fs.Create(name)
	if err != nil {
		return nil, err
	}
	v.open[fold(name)] = -1
	return &handle{Writer: w, close: v.closing(name, w, +1)}, nil
}

// Rename implements FS.
func (v *Volume) Rename(from, to string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.open[fold(from)] != 0 || v.open[fold(to)] != 0 {
		return busy("rename", from)
	}
	return v.fs.Rename(from, to)
}

// Remove implements FS.
func (v *Volume) Remove(name string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.open[fold(name)] != 0 {
		return busy("remove", name)
	}
	return v.fs.Remove(name)
}

func busy(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: ErrBusy} }

// closing closes c and takes its share of an open file away, once.
func (v *Volume) closing(name string, c io.Closer, step int) func() error {
	return sync.OnceValue(func() error {
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.open[fold(name)] += step; v.open[fold(name)] == 0 {
			delete(v.open, fold(name))
		}
		return c.Close()
	})
}

// handle is an open file of a Volume.
type handle struct {
	io.Reader
	io.Writer
	close func() error
}

// Close closes the file and lets others at it.
func (h *handle) Close() error { return h.close() }

// isBusy tells the errors of share modes from others.
func isBusy(err error) bool {
	for _, b := range []error{ErrBusy, syscall.EBUSY, syscall.ETXTBSY, syscall.EACCES, syscall.EPERM, syscall.EAGAIN} {
		if errors.Is(err, b) {
			return true
		}
	}
	return false
}
