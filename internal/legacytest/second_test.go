package legacytest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidegate/internal/legacypair"
	"sidegate/internal/simtest/history"
)

// TestSecondGateway is KB Q130066 and Q119641: on the coordinator's spool the old program still runs that it stands in for. It takes
// mail that was for us, puts its own beside ours, and sweeps what we are writing. Two signs, and we write no more until an operator has
// looked; nothing is lost that only we had, and what both deliver is what the other one takes as well.
func TestSecondGateway(t *testing.T) {
	for _, p := range []place{{"B", "mac"}, {"C", "pc"}, {"D", "mac"}, {"D", "pc"}} {
		t.Run(p.topology+" "+p.kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { secondGateway(t, newScene(t, bug{}, p.topology, p.kind, 1)) })
		})
	}
}

func secondGateway(t *testing.T, s *scene) {
	s.mail(4)
	s.until(10*time.Minute, "mail flows before", func() bool { return s.everything() == "" })

	ours := standsFor[s.kind] // the kind of half that the coordinator is, and the second one
	twin := s.twin(ours)
	from, to := pcUsers, macUsers
	if ours == "mac" {
		from, to = macUsers, pcUsers
	}
	for i := range 20 {
		l := letter{fmt.Sprintf("by the other gateway %02d", i), from[0], to[0], "x\n"}
		old{twin}.send(s.log, []letter{l})
	}
	s.watching = true
	s.mail(60)
	s.watching = false
	if !slices.Contains(s.leg(true).Conditions, "second-gateway") || !strings.Contains(s.leg(true).Reason, "second gateway") {
		t.Errorf("the leg says %v", s.leg(true))
	}
	waits := s.missing(s.kind, 0)
	if waits < 20 {
		t.Errorf("only %d letters to the half wait: writing has not stopped", waits)
	}

	twin.Stop()
	keeper := s.keepers[s.kind]
	keeper.stop() // the operator has found it, and starts the coordinator anew
	keeper.start()
	s.mail(4)
	took := map[string]int{}
	for _, m := range twin.Received() {
		took[m.Subject]++
	}
	s.until(3*time.Hour, "everything is with us or with the other one", func() bool {
		got := map[string]int{}
		for _, p := range []person{s.pc, s.mac} {
			for _, label := range p.arrived(history.New()) {
				got[label]++
			}
		}
		for i := range s.sent {
			for _, d := range direction {
				if label := letters(d, i+1, pcUsers, macUsers)[i].label; got[label]+took[label] == 0 {
					return false
				}
			}
		}
		return true
	})
	s.until(time.Hour, "the status is well", func() bool { return s.leg(true).State == "up" && len(s.leg(true).Conditions) == 0 })
	old{twin}.arrived(s.log)
	s.pc.arrived(s.log)
	s.mac.arrived(s.log)
	for _, a := range s.log.Check(history.Options{Quiet: true}) {
		byBoth := a.Kind == history.Doubled && slices.ContainsFunc(twin.Received(), func(m legacypair.Message) bool { return strings.Contains(a.Detail, m.Subject) })
		if !byBoth && a.Kind != history.Reordered {
			t.Error(a)
		}
	}
	t.Logf("the other gateway took %d, gave %d; %d letters waited", len(twin.Received()), 20-twin.Waiting(), waits)
}

// twin is the old program that the coordinator stands in for, still at work on its spool, one file operation at a time.
func (s *scene) twin(kind string) legacypair.Half {
	share := s.shares[s.kind]
	return s.half(kind, share, 5, func(o *legacypair.Options) { o.Bugs.Pace = 1 })
}
