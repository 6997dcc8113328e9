package spool

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/coordinator/handshake"
	"sidegate/internal/liveness"
)

// legMemory is what a leg was at the last look, to know since when it is so.
type legMemory struct {
	state liveness.State
	since time.Time
}

// late is how long a scan may be overdue before the volume is to blame: one that hangs gives no error.
const late = 30 * time.Second

// Legs judges both directions between the spool and the half behind it, from all the evidence there is. A drained spool
// has a leg for each directory, both inbound.
func (s *Spool) Legs() []handshake.Leg {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	half := "legacy-mac"
	if s.o.Role == RoleMac {
		half = "legacy-pc"
	}
	var legs []handshake.Leg
	if s.out != nil {
		l := handshake.Outbound(s.evidence(now, s.in[0]))
		l.From, l.To = s.o.End, half
		legs = append(legs, l)
	}
	for _, b := range s.in {
		l := handshake.Inbound(s.evidence(now, b))
		l.From, l.To = half, s.o.End
		if s.out == nil {
			l.From = "legacy-mac"
			if b.name == PCToMac {
				l.From = "legacy-pc"
			}
		}
		legs = append(legs, l)
	}
	for i := range legs {
		key := legs[i].From + ">" + legs[i].To
		m := s.state.legs[key]
		if m.state != legs[i].State {
			if m.state != "" {
				level := hclog.Info
				if legs[i].State.Wrong() {
					level = hclog.Warn
				}
				s.log.Log(level, "a leg has changed", "from", legs[i].From, "to", legs[i].To, "was", m.state, "state", legs[i].State, "reason", legs[i].Reason)
			}
			m = legMemory{legs[i].State, now}
			s.state.legs[key] = m
		}
		legs[i].Changed = m.since
	}
	return legs
}

// evidence gathers what is known. s.mu is held.
func (s *Spool) evidence(now time.Time, b *inbox) handshake.Evidence {
	e := handshake.Evidence{Now: now, T: s.t(), Await: s.state.await, Share: s.state.shareWhy, Slots: s.o.Slots, Half: s.o.half(), Closed: !s.o.Room(),
		Consumed: s.state.consumed, Produced: s.state.produced, Other: s.state.other, Taken: s.state.taken}
	if e.Share == "" && !s.state.scanned.IsZero() && now.Sub(s.state.scanned) > s.o.Scan+late {
		e.Share = fmt.Sprintf("the volume has not answered for %v", now.Sub(s.state.scanned).Round(time.Second))
	}
	if e.Off = offHours(s.moment()); e.Off == "" {
		e.Hours, e.Pause = max(s.worked(), time.Nanosecond), s.pausing()
	}
	if len(s.state.strikes) > 0 {
		e.Conditions = append(e.Conditions, liveness.ConditionSecondGateway)
	}
	if s.state.alarms[alarmSlow] != "" {
		e.Conditions = append(e.Conditions, handshake.SlowScan)
	}
	if s.state.left {
		e.Conditions = append(e.Conditions, handshake.HandshakeLeft)
	}
	for _, g := range b.seen {
		if g.ext == extMail {
			e.Inbound = append(e.Inbound, handshake.File{Name: g.Name, Age: g.age(now)})
		}
	}
	oldestFirst(e.Inbound)
	if s.out != nil {
		s.out.evidence(&e, now)
	}
	return e
}

// evidence adds what is known of the directory we write. s.mu is held.
func (b *outbox) evidence(e *handshake.Evidence, now time.Time) {
	e.Held = b.held
	if strings.Contains(b.s.state.alarms["share-full"], "full") {
		e.Conditions = append(e.Conditions, handshake.ShareFull)
	}
	doubtful := false
	queued := b.queued()
	for _, f := range b.entries {
		switch {
		case f.State == entryPublished:
			e.Ours = append(e.Ours, handshake.File{Name: f.Name, Age: f.age(now)})
		case f.State == entryDoubtful:
			doubtful = true
		case !queued[f]:
			e.Waiting++
		}
	}
	if doubtful {
		e.Conditions = append(e.Conditions, liveness.ConditionDoubtful)
	}
	if b.ours.pending() {
		e.Ours = append(e.Ours, handshake.File{Name: b.ours.Name, Age: b.ours.age(now), Handshake: true})
	}
	if b.ours.Off {
		e.Conditions = append(e.Conditions, handshake.HandshakesOff)
	}
	oldestFirst(e.Ours)
	for _, q := range b.queues {
		e.Waiting += len(q)
		for _, j := range q {
			e.WaitingAge = max(e.WaitingAge, now.Sub(j.queued))
		}
	}
	if !b.s.state.full.IsZero() && len(b.busy) >= b.s.o.Slots {
		e.Full = max(now.Sub(b.s.state.full), time.Nanosecond)
	}
}

// queued are the files of deliveries that wait as a whole: when a file could not be written, they do so again. s.mu is held.
func (b *outbox) queued() map[*entry]bool {
	files := map[*entry]bool{}
	for _, q := range b.queues {
		for _, j := range q {
			for _, e := range j.written {
				files[e] = true
			}
		}
	}
	return files
}

func oldestFirst(fs []handshake.File) {
	slices.SortFunc(fs, func(x, y handshake.File) int { return int(min(max(y.Age-x.Age, -1), 1)) })
}
