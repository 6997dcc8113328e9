package storetest_test

import (
	"testing"

	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

// memoryPlace keeps what an engine in memory had applied.
type memoryPlace struct {
	last  *storetest.Memory
	usage *store.Usage
}

func (p *memoryPlace) Open() (store.Engine, error) {
	if p.last == nil {
		p.last = storetest.NewMemory()
	} else {
		p.last = p.last.Reopen()
	}
	if p.usage != nil {
		p.last.SetUsage(*p.usage)
	}
	return p.last, nil
}

func (p *memoryPlace) SetUsage(u store.Usage) { p.usage = &u }

func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Place { return &memoryPlace{} })
}
