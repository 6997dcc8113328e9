package legacytest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"sidegate/internal/simtest/history"
	pb "sidegate/proto/sidegate/v1"
)

// scene is a topology in virtual time, and the history of its mail.
type scene struct {
	*world
	bug
	kind     string // of the half with the fault: mac or pc
	pc, mac  person
	log      *history.Log
	burst    int
	sent     []time.Time // when the letters were, both ways
	watching bool
	seen     []*pb.Status // of the coordinator in front of the half, while the fault is there
}

func newScene(t *testing.T, b bug, topology, kind string, burst int) *scene {
	w := makeWorld(t, calm)
	w.lines, w.aging, w.options = newLines(), b.aging, b.setup
	if b.every == 0 {
		b.every = 30 * time.Second
	}
	s := &scene{world: w, bug: b, kind: kind, log: history.New(), burst: burst}
	s.pc, s.mac = topologies[topology](w, 5)
	return s
}

// mail sends some letters both ways, n times, and looks at the status every minute.
func (s *scene) mail(n int) {
	for range n {
		for range s.burst {
			k := len(s.sent)
			s.sent = append(s.sent, time.Now())
			s.pc.send(s.log, letters("to Mac", k+1, pcUsers, macUsers)[k:])
			s.mac.send(s.log, letters("to PC", k+1, macUsers, pcUsers)[k:])
		}
		for end := time.Now().Add(s.every); time.Now().Before(end); pause(s.ctx, min(s.every, time.Minute)) {
			if s.watching {
				s.seen = append(s.seen, s.status())
			}
		}
	}
}

// status is what the coordinator in front of the half says.
func (s *scene) status() *pb.Status { return s.keepers[s.kind].end.Admin.Status() }

// leg is one of the two legs between it and the half.
func (s *scene) leg(toHalf bool) *pb.DirectionStatus { return leg(s.status(), toHalf) }

func leg(st *pb.Status, toHalf bool) *pb.DirectionStatus {
	for _, d := range st.GetSpool().GetLegs() {
		if strings.HasPrefix(d.To, "legacy-") == toHalf {
			return d
		}
	}
	return &pb.DirectionStatus{State: "no leg"}
}

// missing is how many letters to one end have not arrived, of those that were sent some time ago.
func (s *scene) missing(kind string, ago time.Duration) int {
	to, got := s.mac, map[string]bool{}
	if kind == "pc" {
		to = s.pc
	}
	for _, label := range to.arrived(history.New()) {
		got[label] = true
	}
	n := 0
	for i, at := range s.sent {
		if time.Since(at) >= ago && !got[letters(direction[kind], i+1, pcUsers, macUsers)[i].label] {
			n++
		}
	}
	return n
}

// direction is how letters to an end are called.
var direction = map[string]string{"mac": "to Mac", "pc": "to PC"}

// everything says where letters are missing; empty if nowhere.
func (s *scene) everything() string {
	for kind := range direction {
		if s.missing(kind, 0) > 0 {
			return kind
		}
	}
	return ""
}

// until waits, in virtual time, for something to become so.
func (s *scene) until(limit time.Duration, what string, so func() bool) {
	s.t.Helper()
	for begun := time.Now(); !so(); pause(context.Background(), 30*time.Second) {
		if time.Since(begun) > limit {
			s.t.Fatalf("not within %v: %s; to the PC %d are missing, to the Macintosh %d; the coordinator says %v", limit, what, s.missing("pc", 0), s.missing("mac", 0), s.status())
		}
	}
}

// judge looks at what was to be seen while the fault was there.
func (s *scene) judge() {
	s.t.Helper()
	other := map[string]string{"mac": "pc", "pc": "mac"}[s.kind]
	for _, way := range []struct{ name, kind string }{{"to", s.kind}, {"from", other}} {
		stopped := s.stops == way.name || s.stops == "both"
		left := 0
		if s.overtake && way.name == "to" {
			left = 1
		}
		switch n := s.missing(way.kind, 2*time.Minute); {
		case stopped && n < 5:
			s.t.Errorf("mail %s the half flows in spite of the fault: the row tells nothing", way.name)
		case !stopped && n > left:
			s.t.Errorf("mail %s the half: %d letters are missing after two minutes", way.name, n)
		}
	}
	if len(s.seen) == 0 || !slices.ContainsFunc(s.seen, s.wanted) {
		s.t.Errorf("never seen: %s, %s, %q, %q; the last was %v, %q", s.to, s.from, s.condition, s.reason, s.status().GetSpool().GetLegs(), s.status().GetAlarms())
	}
	for _, st := range s.seen {
		to, from := leg(st, true), leg(st, false)
		if s.to == "" && !calmState(to.State) || s.from == "" && !calmState(from.State) {
			s.t.Fatalf("the legs say %v, %v", to, from)
		}
	}
}

func calmState(state string) bool { return state == "up" || state == "unknown" }

// wanted reports whether a status says what the row wants.
func (s *scene) wanted(st *pb.Status) bool {
	to, from := leg(st, true), leg(st, false)
	says := func(want, is string) bool { return want == "" || want == is }
	return says(s.to, to.State) && says(s.from, from.State) && (s.condition == "" || slices.Contains(to.Conditions, s.condition)) &&
		strings.Contains(to.Reason, s.reason) &&
		(s.alarm == "" || slices.ContainsFunc(st.Alarms, func(a string) bool { return strings.Contains(a, s.alarm) }))
}

// check compares what has arrived with what was sent.
func (s *scene) check() {
	s.t.Helper()
	for _, p := range []person{s.pc, s.mac} {
		p.arrived(s.log)
	}
	strange := 0
	for _, a := range s.log.Check(history.Options{Quiet: true}) {
		switch {
		case a.Kind == history.Reordered && byOld(a.Detail, s.pc, s.mac):
			// The old half refills slots below waiting ones: KB Q137998.
		case a.Kind == history.Reordered && s.overtake && strange == 0, a.Kind == history.Doubled && s.repeats && strange == 0:
			strange++ // the one that the row is about
		default:
			s.t.Error(a)
		}
	}
}

func without(list []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == one })
}
