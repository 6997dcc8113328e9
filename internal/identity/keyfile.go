package identity

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// maxPEM bounds every PEM file we read, in bytes.
const maxPEM = 1 << 20

// readKey reads a private key that nobody but its owner can read. Links are followed: Kubernetes mounts secrets so.
// Errors name the file, its mode and what would be accepted.
func readKey(path string) ([]byte, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("identity: read key: %w", err)
	}
	dir, err := os.Stat(filepath.Dir(real))
	if err != nil {
		return nil, fmt.Errorf("identity: read key: %w", err)
	}
	return readBounded(real, func(file fs.FileInfo) error { return checkKeyMode(path, file, dir) })
}

// readBounded reads a regular file of at most maxPEM bytes after check has approved of it. The check looks at the file
// that is open, so that nothing can be changed underneath.
func readBounded(path string, check func(fs.FileInfo) error) ([]byte, error) {
	if before, err := os.Stat(path); err == nil && !before.Mode().IsRegular() {
		return nil, fmt.Errorf("identity: read %s: not a regular file", path) // opening a pipe would wait
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("identity: read %s: not a regular file", path)
	}
	if err := check(info); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxPEM+1))
	if err != nil {
		return nil, fmt.Errorf("identity: read %s: %w", path, err)
	}
	if len(data) > maxPEM {
		return nil, fmt.Errorf("identity: read %s: larger than %d bytes", path, maxPEM)
	}
	return data, nil
}

// checkKeyMode decides whether a key file is closed to others. Three ways are fine: nobody but the owner has any right
// to the file; nobody but the owner can enter its directory (bind-mounted secrets keep the modes of the host); or root
// owns it and it is 0440, which is how an orchestrator hands a key to one group.
func checkKeyMode(path string, file, dir fs.FileInfo) error {
	if runtime.GOOS == "windows" {
		return nil // mode bits mean nothing there; access is governed by the directory's list
	}
	const others = 0o077
	owner, known := ownerOf(file)
	return keyModeError(path, file.Mode().Perm(), dir.Mode().Perm()&others == 0, known && owner == 0)
}

// keyModeError is checkKeyMode on plain values.
func keyModeError(path string, mode fs.FileMode, closedDir, rootOwned bool) error {
	const others = 0o077
	if mode&others == 0 || closedDir || (rootOwned && mode == 0o440) {
		return nil
	}
	return fmt.Errorf("identity: private key %s has mode %04o, so others may reach it; wants one of: mode 0600 or 0400; a directory of mode 0700 around it; owner root and mode 0440", path, mode)
}
