package handshake

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sidegate/internal/liveness"
)

// The conditions of a leg that only a spool knows, besides those of package liveness.
const (
	ShareFull     = "share-full"
	IntakeClosed  = "intake-closed"
	HandshakesOff = "handshakes-off"
	HandshakeLeft = "handshake-left"
	SlowScan      = "slow-scan" // the volume takes long to list a directory
)

// Leg is the state of one direction between a spool and the legacy half behind it.
type Leg = liveness.Leg

// File is one file that has not been taken.
type File struct {
	Name      string
	Age       time.Duration // observed
	Handshake bool
}

// Evidence is everything that is known of a spool and of the half behind it. Instants are zero for never.
type Evidence struct {
	Now time.Time
	T   time.Duration

	Await string        // why nothing of the spool is looked at yet
	Share string        // what is wrong with the volume, empty if nothing is
	Off   string        // why nothing is expected to move now: the half has its hours
	Hours time.Duration // how long it has been at work in them; 0 for always
	Pause string        // why nothing of ours moves just now although it is at work: between two connections
	Held  string        // why we write nothing, though we could: the lease, a second gateway, a full volume

	Ours     []File    // of ours, not taken yet, oldest first
	Consumed time.Time // the half took a file of ours
	Produced time.Time // a mail or handshake of the half's appeared
	Other    time.Time // any other sign: a claim of its, BADMAIL changed, its log grew

	Waiting    int // messages that wait for a slot
	WaitingAge time.Duration
	Full       time.Duration // how long all slots have been taken, 0 if they are not
	Slots      int

	Inbound    []File    // of theirs, not read yet, oldest first
	Taken      time.Time // we read a file of theirs
	Conditions []string  // further conditions, by their names
	Closed     bool      // our intake is closed
	Half       string    // what to call the half, such as "the Macintosh half"
}

// alive is the newest sign of life.
func (e *Evidence) alive() time.Time {
	t := e.Consumed
	for _, u := range []time.Time{e.Produced, e.Other} {
		if u.After(t) {
			t = u
		}
	}
	return t
}

func (e *Evidence) within(t time.Time) bool { return !t.IsZero() && e.Now.Sub(t) < e.T }

// Outbound judges the leg from us to the half.
func Outbound(e Evidence) Leg {
	l := Leg{Depth: e.Waiting, OldestAge: e.WaitingAge, Progress: e.Consumed, Conditions: e.conditions()}
	for _, f := range e.Ours {
		if !f.Handshake {
			l.Depth++
			l.OldestAge = max(l.OldestAge, f.Age)
		}
	}
	l.State, l.Reason = e.outbound()
	if e.Pause != "" && e.Waiting > 0 && (l.State == liveness.Up || l.State == liveness.Unknown) {
		l.Reason = e.Pause
	}
	if e.Full > 0 && e.Waiting > 0 {
		full := fmt.Sprintf("all %d slots full for %s", e.Slots, ago(e.Full))
		if l.State == liveness.Up || l.State == liveness.Unknown {
			l.Reason = full
		} else {
			l.Reason += "; " + full
		}
	}
	return l
}

func (e *Evidence) conditions() []string {
	cs := slices.Clone(e.Conditions)
	if e.Off != "" || e.Pause != "" {
		cs = append(cs, liveness.ConditionOffHours)
	}
	for _, f := range e.Ours {
		if f.Handshake && f.Age >= e.T {
			cs = append(cs, liveness.ConditionStuck)
		}
	}
	if e.Full > 0 {
		cs = append(cs, liveness.ConditionSlotsFull)
	}
	return cs
}

func (e *Evidence) outbound() (state liveness.State, reason string) {
	if e.Share != "" {
		return liveness.ShareDown, e.Share
	}
	if e.Await != "" {
		return liveness.Unknown, e.Await
	}
	if e.Off != "" {
		return e.off(e.Consumed)
	}
	old := e.overdue()
	alive := e.alive()
	if old != nil && !e.within(alive) {
		return liveness.Down, fmt.Sprintf("no sign of life of %s; %s has been waiting for %s", e.Half, old.Name, ago(old.Age))
	}
	if e.Held != "" && (e.Waiting > 0 || len(e.Ours) > 0) {
		return liveness.Stalled, e.Held
	}
	if old != nil && alive.After(e.Now.Add(-old.Age)) {
		return liveness.Blind, e.blindness(old)
	}
	if e.within(e.Consumed) {
		return liveness.Up, ""
	}
	if len(e.Ours) > 0 {
		return liveness.Unknown, fmt.Sprintf("%s has not taken %s yet", e.Half, e.Ours[0].Name)
	}
	return liveness.Unknown, "nothing has gone this way lately"
}

// off judges a leg outside the hours of the half: that nothing moves is no sign of anything.
func (e *Evidence) off(progress time.Time) (state liveness.State, reason string) {
	if e.within(progress) {
		return liveness.Up, e.Off
	}
	return liveness.Unknown, e.Off
}

// lain is how long a file has been lying while the half could have taken it.
func (e *Evidence) lain(age time.Duration) time.Duration {
	if e.Hours > 0 {
		return min(age, e.Hours)
	}
	return age
}

// overdue is the oldest file of ours that has been lying for T, if any.
func (e *Evidence) overdue() *File {
	for i := range e.Ours {
		if e.lain(e.Ours[i].Age) >= e.T {
			return &e.Ours[i]
		}
	}
	return nil
}

// blindness explains what KB Q121917 did not: the half is at work, this one file is what it does not see.
func (e *Evidence) blindness(f *File) string {
	what := "mail"
	if f.Handshake {
		what = "our handshake"
	}
	sign := "writes files of its own"
	switch {
	case e.Consumed.After(e.Now.Add(-f.Age)):
		sign = "takes other files of ours"
	case !e.Produced.After(e.Now.Add(-f.Age)):
		sign = "is at work"
	}
	return fmt.Sprintf("%s %s but has not taken %s (%s) for %s: look whether it can see that file on the volume (KB Q121917)",
		e.Half, sign, f.Name, what, ago(f.Age))
}

// Inbound judges the leg from the half to us.
func Inbound(e Evidence) Leg {
	l := Leg{Depth: len(e.Inbound), Progress: e.Taken}
	for _, f := range e.Inbound {
		l.OldestAge = max(l.OldestAge, f.Age)
	}
	if e.Off != "" {
		l.Conditions = append(l.Conditions, liveness.ConditionOffHours)
	}
	if slices.Contains(e.Conditions, SlowScan) {
		l.Conditions = append(l.Conditions, SlowScan)
	}
	lain := e.lain(l.OldestAge)
	if e.Closed {
		l.Conditions = append(l.Conditions, IntakeClosed)
	}
	switch {
	case e.Share != "":
		l.State, l.Reason = liveness.ShareDown, e.Share
	case e.Await != "":
		l.State, l.Reason = liveness.Unknown, e.Await
	case e.Off != "":
		l.State, l.Reason = e.off(e.Taken)
	case e.Closed && lain >= e.T:
		l.State, l.Reason = liveness.Stalled, "the inbound lane is full"
	case lain >= e.T && !e.within(e.Taken):
		l.State, l.Reason = liveness.Stalled, "not read for "+ago(l.OldestAge)+": "+names(e.Inbound)
	case e.within(e.Taken) || e.within(e.Produced):
		l.State = liveness.Up
	case e.overdue() != nil && !e.within(e.alive()):
		l.State, l.Reason = liveness.Down, "no sign of life of "+e.Half
	default:
		l.State, l.Reason = liveness.Unknown, "nothing has come this way lately"
	}
	return l
}

func names(fs []File) string {
	var list []string
	for i, f := range fs {
		if i == 3 {
			list = append(list, fmt.Sprintf("and %d more", len(fs)-i))
			break
		}
		list = append(list, f.Name)
	}
	return strings.Join(list, ", ")
}

// ago is a duration for people: no more exact than they need.
func ago(d time.Duration) string {
	switch {
	case d >= time.Hour:
		return d.Round(time.Minute).String()
	case d >= time.Minute:
		return d.Round(time.Second).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
