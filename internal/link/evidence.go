package link

import (
	"slices"
	"time"

	"sidegate/internal/liveness"
	"sidegate/internal/store"
)

// common is what this end knows for both directions.
func (p *peer) common(s *session, now, wall time.Time) liveness.LinkEvidence {
	class, _ := p.l.o.Store.Class()
	e := liveness.LinkEvidence{
		LateAfter: p.l.o.Late, DownAfter: p.l.o.Down,
		Proofs:   []time.Time{now.Add(-wall.Sub(p.l.o.Store.LastDurable()))},
		Refusing: class == store.ClassRefusing, Failed: class == store.ClassFailed,
	}
	if s != nil {
		s.mu.Lock()
		e.Lateness = s.lateness
		s.mu.Unlock()
	}
	return e
}

// evidence is what is known of both directions besides; p.mu is held.
func (p *peer) evidence(st Status, common liveness.LinkEvidence) (out, back liveness.LinkEvidence) {
	own, name := p.l.o.End, p.end
	if name == "" {
		name = string(p.id)
	}
	common.Session, common.Heard, common.Since = st.Connected, p.heard, p.since
	common.Problem, common.Restored = st.Error, p.restored
	common.Proofs = append(common.Proofs, p.proof)
	common.Refusing = common.Refusing || st.PeerClass == store.ClassRefusing
	common.Failed = common.Failed || st.PeerClass == store.ClassFailed
	out, back = common, common
	out.From, out.To, out.Progress, out.NoCredit = own, name, p.gaveAt, st.Outbound.Messages == 0
	back.From, back.To, back.Progress, back.NoCredit = name, own, p.tookAt, st.Inbound.Messages == 0
	if back.Depth = st.Inbound.Depth; back.Depth > 0 {
		back.Oldest = p.heard.Add(-age(p.beat.GetOutbound().GetOldestAge()))
	}
	return out, back
}

// ways adds the legs that each direction comes from or goes on by.
func (p *peer) ways(out, back *liveness.LinkEvidence, own, theirs []liveness.Leg) {
	out.PriorLegs, out.NextLegs = legsTo(own, out.From), legsFrom(theirs, out.To)
	back.PriorLegs, back.NextLegs = legsTo(theirs, back.From), legsFrom(own, back.To)
}

func legsTo(legs []liveness.Leg, end string) []liveness.Leg {
	return slices.DeleteFunc(slices.Clone(legs), func(l liveness.Leg) bool { return l.To != end })
}

func legsFrom(legs []liveness.Leg, end string) []liveness.Leg {
	return slices.DeleteFunc(slices.Clone(legs), func(l liveness.Leg) bool { return l.From != end })
}

// waiting counts what waits elsewhere for a lane.
type waiting struct{ held, deferred map[store.Lane]int }

// maxCounted bounds how many entries of a waiting room are looked at each time.
const maxCounted = 256

func (l *Links) waiting() waiting {
	count := func(room store.Lane) map[store.Lane]int {
		n := map[store.Lane]int{}
		if l.o.Store.Lane(room).Depth == 0 {
			return n
		}
		es, err := l.o.Store.Entries(room, 0, maxCounted)
		if err != nil {
			return n
		}
		for _, e := range es {
			if !e.Void {
				n[e.From]++
			}
		}
		return n
	}
	return waiting{held: count(store.LaneHeld), deferred: count(store.LaneDeferred)}
}
