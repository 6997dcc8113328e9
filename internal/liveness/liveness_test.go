package liveness

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var now = time.Date(1994, 5, 10, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// healthy is a link on which everything is well and nothing waits.
func healthy() LinkEvidence {
	return LinkEvidence{
		From: "pcside", To: "macside", Session: true, Heard: ago(time.Second), Since: ago(time.Minute),
		Proofs: []time.Time{ago(5 * time.Second), ago(8 * time.Second)},
	}
}

// What makes each state on its own.
var linkFaults = map[State]func(*LinkEvidence){
	Down: func(e *LinkEvidence) { e.Heard = ago(11 * time.Second) },
	Held: func(e *LinkEvidence) { e.Held, e.Depth = 3, 0 },
	Stalled: func(e *LinkEvidence) {
		e.Depth, e.Oldest, e.Progress = 2, ago(time.Minute), ago(time.Minute)
	},
	Late:    func(e *LinkEvidence) { e.Heard = ago(4 * time.Second) },
	Up:      func(e *LinkEvidence) { e.Progress = ago(time.Second) },
	Unknown: func(e *LinkEvidence) { e.Proofs = nil },
}

func TestLinkStates(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*LinkEvidence)
		want   State
	}{
		{"idle with two proofs", func(*LinkEvidence) {}, Up},
		{"idle, one store without a proof", func(e *LinkEvidence) { e.Proofs[1] = time.Time{} }, Unknown},
		{"idle, one proof too old", func(e *LinkEvidence) { e.Proofs[0] = ago(31 * time.Second) }, Unknown},
		{"idle for two hours, proofs a minute old", func(e *LinkEvidence) {
			e.Progress, e.Proofs = ago(2*time.Hour), []time.Time{ago(time.Minute), ago(61 * time.Second)}
		}, Up},
		{"idle for two hours, no proof for four minutes", func(e *LinkEvidence) {
			e.Progress, e.Proofs = ago(2*time.Hour), []time.Time{ago(4 * time.Minute)}
		}, Unknown},
		{"never heard from, not expected", func(e *LinkEvidence) { *e = LinkEvidence{} }, Unknown},
		{"never heard from, dialled for a minute", func(e *LinkEvidence) { *e = LinkEvidence{Since: ago(time.Minute)} }, Down},
		{"never heard from, dialled for a second", func(e *LinkEvidence) { *e = LinkEvidence{Since: ago(time.Second)} }, Unknown},
		{"beats go on, work and no progress (peer stopped reading)", linkFaults[Stalled], Stalled},
		{"work for a few seconds only", func(e *LinkEvidence) { e.Depth, e.Oldest = 1, ago(5*time.Second) }, Up},
		{"work, and progress", func(e *LinkEvidence) {
			e.Depth, e.Oldest, e.Progress, e.Proofs = 900, ago(time.Hour), ago(time.Second), nil
		}, Up},
		{"no credit and no leg behind", func(e *LinkEvidence) { linkFaults[Stalled](e); e.NoCredit = true }, Stalled},
		{"no credit, the leg behind is up", func(e *LinkEvidence) {
			linkFaults[Stalled](e)
			e.NoCredit, e.NextLegs = true, []Leg{{From: "coordinator", To: "legacy", State: Up}}
		}, Up},
		{"no credit, nothing known of the leg behind", func(e *LinkEvidence) {
			linkFaults[Stalled](e)
			e.NoCredit, e.NextLegs = true, []Leg{{State: Unknown}}
		}, Stalled},
		{"no credit, outside the hours of the leg behind", func(e *LinkEvidence) {
			linkFaults[Stalled](e)
			e.NoCredit, e.NextLegs = true, []Leg{{State: Unknown, Conditions: []string{ConditionOffHours}}}
		}, Up},
		{"no credit, the leg behind is blind", func(e *LinkEvidence) {
			linkFaults[Stalled](e)
			e.NoCredit, e.NextLegs = true, []Leg{{State: Blind}}
		}, Blind},
		{"mail from a leg whose volume fails", func(e *LinkEvidence) { e.PriorLegs = []Leg{{State: ShareDown}} }, ShareDown},
		{"nothing but held mail", linkFaults[Held], Held},
		{"held mail and other mail that moves", func(e *LinkEvidence) {
			e.Held, e.Depth, e.Oldest, e.Progress = 3, 5, ago(time.Minute), ago(time.Second)
		}, Up},
		{"beats missing", linkFaults[Late], Late},
		{"session lost a moment ago", func(e *LinkEvidence) { e.Session = false }, Late},
		{"silence", linkFaults[Down], Down},
		{"a store was restored", func(e *LinkEvidence) { e.Restored = true }, Down},
		{"a store has failed", func(e *LinkEvidence) { e.Failed = true }, Down},
		{"our clock was set back an hour", func(e *LinkEvidence) { e.Heard, e.Progress = ago(-time.Hour), ago(-time.Hour) }, Up},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := healthy()
			c.change(&e)
			if got := JudgeLink(e, now); got.State != c.want {
				t.Errorf("state is %s (%s), want %s", got.State, got.Reason, c.want)
			}
		})
	}
}

// Every two faults together show the worse of their states.
func TestLinkPrecedence(t *testing.T) {
	for _, a := range precedence {
		for _, b := range precedence {
			if linkFaults[a] == nil || linkFaults[b] == nil || contradict(a, b) {
				continue
			}
			e := healthy()
			linkFaults[a](&e)
			linkFaults[b](&e)
			if got := JudgeLink(e, now).State; got != Worse(a, b) {
				t.Errorf("%s and %s show %s, want %s", a, b, got, Worse(a, b))
			}
		}
	}
}

// contradict reports states whose evidence cannot be had together: late and down are more and less silence, a held
// direction has no other work, what is up is not stalled.
func contradict(a, b State) bool {
	pair := func(x, y State) bool { return a == x && b == y || a == y && b == x }
	return pair(Late, Down) || pair(Held, Stalled) || pair(Up, Stalled)
}

func TestWorseFollowsPrecedence(t *testing.T) {
	for i, a := range precedence {
		for j, b := range precedence {
			if want := precedence[min(i, j)]; Worse(a, b) != want {
				t.Errorf("worse of %s and %s is %s, want %s", a, b, Worse(a, b), want)
			}
		}
	}
	if State("nonsense from outside").Rank() != Unknown.Rank() {
		t.Error("a state nobody knows must rank with unknown")
	}
}

func TestConditionsAndNamedLeg(t *testing.T) {
	e := healthy()
	e.Depth, e.Oldest, e.NoCredit, e.Held = 4, ago(time.Minute), true, 1
	e.NextLegs = []Leg{
		{From: "coordinator", To: "legacy", State: Blind, Reason: "MMFF1.MSG waits for 1h0m0s", Conditions: []string{ConditionStuck}},
		{From: "coordinator", To: "other", State: Up},
	}
	got := JudgeLink(e, now)
	want := Direction{
		From: "pcside", To: "macside", State: Blind, Depth: 4, OldestAge: time.Minute,
		Conditions: []string{ConditionHeld, ConditionStuck, ConditionWaiting},
		Reason:     "coordinator to legacy: MMFF1.MSG waits for 1h0m0s",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Up is never said without progress, or proof by every store on the way, in time.
func TestNeverUpWithoutEvidence(t *testing.T) {
	age := rapid.Int64Range(-10, 8000)
	rapid.Check(t, func(t *rapid.T) {
		at := func(name string) time.Time {
			if rapid.Bool().Draw(t, name+" is zero") {
				return time.Time{}
			}
			return ago(time.Duration(age.Draw(t, name)) * time.Second)
		}
		e := LinkEvidence{
			Session: rapid.Bool().Draw(t, "session"), Heard: at("heard"), Since: at("since"), Depth: rapid.IntRange(0, 2).Draw(t, "depth"),
			Oldest: at("oldest"), Progress: at("progress"), NoCredit: rapid.Bool().Draw(t, "no credit"), Held: rapid.IntRange(0, 1).Draw(t, "held"),
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "proofs") {
			e.Proofs = append(e.Proofs, at(fmt.Sprint("proof", i)))
		}
		if rapid.Bool().Draw(t, "leg") {
			e.NextLegs = []Leg{{State: rapid.SampledFrom(precedence).Draw(t, "leg state")}}
		}
		if JudgeLink(e, now).State != Up {
			return
		}
		recent := func(x time.Time, w time.Duration) bool { return !x.IsZero() && now.Sub(x) < w }
		proof := len(e.Proofs) > 0
		for _, p := range e.Proofs {
			proof = proof && recent(p, WithinIdle)
		}
		if !recent(e.Progress, Within) && !proof {
			t.Fatalf("up without progress or proof: %+v", e)
		}
		if !e.Session || len(e.NextLegs) > 0 && Worse(e.NextLegs[0].State, Up) != Up {
			t.Fatalf("up without a session: %+v", e)
		}
	})
}

func TestTrackerNotesChanges(t *testing.T) {
	tr := NewTracker()
	d, ch := tr.Observe("a", Direction{From: "a", State: Up}, now)
	if ch == nil || ch.Was != "" || !d.Changed.Equal(now) {
		t.Fatalf("first observation: %+v %+v", d, ch)
	}
	if d, ch = tr.Observe("a", Direction{From: "a", State: Up, Depth: 3}, now.Add(time.Second)); ch != nil || !d.Changed.Equal(now) {
		t.Fatalf("same state: %+v %+v", d, ch)
	}
	later := now.Add(time.Minute)
	if d, ch = tr.Observe("a", Direction{From: "a", State: Down}, later); ch == nil || ch.Was != Up || !d.Changed.Equal(later) {
		t.Fatalf("changed state: %+v %+v", d, ch)
	}
	tr.Observe("b", Direction{From: "b", State: ShareDown}, later)
	if all := tr.Directions(); len(all) != 2 || all[0].From != "b" {
		t.Fatalf("directions are %+v, want the worst first", all)
	}
	tr.Forget("b")
	if all := tr.Directions(); len(all) != 1 {
		t.Fatalf("after Forget: %+v", all)
	}
}

// TestOddLegIsExplained: what is odd behind the receiver is said where mail waits for it, even while mail flows.
func TestOddLegIsExplained(t *testing.T) {
	leg := Leg{From: "coordinator", To: "legacy-mac", State: Up, Conditions: []string{ConditionSlotsFull}, Reason: "all 3 slots full"}
	d := Through(Direction{State: Up}, leg)
	if d.State != Up || d.Reason != "coordinator to legacy-mac: all 3 slots full" || len(d.Conditions) != 1 {
		t.Errorf("through an odd leg: %+v", d)
	}
	if d := Through(Direction{State: Down, Reason: "no beat for 11s"}, leg); d.Reason != "no beat for 11s" {
		t.Errorf("the worse reason is lost: %+v", d)
	}
}

// TestWrong: what is meant to be so, or not known, is nothing to look at.
func TestWrong(t *testing.T) {
	var wrong []State
	for _, s := range precedence {
		if s.Wrong() {
			wrong = append(wrong, s)
		}
	}
	if want := []State{ShareDown, Down, Stalled, Blind}; !slices.Equal(wrong, want) {
		t.Errorf("%v, want %v", wrong, want)
	}
}
