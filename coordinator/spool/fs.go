package spool

import (
	"errors"
	"io"
	"io/fs"
	"syscall"
	"time"
)

// FS is the volume of a spool, below the spool's root. Names are slash separated paths as the volume spells them; no
// method follows a symbolic link in the last element, and none leaves the root. Errors wrap the system's numbers, and
// fs.ErrNotExist and fs.ErrExist where they apply. All methods may be called from several goroutines.
type FS interface {
	// Refresh looks the root up again, for a volume that was taken away and mounted again.
	Refresh() error
	// ReadDir lists a directory afresh, in no particular order. Entries that vanish meanwhile are left out.
	ReadDir(dir string) ([]Entry, error)
	// Lstat describes one entry.
	Lstat(name string) (Entry, error)
	// Open opens a regular file for reading. It does not wait for a FIFO.
	Open(name string) (File, error)
	// Create makes a regular file for writing that must not exist.
	Create(name string) (File, error)
	// Overwrite replaces the bytes of a file in place, making it if need be. A reader may see a mixture; only the
	// lease is written so.
	Overwrite(name string, data []byte) error
	// Rename gives a file another name, which must not exist: it fails with fs.ErrExist and changes nothing then.
	// After any other error the caller looks at both names: the volume may have renamed all the same.
	Rename(from, to string) error
	// Remove removes a file. It never removes a directory.
	Remove(name string) error
	// Mkdir makes a directory that must not exist.
	Mkdir(name string) error
	// SyncDir makes creations, renames and removals in a directory durable, where the volume can.
	SyncDir(dir string) error
	// Method says how Rename keeps from overwriting: "renameat2", "link" or "check".
	Method() string
	// Path is the full name of an entry, for people.
	Path(name string) string
	Close() error
}

// File is an open file of an FS.
type File interface {
	io.Reader
	io.Writer
	// Sync makes the bytes durable, where the volume can.
	Sync() error
	Stat() (Entry, error)
	Close() error
}

// Entry describes one entry of a directory.
type Entry struct {
	Name    string // as the volume spells it, without its directory
	Size    int64
	ModTime time.Time // by the volume's clock: for comparing with itself and for people, never for an age
	ID      uint64    // the same as long as it is the same file, 0 if the volume has none
	Mode    fs.FileMode
}

// Regular reports whether the entry is an ordinary file.
func (e Entry) Regular() bool { return e.Mode.IsRegular() }

// same reports whether nothing can be seen to have changed between two looks at an entry.
func (e Entry) same(f Entry) bool {
	return e.Size == f.Size && e.ModTime.Equal(f.ModTime) && e.ID == f.ID && e.Mode.Type() == f.Mode.Type()
}

// downErrors are what a volume says when it, or the way to it, fails: no file is at fault.
var downErrors = []error{syscall.EIO, syscall.ESTALE, syscall.ENOTCONN, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
	syscall.ENETUNREACH, syscall.ETIMEDOUT, syscall.ENODEV, syscall.ENXIO, syscall.ECONNABORTED, syscall.ECONNRESET}

// busyErrors are what a volume says while somebody else has the file open in a way that shuts us out.
var busyErrors = []error{syscall.EBUSY, syscall.EACCES, syscall.EPERM, syscall.ETXTBSY, syscall.EAGAIN}

// fullErrors are what a volume says when nothing more fits on it.
var fullErrors = []error{syscall.ENOSPC, syscall.EDQUOT}

func anyOf(err error, class []error) bool {
	for _, c := range class {
		if errors.Is(err, c) {
			return true
		}
	}
	return false
}

func isDown(err error) bool { return anyOf(err, downErrors) }
func isBusy(err error) bool { return anyOf(err, busyErrors) }
func isFull(err error) bool { return anyOf(err, fullErrors) }
func isGone(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// readCapped reads a whole file of at most limit bytes and describes it as it was afterwards. A longer one gives
// errTooLong and its first bytes.
func readCapped(v FS, name string, limit int64) ([]byte, Entry, error) {
	f, err := v.Open(name)
	if err != nil {
		return nil, Entry{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, Entry{}, err
	}
	e, err := f.Stat()
	if err != nil {
		return nil, Entry{}, err
	}
	if int64(len(data)) > limit {
		return data[:limit], e, errTooLong
	}
	return data, e, nil
}

var errTooLong = errors.New("the file is longer than what is read")

// writeNew makes a file with these bytes, flushes it, and reads it back.
func writeNew(v FS, name string, data []byte) error {
	f, err := v.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if shut := f.Close(); err == nil {
		err = shut
	}
	if err != nil {
		return err
	}
	return verify(v, name, data)
}

var errReadBack = errors.New("the volume does not give back the bytes that were written")

func verify(v FS, name string, data []byte) error {
	back, _, err := readCapped(v, name, int64(len(data)))
	if err != nil && !errors.Is(err, errTooLong) {
		return err
	}
	if err != nil || string(back) != string(data) {
		return errReadBack
	}
	return nil
}

// isOtherVolume reports that a rename would cross volumes.
func isOtherVolume(err error) bool { return errors.Is(err, syscall.EXDEV) }
