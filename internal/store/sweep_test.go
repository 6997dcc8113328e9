package store_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

// scanned is an engine whose scans of traces can be made to fail.
type scanned struct {
	*storetest.Memory
	failure error
}

func (s *scanned) Scan(lower, upper []byte, reverse bool, fn func(key, value []byte) bool) error {
	if lower[0] == 'T' && s.failure != nil {
		return s.failure
	}
	return s.Memory.Scan(lower, upper, reverse, fn)
}

// sweeper is a store that is swept as a service does it: at most atOnce records in a commit, until there are fewer.
type sweeper struct {
	*store.Store
	t      *testing.T
	engine *scanned
	offset time.Duration // of the wall clock
	ids    int
}

const atOnce = 10

func newSweeper(t *testing.T) *sweeper {
	s := &sweeper{t: t, engine: &scanned{Memory: storetest.NewMemory()}}
	s.Store = storetest.Open(t, s.engine, store.Options{
		Retention: 24 * time.Hour, Now: func() time.Time { return time.Now().Add(s.offset).Round(0) }, NewID: s.newID,
	})
	return s
}

// newID makes IDs of the bubble's time. Those of the package for UUIDs never go back, not even to where a bubble begins.
func (s *sweeper) newID() mail.ID {
	s.ids++
	ms := time.Now().UnixMilli()
	return mail.ID(fmt.Sprintf("%08x-%04x-7000-8000-%012x", ms>>16, ms&0xFFFF, s.ids))
}

func (s *sweeper) commit(build func(*store.Tx) error) {
	s.t.Helper()
	must(s.t, s.Commit(s.t.Context(), build))
}

// deliver delivers a message that has a trace of some steps.
func (s *sweeper) deliver(steps int) mail.ID {
	s.t.Helper()
	m, content := storetest.Message(s.t, s.Store, "body")
	s.commit(func(tx *store.Tx) error {
		for range steps {
			tx.AddTrace(store.Trace{MessageID: m.ID, Event: "step"})
		}
		return keep(m, content)(tx)
	})
	return m.ID
}

// gone lets a message go from everywhere.
func (s *sweeper) gone(id mail.ID) {
	s.t.Helper()
	s.commit(func(tx *store.Tx) error {
		if _, err := tx.Release(laneA, s.Lane(laneA).Assigned, nil); err != nil {
			return err
		}
		_, err := tx.Delete(ann, id)
		return err
	})
}

// run lets time pass, in which so many requests are answered and the store is swept every hour.
func (s *sweeper) run(hours, requests int) {
	s.t.Helper()
	for range hours {
		for range requests {
			r := store.Request{Caller: "c", ID: string(s.NewID())}
			s.commit(func(tx *store.Tx) error { _, err := tx.Once(r, "m"); return err })
		}
		time.Sleep(time.Hour)
		must(s.t, s.Prove(s.t.Context()))
		s.sweep()
	}
}

func (s *sweeper) sweep() {
	s.t.Helper()
	for n := atOnce; n == atOnce; {
		var err error
		if n, err = s.Sweep(s.t.Context(), atOnce); err != nil || n > atOnce {
			s.t.Fatalf("%d records went, %v", n, err)
		}
	}
}

func (s *sweeper) steps(ids []mail.ID) (n int) {
	s.t.Helper()
	for _, id := range ids {
		steps, err := s.Trace(id)
		must(s.t, err)
		n += len(steps)
	}
	return n
}

// TestSweepPassesWhatIsKept: traces of messages that are kept hold nothing up, neither those of messages that went in time,
// nor those of messages that were kept for longer and went after the sweep had passed them by; and that with so much else
// to remove that one sweep an hour has no time for traces.
func TestSweepPassesWhatIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSweeper(t)
		var kept, early, late []mail.ID
		for range 50 {
			kept, late = append(kept, s.deliver(12)), append(late, s.deliver(3))
			id := s.deliver(12)
			early = append(early, id)
			s.gone(id)
		}
		time.Sleep(time.Minute) // when an ID is old, so are the steps, but for those that come later
		const requests = 2 * atOnce
		s.run(26, requests)
		if n := s.steps(early); n != 0 {
			t.Errorf("%d steps of messages that went at once are left", n)
		}
		if n := s.steps(kept) + s.steps(late); n != 750 {
			t.Fatalf("%d of 750 steps of messages that are kept", n)
		}
		for _, id := range late {
			s.gone(id)
		}
		s.run(40, requests)
		if n := s.steps(late); n != 0 {
			t.Errorf("%d steps of messages that went late are left", n)
		}
		if n := s.steps(kept); n != 600 {
			t.Errorf("%d of 600 steps of messages that are kept", n)
		}
	})
}

// TestSweepAfterTheClockWasSetBack: what is stamped earlier than what went already goes in its turn.
func TestSweepAfterTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSweeper(t)
		round := func(name string) {
			s.gone(s.deliver(0))
			s.commit(func(tx *store.Tx) error { _, err := tx.Once(store.Request{Caller: "c", ID: name}, "m"); return err })
			if n := s.Remembered().Records; n != 2 {
				t.Fatalf("%s: %d records", name, n)
			}
			s.run(50, 0)
			if n := s.Remembered().Records; n != 0 {
				t.Errorf("%s: %d records are remembered for ever", name, n)
			}
		}
		round("before")
		s.offset = -30 * 24 * time.Hour
		round("after")
	})
}

// TestSweepThatFails: what a sweep did not remove because the disk could not be read goes the next time.
func TestSweepThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSweeper(t)
		s.gone(s.deliver(1))
		for range 50 {
			time.Sleep(time.Hour)
			must(t, s.Prove(t.Context()))
		}
		s.engine.failure = errors.New("cannot be read")
		if n, err := s.Sweep(t.Context(), atOnce); n != 0 || !errors.Is(err, s.engine.failure) {
			t.Errorf("%d records went, %v", n, err)
		}
		s.engine.failure = nil
		if n, err := s.Sweep(t.Context(), atOnce); n != 2 || err != nil {
			t.Errorf("of a step and a deletion %d records went, %v", n, err)
		}
	})
}
