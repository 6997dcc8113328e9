package storetest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"

	"sidegate/internal/store"
)

// memoryFiles are durable as soon as they are written.
type memoryFiles Memory

type memoryFile struct {
	m    *memoryFiles
	name string
}

func (f *memoryFiles) Create(name string) (store.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return nil, f.broken
	}
	if _, ok := f.files[name]; ok {
		return nil, fmt.Errorf("content file %s exists already", name)
	}
	f.files[name] = nil
	return &memoryFile{f, name}, nil
}

func (f *memoryFiles) Open(name string) (io.ReadCloser, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.files[name]
	if !ok {
		return nil, fmt.Errorf("content file %s: %w", name, store.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (f *memoryFiles) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.files, name)
	return f.broken
}

func (f *memoryFiles) List() ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.files)), nil
}

func (f *memoryFiles) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wear.Flushes++
	return f.broken
}

func (f *memoryFile) Write(p []byte) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.m.broken != nil {
		return 0, f.m.broken
	}
	f.m.files[f.name] = append(f.m.files[f.name], p...)
	f.m.wear.Written += uint64(len(p))
	return len(p), nil
}

func (f *memoryFile) Sync() error  { return f.m.Sync() }
func (f *memoryFile) Close() error { return nil }
