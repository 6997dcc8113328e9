package storetest

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"slices"
	"sort"
	"sync"

	"sidegate/internal/store"
)

// Memory is an engine in memory, for tests of whatever stands on a store. It keeps every promise of an engine but to
// survive the process; Crash shows what a power cut would leave.
type Memory struct {
	mu      sync.Mutex
	keys    []string // sorted
	values  map[string][]byte
	durable map[string][]byte // of what was applied and waited for
	waiting []*memoryBatch    // applied, not durable
	files   map[string][]byte
	hold    chan struct{} // closed to let waits go on; nil: they do not wait
	broken  error
	usage   *store.Usage
	wear    store.Wear
}

type memoryBatch struct {
	ops  []store.Op
	done bool
}

var errNoCheckpoint = errors.New("an engine in memory has no place for checkpoints")

// NewMemory makes an empty engine.
func NewMemory() *Memory {
	return &Memory{values: make(map[string][]byte), durable: make(map[string][]byte), files: make(map[string][]byte)}
}

// Hold makes every batch applied from now on wait before it is durable, until the function it returns is called.
func (m *Memory) Hold() (release func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ch := make(chan struct{})
	m.hold = ch
	return sync.OnceFunc(func() {
		m.mu.Lock()
		m.hold = nil
		m.mu.Unlock()
		close(ch)
	})
}

// Break makes everything that changes the engine fail from now on.
func (m *Memory) Break(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
}

// SetUsage fixes what Usage answers.
func (m *Memory) SetUsage(u store.Usage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.usage = &u
}

// Crash returns an engine with what a power cut would leave: whatever was waited for. The engine itself is broken.
func (m *Memory) Crash() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := NewMemory()
	after.values, after.durable = maps.Clone(m.durable), maps.Clone(m.durable)
	after.keys = slices.Sorted(maps.Keys(after.values))
	after.files = maps.Clone(m.files)
	m.broken = errors.New("the power was cut")
	return after
}

// Reopen returns an engine with everything that was applied, as after the end of the process alone.
func (m *Memory) Reopen() *Memory {
	m.mu.Lock()
	for _, b := range m.waiting {
		b.done = true
	}
	m.settle()
	m.mu.Unlock()
	return m.Crash()
}

// Get returns a copy of the value, or store.ErrNotFound.
func (m *Memory) Get(key []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.values[string(key)]
	if !ok {
		return nil, store.ErrNotFound
	}
	return bytes.Clone(value), nil
}

// Scan calls fn for the keys in [lower, upper) as they are now, in order or in reverse order.
func (m *Memory) Scan(lower, upper []byte, reverse bool, fn func(key, value []byte) bool) error {
	m.mu.Lock()
	first := sort.SearchStrings(m.keys, string(lower))
	last := len(m.keys)
	if upper != nil {
		last = sort.SearchStrings(m.keys, string(upper))
	}
	var keys []string
	if first < last {
		keys = slices.Clone(m.keys[first:last])
	}
	values := make([][]byte, len(keys))
	for i, k := range keys {
		values[i] = m.values[k]
	}
	m.mu.Unlock()
	for i := range keys {
		if reverse {
			i = len(keys) - 1 - i
		}
		if !fn([]byte(keys[i]), bytes.Clone(values[i])) {
			break
		}
	}
	return nil
}

// Apply makes the batch visible at once and returns the means to wait until it is durable.
func (m *Memory) Apply(b *store.Batch) (store.Wait, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return nil, m.broken
	}
	applied := &memoryBatch{}
	for _, op := range b.Ops {
		op = store.Op{Key: bytes.Clone(op.Key), Value: bytes.Clone(op.Value)}
		applied.ops = append(applied.ops, op)
		m.set(op)
		m.wear.Written += uint64(len(op.Key) + len(op.Value))
	}
	m.waiting = append(m.waiting, applied)
	hold := m.hold
	return func() error {
		if hold != nil {
			<-hold
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.broken != nil {
			return m.broken
		}
		applied.done = true
		m.settle()
		m.wear.Flushes++
		return nil
	}, nil
}

func (m *Memory) set(op store.Op) {
	k := string(op.Key)
	_, exists := m.values[k]
	i := sort.SearchStrings(m.keys, k)
	switch {
	case op.Value == nil && exists:
		m.keys = slices.Delete(m.keys, i, i+1)
	case op.Value != nil && !exists:
		m.keys = slices.Insert(m.keys, i, k)
	}
	if op.Value == nil {
		delete(m.values, k)
	} else {
		m.values[k] = op.Value
	}
}

// settle makes durable what was waited for, and everything applied before it.
func (m *Memory) settle() {
	last := -1
	for i, b := range m.waiting {
		if b.done {
			last = i
		}
	}
	for _, b := range m.waiting[:last+1] {
		for _, op := range b.ops {
			if op.Value == nil {
				delete(m.durable, string(op.Key))
			} else {
				m.durable[string(op.Key)] = op.Value
			}
		}
	}
	m.waiting = m.waiting[last+1:]
}

// Checkpoint fails.
func (m *Memory) Checkpoint(string, func() []string) error { return errNoCheckpoint }

// Files is where large content lies.
func (m *Memory) Files() store.Files { return (*memoryFiles)(m) }

// Usage is what SetUsage fixed, or plenty.
func (m *Memory) Usage() (store.Usage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.usage != nil {
		return *m.usage, nil
	}
	return store.Usage{Free: math.MaxInt64, Total: math.MaxInt64}, nil
}

// Wear counts what a log would have taken: keys, values and content, and a flush for each wait and each Sync.
func (m *Memory) Wear() store.Wear {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.wear
}

// Close does nothing.
func (m *Memory) Close() error { return nil }
