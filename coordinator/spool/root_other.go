//go:build !linux

package spool

import (
	"errors"
	"io/fs"
)

const openFlags = 0

// fileID says that files have no numbers here; size and time have to do.
func fileID(fs.FileInfo) uint64 { return 0 }

func (r *rootFS) renameExclusive(from, to string) error { return errors.ErrUnsupported }

func (r *rootFS) unlink(name string) error { return r.dir().Remove(name) }
