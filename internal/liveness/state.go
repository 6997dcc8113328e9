// Package liveness says how mail flows, one direction at a time: evidence goes in, a state with its reason comes out.
//
// Its one promise: a direction is Up only when something moved durably in it, or the stores at both of its ends proved
// that it could have, within a bounded time. That a peer answers, that a connection stands, that a file still lies in
// a directory are no evidence of progress (KB Q121917: a handshake file that nobody could see stopped all mail).
//
// The judges are pure functions of the evidence and a time. A Tracker remembers when a state changed.
package liveness

import (
	"slices"
	"time"
)

// State is how mail flows in one direction.
type State string

// The states, worst first: when several apply, the first one is shown.
const (
	ShareDown State = "share-down" // the volume of the spool fails: no verdict on the half behind it
	Down      State = "down"       // no beat, or no sign of life of a legacy half
	Held      State = "held"       // what waits, waits for an operator
	Stalled   State = "stalled"    // the other end lives, there is work, and nothing moves
	Blind     State = "blind"      // a file of ours lies untouched while the legacy half is seen alive
	Late      State = "late"       // beats are missing, not yet enough for down
	Up        State = "up"         // durable progress, or proof of it, in time
	Unknown   State = "unknown"    // no evidence either way yet
)

// precedence lists the states, worst first.
var precedence = []State{ShareDown, Down, Held, Stalled, Blind, Late, Up, Unknown}

// Rank is the place of a state in the order of precedence, 0 for the worst. A state from elsewhere that is not one of
// ours ranks with Unknown.
func (s State) Rank() int {
	if i := slices.Index(precedence, s); i >= 0 {
		return i
	}
	return len(precedence) - 1
}

// Worse returns the state that is shown when both apply.
func Worse(a, b State) State {
	if b.Rank() < a.Rank() {
		return b
	}
	return a
}

// The conditions: what is odd, whatever the state.
const (
	ConditionWaiting       = "waiting"         // the receiver grants no credit
	ConditionHeld          = "held"            // an operator holds messages of this direction
	ConditionUnrouted      = "unrouted"        // nobody is known for some recipients
	ConditionDeferred      = "deferred"        // the receiver asked to try again later
	ConditionRestored      = "restored"        // a store came back from an older copy
	ConditionClock         = "clock"           // the process was held up by its own machine
	ConditionRefusing      = "refusing"        // a store takes nothing new
	ConditionFailed        = "failed"          // a store has failed
	ConditionStuck         = "stuck-handshake" // our handshake lies untouched though the half lives
	ConditionSlotsFull     = "slots-full"      // every slot is taken
	ConditionSecondGateway = "second-gateway"  // another gateway works in our directories
	ConditionOffHours      = "off-hours"       // outside the connect times; nothing is expected to move
	ConditionDoubtful      = "doubtful"        // published files vanished and nobody knows where to
)

// Direction is how mail flows one way.
type Direction struct {
	From, To   string
	State      State
	Conditions []string // sorted, each once
	Reason     string   // one sentence, naming the file, the address or the leg
	Depth      int      // messages waiting
	OldestAge  time.Duration
	Progress   time.Time // of the last durable progress, zero if never since the start
	Changed    time.Time // of the last change of state; set by a Tracker
}

// Leg is one direction between a coordinator's spool and the legacy half behind it.
type Leg = Direction

// condition adds a condition if it applies.
func (d *Direction) condition(name string, applies bool) {
	if !applies {
		return
	}
	if i, found := slices.BinarySearch(d.Conditions, name); !found {
		d.Conditions = slices.Insert(d.Conditions, i, name)
	}
}

// Through is a direction whose way goes on through a leg: the worse of both states, with the leg named when it is the
// leg's. A leg that is up proves nothing for the way before it; but what is odd there is said here, where mail waits for
// it.
func Through(d Direction, leg Leg) Direction {
	if leg.State != Up && leg.State.Rank() < d.State.Rank() {
		d.State = leg.State
		d.Reason = leg.From + " to " + leg.To + ": " + leg.Reason
	} else if d.Reason == "" && len(leg.Conditions) > 0 && leg.Reason != "" {
		d.Reason = leg.From + " to " + leg.To + ": " + leg.Reason
	}
	d.Conditions = slices.Clone(d.Conditions)
	for _, c := range leg.Conditions {
		d.condition(c, true)
	}
	return d
}

// Wrong reports whether somebody should look: mail does not move, and not because it was told to wait.
func (s State) Wrong() bool {
	switch s {
	case ShareDown, Down, Stalled, Blind:
		return true
	}
	return false
}
