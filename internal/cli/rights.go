package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"sidegate/internal/identity"
)

// rights are who may use a spool. Legacy programs often run as somebody else than the coordinator.
type rights struct {
	owner *identity.Owner // nil: as it is
	mode  fs.FileMode     // of directories; 0: as it is
}

func (c *call) rights() (rights, error) {
	var r rights
	if given := c.cmd.String("owner"); given != "" {
		owner, err := parseOwner(given)
		if err != nil {
			return r, usagef("--owner %v", err)
		}
		r.owner = owner
	}
	if given := c.cmd.String("mode"); given != "" {
		mode, err := strconv.ParseUint(given, 8, 9)
		if err != nil || mode&0o700 != 0o700 {
			return r, usagef("--mode %q is no octal mode that leaves the owner every right, such as 0770", given)
		}
		r.mode = fs.FileMode(mode)
	}
	return r, nil
}

// apply gives everything below a directory the rights. Links are not followed. Mail may move while it works: what has
// gone in the meantime needs no rights.
func (r rights) apply(dir string) error {
	if r.owner == nil && r.mode == 0 {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = r.give(path, entry)
		}
		if err == nil || path != dir && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("rights: %w", err)
	})
}

func (r rights) give(path string, entry fs.DirEntry) error {
	if r.mode != 0 && entry.IsDir() {
		if err := os.Chmod(path, r.mode); err != nil {
			return err
		}
	}
	if r.owner == nil {
		return nil
	}
	return os.Lchown(path, r.owner.UID, r.owner.GID)
}
