package legacytest

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"sidegate/internal/legacypair"
)

// bug is one fault of the old programs, and what must be seen of it. What is left out is as without it: mail flows both
// ways, once and in order, and both legs are up.
type bug struct {
	name  string
	bugs  *legacypair.Bugs            // while the fault is there; nil: none comes and goes
	setup func(o *legacypair.Options) // of both halves, for good
	aging time.Duration               // 0: no handshakes
	dead  bool                        // the half is switched off
	every time.Duration               // between two letters; 0: half a minute

	to, from  string // the state of the legs to the half and from it that must be seen; empty: nothing worse than up
	condition string // of the leg to the half, seen with it
	reason    string // a part of its reason
	alarm     string // a part of an alarm

	stops    string // to, from, both: mail that cannot flow, to the half or from it
	overtake bool   // one file that the half leaves lying is overtaken in the end
	repeats  bool   // the half itself delivers one message, or sends it, again and again
}

func gates(o *legacypair.Options)    { o.Bugs.Gates = true }
func oldClaim(o *legacypair.Options) { o.OldClaim = true }
func direct(o *legacypair.Options)   { o.Direct = true }

// The faults, by the articles they are from.
var bugs = []bug{
	{name: "none"},
	{name: "none, with handshakes", aging: 20 * time.Minute, every: 25 * time.Minute, setup: gates},
	{name: "no file is seen, KB Q122551", bugs: &legacypair.Bugs{Hide: legacypair.HideAll},
		to: "blind", condition: "slots-full", reason: "KB Q121917", stops: "to"},
	{name: "one file is not seen, KB Q130317", bugs: &legacypair.Bugs{Hide: legacypair.HideNames("MMFF1.MSG")},
		to: "blind", reason: "MMFF1.MSG", overtake: true},
	{name: "handshakes are not seen, KB Q121917", bugs: &legacypair.Bugs{Hide: legacypair.HideHandshakes, Gates: true}, setup: gates,
		aging: 20 * time.Minute, every: 25 * time.Minute, to: "blind", condition: "stuck-handshake", reason: "our handshake"},
	{name: "a handshake is taken for mail, KB Q152477", bugs: &legacypair.Bugs{MisreadHandshake: true},
		aging: 20 * time.Minute, every: 25 * time.Minute, condition: "handshakes-off", alarm: "KB Q152477"},
	{name: "a file is taken again and again, KB Q119022", bugs: &legacypair.Bugs{StuckSlot: 1},
		to: "blind", reason: "MMFF1.MSG", overtake: true, repeats: true},
	{name: "a message is sent again and again, KB Q119022", bugs: &legacypair.Bugs{StuckQueue: true},
		alarm: "again and again", stops: "from", repeats: true},
	{name: "the reader is dead, KB Q95521", bugs: &legacypair.Bugs{DeadReader: true}, to: "blind", condition: "slots-full", stops: "to"},
	{name: "the half is dead", dead: true, to: "down", from: "down", condition: "slots-full", reason: "no sign of life", stops: "both"},
	{name: "deleted files are listed, KB Q147006", bugs: &legacypair.Bugs{ListsDeleted: true}}, // until something else lies there
	{name: "the reader is slow, KB Q137998", bugs: &legacypair.Bugs{Pace: 4}},
	{name: "files grow under their last names, KB Q117581", bugs: &legacypair.Bugs{ShortMSG: true}},
	{name: "mixed case, KB Q103199", bugs: &legacypair.Bugs{MixedCase: true}},
	{name: "claims of 1.0b, KB Q148768", setup: oldClaim},
	{name: "files are read where they lie, KB Q130066", setup: direct},
}

// place is a topology, and which half has the fault.
type place struct{ topology, kind string }

// places are where the n-th fault is tried: in D, with one half of the two unless there is time for both.
func places(n int) []place {
	all := []place{{"B", "mac"}, {"C", "pc"}, {"D", "mac"}, {"D", "pc"}}
	if os.Getenv("SIDEGATE_LEGACY") != "" {
		return all
	}
	return append(all[:2:2], all[2+n%2])
}

// TestBugs lets each fault of either half meet real coordinators, in virtual time on real directories: what can flow
// flows, nothing is lost or doubled, the status says what is wrong, and all is well by itself when the fault is gone.
func TestBugs(t *testing.T) {
	burst := 1
	if os.Getenv("SIDEGATE_LEGACY") != "" {
		burst = max(1, messages(t)/5000)
	}
	for i, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			for _, p := range places(i) {
				t.Run(p.topology+" "+p.kind, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { b.play(newScene(t, b, p.topology, p.kind, burst)) })
				})
			}
		})
	}
}

// play has the fault come and go.
func (b bug) play(s *scene) {
	s.mail(4)
	s.until(10*time.Minute, "mail flows before the fault", func() bool { return s.everything() == "" })

	half := s.halves[s.kind]
	if b.dead {
		half.Kill()
	} else if b.bugs != nil {
		half.SetBugs(*b.bugs)
	}
	s.watching = true
	s.mail(int(max(25*time.Minute, 2*s.every) / s.every))
	s.watching = false
	s.judge()

	half.SetBugs(legacypair.Bugs{Gates: half.Bugs().Gates})
	half.Restart()
	s.mail(2)
	s.until(3*time.Hour, "everything arrives", func() bool { return s.everything() == "" })
	s.until(2*time.Hour, "the status is well", func() bool {
		to, from := s.leg(true), s.leg(false)
		well := to.State == "up" && from.State == "up" || b.aging > 0 && calmState(to.State) && calmState(from.State)
		return well && len(without(to.Conditions, "handshakes-off")) == 0
	})
	s.check()
}
