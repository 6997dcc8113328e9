package liveness

import (
	"fmt"
	"slices"
	"time"
)

// The times by which a link is judged. Zero fields of a LinkEvidence take them.
const (
	Beat      = time.Second      // between two beats
	LateAfter = 3 * Beat         // without a beat
	DownAfter = 10 * time.Second // without a beat
	Within    = 30 * time.Second // in which progress or proof must lie; also the time work may wait without any
)

// How long a proof counts follows how often an idle store makes one: every 10 s, after an idle hour every 60 s.
const (
	IdleAfter  = time.Hour
	WithinIdle = 3 * time.Minute
	ProofEvery = 10 * time.Second
	ProofIdle  = time.Minute
)

// LinkEvidence is all that is known of one direction of one link at one time.
type LinkEvidence struct {
	From, To string

	Session   bool          // a session is open
	Heard     time.Time     // last beat from the peer, zero if none since the start
	Since     time.Time     // since when the peer should have been heard; zero if nobody expects it to be
	LateAfter time.Duration // default LateAfter
	DownAfter time.Duration // default DownAfter
	Problem   string        // why there is no session
	Lateness  time.Duration // by how much our own last beat was late

	Depth    int       // deliveries waiting
	Oldest   time.Time // since when the oldest of them waits
	Progress time.Time // when something moved durably in this direction, zero if never
	// Proofs are when each store on the way showed last that it can make something durable. None is no proof.
	Proofs []time.Time

	NoCredit bool // the receiver lets the sender send nothing more
	Refusing bool // a store on the way takes nothing new
	Failed   bool // a store on the way has failed
	Restored bool // a store on the way came back from an older copy
	Deferred int  // deliveries the receiver wants later
	Held     int  // deliveries an operator holds
	Unrouted int  // deliveries without a known receiver

	PriorLegs []Leg // how mail of this direction comes to the sender
	NextLegs  []Leg // how it goes on behind the receiver
}

// Window is how long ago progress or proof may be for the direction to count as up: Within, or WithinIdle when
// nothing has moved for IdleAfter.
func (e LinkEvidence) Window(now time.Time) time.Duration {
	idle := e.Progress
	if idle.IsZero() {
		idle = e.Since
	}
	if e.Depth == 0 && !idle.IsZero() && now.Sub(idle) > IdleAfter {
		return WithinIdle
	}
	return Within
}

// proven reports whether every store on the way proved itself in the window.
func (e LinkEvidence) proven(now time.Time) bool {
	for _, p := range e.Proofs {
		if !within(p, now, e.Window(now)) {
			return false
		}
	}
	return len(e.Proofs) > 0
}

// within reports whether something happened in (now-w, now]. What lies in the future is a clock that was set back,
// and counts as now.
func within(t, now time.Time, w time.Duration) bool { return !t.IsZero() && now.Sub(t) < w }

// JudgeLink says how mail flows in one direction of a link.
func JudgeLink(e LinkEvidence, now time.Time) Direction {
	d := Direction{From: e.From, To: e.To, Depth: e.Depth, Progress: e.Progress}
	if e.Depth > 0 && !e.Oldest.IsZero() {
		d.OldestAge = max(0, now.Sub(e.Oldest))
	}
	d.condition(ConditionWaiting, e.NoCredit && e.Depth > 0)
	d.condition(ConditionHeld, e.Held > 0)
	d.condition(ConditionUnrouted, e.Unrouted > 0)
	d.condition(ConditionDeferred, e.Deferred > 0)
	d.condition(ConditionRestored, e.Restored)
	d.condition(ConditionClock, e.Lateness > Beat)
	d.condition(ConditionRefusing, e.Refusing)
	d.condition(ConditionFailed, e.Failed)
	d.State, d.Reason = e.state(now)
	for _, leg := range slices.Concat(e.PriorLegs, e.NextLegs) {
		d = Through(d, leg)
	}
	return d
}

// state goes through the states in order of precedence; the first that applies is shown.
func (e LinkEvidence) state(now time.Time) (State, string) {
	late, down := e.LateAfter, e.DownAfter
	if late <= 0 {
		late = LateAfter
	}
	if down <= 0 {
		down = DownAfter
	}
	heard := e.Heard
	if heard.IsZero() {
		heard = e.Since
	}
	silence := now.Sub(heard)
	switch {
	case e.Restored:
		return Down, sentence(e.Problem, "a store came back from an older copy")
	case !heard.IsZero() && silence >= down:
		return Down, sentence(e.Problem, fmt.Sprintf("no beat for %s", round(silence)))
	case e.Failed:
		return Down, "a store has failed"
	case e.Held > 0 && e.Depth == 0:
		return Held, fmt.Sprintf("an operator holds %d messages", e.Held)
	case e.stalled(now):
		return Stalled, e.whyStalled(now)
	case !e.Heard.IsZero() && silence > late:
		return Late, fmt.Sprintf("no beat for %s", round(silence))
	case !e.Heard.IsZero() && !e.Session:
		return Late, sentence(e.Problem, "the session has ended and is not open again yet")
	case !e.Session:
		return Unknown, sentence(e.Problem, "the peer was not heard from yet")
	case within(e.Progress, now, Within):
		return Up, ""
	case e.proven(now) && e.Depth > 0:
		return Up, "nothing moved lately, but both stores proved themselves"
	case e.proven(now):
		return Up, ""
	}
	return Unknown, "neither progress nor proof yet"
}

// stalled reports whether there is work that could have moved and did not. Without credit the sender may not send;
// then the receiver's next leg answers for it, if it has one of which something is known.
func (e LinkEvidence) stalled(now time.Time) bool {
	if !e.Session || e.Depth == 0 || within(e.Progress, now, Within) || within(e.Oldest, now, Within) || e.Oldest.IsZero() {
		return false
	}
	answers := func(l Leg) bool { return l.State != Unknown || slices.Contains(l.Conditions, ConditionOffHours) }
	return !e.NoCredit || !slices.ContainsFunc(e.NextLegs, answers)
}

func (e LinkEvidence) whyStalled(now time.Time) string {
	why := "the peer answers, but takes nothing"
	switch {
	case e.Refusing:
		why = "a store takes nothing new"
	case e.NoCredit:
		why = "the receiver grants no credit"
		for _, leg := range e.NextLegs {
			if leg.Reason != "" {
				why += " (" + leg.From + " to " + leg.To + ": " + leg.Reason + ")"
			}
		}
	}
	return fmt.Sprintf("%s; %d messages wait, the oldest for %s", why, e.Depth, round(now.Sub(e.Oldest)))
}

func sentence(first, otherwise string) string {
	if first != "" {
		return first
	}
	return otherwise
}

func round(d time.Duration) time.Duration { return d.Round(time.Second) }
