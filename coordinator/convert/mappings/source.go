package mappings

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// Source is a table on disk that people change while the program runs. The old product kept it in one of several places.
type Source struct {
	paths   []string
	current atomic.Pointer[Table]

	mu    sync.Mutex // guards what follows
	path  string     // where the current table came from, empty for the default
	sum   [32]byte
	ready bool
}

// Open makes a source of the first of paths that is there. Until Reload has read one, it is the default table.
func Open(paths ...string) *Source {
	s := &Source{paths: paths}
	s.current.Store(Default())
	return s
}

// Table is the current table. It may be called from several goroutines.
func (s *Source) Table() *Table { return s.current.Load() }

// Reload reads the table if it has changed and reports whether it has, and from where it is now: empty for the default table,
// when there is none. A table that cannot be read, or has faults, leaves the current one in force; the error names the file.
func (s *Source) Reload() (changed bool, path string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path, data, err := s.read()
	if err != nil {
		return false, s.path, fmt.Errorf("mappings: read %s: %w", path, err)
	}
	sum := sha256.Sum256(data)
	if s.ready && path == s.path && sum == s.sum {
		return false, path, nil
	}
	table := Default()
	if path != "" {
		if table, err = Parse(data); err != nil {
			return false, s.path, fmt.Errorf("mappings: %s: %w", path, err)
		}
	}
	s.current.Store(table)
	s.path, s.sum, s.ready = path, sum, true
	return true, path, nil
}

// read reads the first file that is there.
func (s *Source) read() (path string, data []byte, err error) {
	for _, path := range s.paths {
		path, err := locate(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return path, nil, err
		}
		f, err := os.Open(path)
		if err != nil {
			return path, nil, err
		}
		data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
		return path, data, errors.Join(err, f.Close())
	}
	return "", nil, nil
}

// locate finds a file whose name may be written in any case, as on the servers it comes from. Whoever can write there could
// have put a pipe in its place, which must not be opened.
func locate(path string) (string, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		dir, name := filepath.Split(path)
		entries, listing := os.ReadDir(filepath.Clean(dir + "."))
		if listing != nil {
			return path, listing
		}
		for _, e := range entries {
			if strings.EqualFold(e.Name(), name) {
				path = filepath.Join(dir, e.Name())
				info, err = os.Lstat(path)
				break
			}
		}
	}
	if err != nil {
		return path, err
	}
	if !info.Mode().IsRegular() {
		return path, errors.New("it is not a regular file")
	}
	return path, nil
}
