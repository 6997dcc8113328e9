package admin

import (
	"fmt"
	"slices"
	"strings"

	"sidegate/internal/liveness"
	pb "sidegate/proto/sidegate/v1"
)

// alarming are the states for which somebody should come, worst first.
var alarming = []liveness.State{liveness.ShareDown, liveness.Down, liveness.Held, liveness.Stalled, liveness.Blind}

// cause is what is wrong with one or more directions. A leg that fails is the cause for all the ways that go on through it.
type cause struct {
	state, reason string
	at            []string // the directions it lies in
	suffer        []string // those that go on through them
}

// causes are the alarming directions, by what is wrong with them, worst first.
func causes(st *pb.Status) []*cause {
	all := slices.Clone(st.GetSpool().GetLegs()) // first, because their reasons are in their own words
	for _, l := range st.GetLinks() {
		all = append(all, l.Directions...)
	}
	var out []*cause
	for _, state := range alarming {
		for _, d := range all {
			if d.State == string(state) {
				out = blame(out, d)
			}
		}
	}
	return out
}

// blame adds a direction to its cause, which may be known.
func blame(known []*cause, d *pb.DirectionStatus) []*cause {
	name := d.From + " to " + d.To
	at, reason, through := legOf(d)
	if !through {
		at, reason = name, d.Reason
	}
	i := slices.IndexFunc(known, func(c *cause) bool {
		return c.state == d.State && (c.reason == reason || slices.Contains(c.at, at))
	})
	if i < 0 {
		i, known = len(known), append(known, &cause{state: d.State, reason: reason})
	}
	c := known[i]
	if !slices.Contains(c.at, at) {
		c.at = append(c.at, at)
	}
	if through {
		c.suffer = append(c.suffer, name)
	}
	return known
}

// legOf is the leg behind one of its ends that a direction is as bad as, with the leg's reason; see liveness.Through.
func legOf(d *pb.DirectionStatus) (leg, reason string, ok bool) {
	leg, reason, ok = strings.Cut(d.Reason, ": ")
	from, to, way := strings.Cut(leg, " to ")
	before, behind := to == d.From && from != d.To, from == d.To && to != d.From
	return leg, reason, ok && way && (before || behind)
}

// String is an alarm: where it is, what is wrong, and what suffers.
func (c *cause) String() string {
	text := fmt.Sprintf("%s %s %s: %s", listed(c.at), plural(c.at, "is", "are"), c.state, c.reason)
	if len(c.suffer) > 0 {
		text += fmt.Sprintf("; %s %s from it", listed(c.suffer), plural(c.suffer, "suffers", "suffer"))
	}
	return text
}

func plural(list []string, one, many string) string {
	if len(list) == 1 {
		return one
	}
	return many
}

// listed joins words as a sentence does.
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
