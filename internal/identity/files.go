package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// makePrivateDir leaves a directory of mode 0700 at path, given to owner. Its parent is flushed, so that a power cut
// does not take it away with what is in it.
func makePrivateDir(path string, owner *Owner) error {
	err := os.Mkdir(path, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("identity: pki: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("identity: pki: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("identity: pki: %s is not a directory", path)
	}
	if info.Mode().Perm() != 0o700 {
		if err := os.Chmod(path, 0o700); err != nil {
			return fmt.Errorf("identity: pki: %w", err)
		}
	}
	if err := giveTo(path, owner); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// writeAtomic replaces a file: after it, or a power cut in it, path has the old bytes or the new, with mode and owner.
func writeAtomic(path string, data []byte, mode fs.FileMode, owner *Owner) error {
	temp, err := writeTemp(path, data, mode, owner)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("identity: pki: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// writeNew is writeAtomic for a file that must not exist yet; the error is fs.ErrExist if it does.
func writeNew(path string, data []byte, mode fs.FileMode) error {
	temp, err := writeTemp(path, data, mode, nil)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	err = os.Link(temp, path)
	if err != nil && !errors.Is(err, fs.ErrExist) && !exists(path) {
		err = os.Rename(temp, path) // no hard links here; two at the same time are then not told apart
	}
	if err != nil {
		return fmt.Errorf("identity: pki: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// writeTemp writes and flushes a file beside path and returns its name. It is private from the first byte on.
func writeTemp(path string, data []byte, mode fs.FileMode, owner *Owner) (temp string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return "", fmt.Errorf("identity: pki: %w", err)
	}
	defer func() {
		if closeErr := f.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("identity: pki: %w", closeErr)
		}
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Chmod(mode)
	}
	if err == nil && owner != nil {
		err = f.Chown(owner.UID, owner.GID)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return "", fmt.Errorf("identity: pki: write %s: %w", path, err)
	}
	return f.Name(), nil
}

// giveTo changes the owner of a file or directory, if one is wanted. Links are not followed.
func giveTo(path string, owner *Owner) error {
	if owner == nil {
		return nil
	}
	if err := os.Lchown(path, owner.UID, owner.GID); err != nil {
		return fmt.Errorf("identity: pki: %w", err)
	}
	return nil
}

// syncDir flushes a directory, which makes the names in it durable.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be flushed there
	}
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("identity: pki: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("identity: pki: flush %s: %w", path, err)
	}
	return nil
}
