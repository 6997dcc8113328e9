package legacypair

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FS is the volume of a spool as one half sees it. Names are slash separated paths below the volume's root. Errors wrap
// fs.ErrNotExist and fs.ErrExist where they apply, and ErrBusy or a system error that says as much.
type FS interface {
	// List returns the names in a directory, in any order, as the volume spells them. It need not be true.
	List(dir string) ([]string, error)
	// Open opens a file for reading.
	Open(name string) (io.ReadCloser, error)
	// Create makes a file for writing. It fails with fs.ErrExist if there is one.
	Create(name string) (io.WriteCloser, error)
	// Rename gives a file another name. It fails with fs.ErrExist if that is taken, as DOS and AFP do.
	Rename(from, to string) error
	// Remove removes a file.
	Remove(name string) error
}

// Dir is a directory of this machine as an FS.
type Dir string

func (d Dir) path(name string) string { return filepath.Join(string(d), filepath.FromSlash(name)) }

// List implements FS.
func (d Dir) List(dir string) ([]string, error) {
	f, err := os.Open(d.path(dir))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// Open implements FS.
func (d Dir) Open(name string) (io.ReadCloser, error) { return os.Open(d.path(name)) }

// Create implements FS.
func (d Dir) Create(name string) (io.WriteCloser, error) {
	return os.OpenFile(d.path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}

// Rename implements FS. Between its look and its rename another process can take the name; the old programs trusted the
// file server for that, and here a half has its own names.
func (d Dir) Rename(from, to string) error {
	if _, err := os.Lstat(d.path(to)); err == nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	}
	return os.Rename(d.path(from), d.path(to))
}

// Remove implements FS.
func (d Dir) Remove(name string) error { return os.Remove(d.path(name)) }

// MakeSpool makes the directories of a spool of version 3.2 in a directory of this machine (KB Q141582). Those that are
// there stay as they are.
func MakeSpool(path string) error {
	for _, dir := range []string{"INI", "BADMAIL", "MISC", "STORE/MACTOPC", "STORE/PCTOMAC"} {
		if err := os.MkdirAll(filepath.Join(path, filepath.FromSlash(dir)), 0o777); err != nil {
			return fmt.Errorf("legacypair: make spool: %w", err)
		}
	}
	return nil
}
