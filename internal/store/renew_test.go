package store_test

import (
	"testing"

	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

// TestRenewPowerCut cuts the power at every durable step of taking a new identity, and tries again: the mail that waits is
// there once, and the identity is a new one.
func TestRenewPowerCut(t *testing.T) {
	repeated := map[bool]int{} // whether the new identity was still missing after the cut
	for at := 1; ; at++ {
		engine := storetest.NewMemory()
		s := storetest.Open(t, engine, store.Options{})
		old := s.ID()
		for _, body := range []string{"one", "two"} {
			m, content := storetest.Message(t, s, body)
			must(t, s.Commit(t.Context(), keep(m, content)))
		}
		waits := s.Lane(laneA).Depth
		must(t, s.Close())

		step, after := 0, (*storetest.Memory)(nil)
		o := store.Options{Fault: func(string) {
			if step++; step == at {
				after = engine.Crash()
			}
		}}
		_, err := store.Renew(t.Context(), engine, o, old)
		if after == nil {
			must(t, err)
			break // every step has had its turn
		}
		done, err := store.Renew(t.Context(), after, store.Options{}, old)
		must(t, err)
		repeated[done]++
		s = storetest.Open(t, after, store.Options{})
		if l, u := s.Lane(laneA), s.Lane(store.LaneUnrouted); s.ID() == old || l.Assigned != 0 || u.Depth != waits || waits != 2 {
			t.Errorf("step %d: store %s, lane %+v, unrouted %+v", at, s.ID(), l, u)
		}
		if findings, err := s.Audit(); err != nil || len(findings) > 0 {
			t.Errorf("step %d: audit: %v, %v", at, findings, err)
		}
		must(t, s.Close())
	}
	if repeated[true] < 3 || repeated[false] == 0 {
		t.Errorf("cuts before and after the new identity: %v", repeated)
	}
}
