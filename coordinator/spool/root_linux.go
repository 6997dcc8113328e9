package spool

import (
	"io/fs"
	"os"
	"path"
	"syscall"

	"golang.org/x/sys/unix"
)

// openFlags keep an open from waiting for the other end of a FIFO that took a file's place, and from following a link.
const openFlags = unix.O_NONBLOCK | unix.O_NOFOLLOW

func fileID(i fs.FileInfo) uint64 {
	if s, ok := i.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 0
}

func (r *rootFS) renameExclusive(from, to string) error {
	return r.at(path.Dir(from), func(a int) error {
		return r.at(path.Dir(to), func(b int) error {
			err := unix.Renameat2(a, path.Base(from), b, path.Base(to), unix.RENAME_NOREPLACE)
			if err != nil {
				return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
			}
			return nil
		})
	})
}

// unlink removes a name; the system refuses directories.
func (r *rootFS) unlink(name string) error {
	return r.at(path.Dir(name), func(dir int) error {
		if err := unix.Unlinkat(dir, path.Base(name), 0); err != nil {
			return &fs.PathError{Op: "remove", Path: name, Err: err}
		}
		return nil
	})
}

func (r *rootFS) at(dir string, use func(fd int) error) error {
	f, err := r.dir().Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return use(int(f.Fd()))
}
