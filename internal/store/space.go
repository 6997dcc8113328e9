package store

import (
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// space knows how full the disk is, without asking at every commit.
type space struct {
	mu      sync.Mutex
	usage   Usage
	read    time.Time // when it was asked last
	written uint64    // since then
	known   bool
	refused bool      // what the log was told last
	told    time.Time // and when
}

// usageAge is how long an answer about the disk is good for, as long as there is plenty of room.
const usageAge = time.Second

func (p *space) wrote(n uint64) {
	p.mu.Lock()
	p.written += n
	p.mu.Unlock()
}

// current asks the engine again when the last answer is old, or when little room was left.
func (p *space) current(e Engine, reserve uint64) (Usage, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known && time.Since(p.read) < usageAge && p.usage.Free > p.written && p.usage.Free-p.written > 2*reserve {
		return p.usage, nil
	}
	u, err := e.Usage()
	if err != nil {
		return u, err
	}
	p.usage, p.read, p.written, p.known = u, time.Now(), 0, true
	return u, nil
}

// Usage tells how full the disk is, or was a moment ago.
func (s *Store) Usage() (Usage, error) {
	u, err := s.space.current(s.engine, s.o.ReserveBytes)
	if err != nil {
		return Usage{}, fmt.Errorf("store: usage of the disk: %w", err)
	}
	return u, nil
}

// Wear tells what was asked of the disk since the store was opened: at once, so that what lies between two answers is what
// was done between them.
func (s *Store) Wear() Wear { return s.engine.Wear() }

// room fails with ErrFull when nothing new may be taken. A disk that does not say how full it is counts as full.
func (s *Store) room() error {
	err := s.roomNow()
	s.space.tell(s.log, err)
	return err
}

// tell logs that the answer has changed, not more often than every ten seconds: around the limit it may change with every
// commit.
func (p *space) tell(log hclog.Logger, full error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if (full != nil) == p.refused || time.Since(p.told) < 10*time.Second {
		return
	}
	p.refused, p.told = full != nil, time.Now()
	if full != nil {
		log.Warn("nothing new is taken", "reason", full)
		return
	}
	log.Info("mail is taken again")
}

func (s *Store) roomNow() error {
	u, err := s.Usage()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	if u.Free < s.o.ReserveBytes {
		small := ""
		if u.Total < 4*s.o.ReserveBytes { // it can be emptied, and is full again at once
			small = fmt.Sprintf("; the volume is too small, with %d MiB in all", u.Total>>20)
		}
		return fmt.Errorf("%w: %d MiB are free, %d MiB are kept in reserve%s", ErrFull, u.Free>>20, s.o.ReserveBytes>>20, small)
	}
	return nil
}

// Class tells what the store can do now, and why not more.
func (s *Store) Class() (Class, string) {
	if err := s.failedError(); err != nil {
		return ClassFailed, err.Error()
	}
	if err := s.room(); err != nil {
		return ClassRefusing, err.Error()
	}
	return ClassOK, ""
}
