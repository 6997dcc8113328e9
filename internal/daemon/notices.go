package daemon

import (
	"fmt"
	"slices"

	"sidegate/internal/liveness"
	"sidegate/internal/notice"
	pb "sidegate/proto/sidegate/v1"
)

// notices makes what tells an administrator, if there is one.
func (e *End) notices(k Kind) error {
	if e.Config.NoticesTo.IsZero() {
		return nil
	}
	n, err := notice.New(notice.Options{
		Store: e.Store, Writer: e.Intake, End: e.Config.Name, From: k.Postmaster, To: e.Config.NoticesTo,
		Troubles: func() []notice.Trouble { return troubles(e.Config.Name, e.Admin.Status()) }, Log: e.Log,
	})
	if err == nil {
		e.part.Actors = append(e.part.Actors, Actor{"notices", n.Run})
	}
	return err
}

// telling are the states of a direction that an administrator is told of. Whoever is down is told of only if mail waits for
// him: an end may well be switched off.
var telling = []liveness.State{liveness.ShareDown, liveness.Down, liveness.Stalled, liveness.Blind}

// troubles are what of a status an administrator is told.
func troubles(end string, st *pb.Status) []notice.Trouble {
	var list []notice.Trouble
	add := func(n notice.Trouble) {
		if !slices.ContainsFunc(list, func(t notice.Trouble) bool { return t.Key == n.Key }) {
			list = append(list, n)
		}
	}
	tell := func(key, format string, args ...any) {
		add(notice.Trouble{Key: key, Text: fmt.Sprintf(format, args...)})
	}
	if class := st.GetStore().GetStoreClass(); class != "ok" {
		tell("store "+class, "The store of %s is %s: %s", end, class, st.GetStore().GetReason())
	}
	for _, l := range st.Links {
		if n := len(l.MissingMessageIds); n > 0 {
			tell("restored "+l.Peer, "%s. It lacks messages (%d). Sessions are refused until it has a new identity.", l.Error, n)
		}
		for _, d := range l.Directions {
			tellOf(d, tell)
		}
	}
	for _, d := range st.GetSpool().GetLegs() {
		tellOf(d, tell)
		if slices.Contains(d.Conditions, liveness.ConditionOffHours) && d.State == string(liveness.Unknown) {
			for _, state := range telling { // what was wrong at the end of the hours is so still, as far as anybody knows
				add(notice.Trouble{Key: keyOf(string(state), d), Asleep: true})
			}
		}
		if slices.Contains(d.Conditions, liveness.ConditionSecondGateway) {
			tell(liveness.ConditionSecondGateway, "A second gateway works in the spool %s (KB Q130066); nothing is written there until it is gone.", st.Spool.Directory)
		}
	}
	return list
}

func tellOf(d *pb.DirectionStatus, tell func(key, format string, args ...any)) {
	state := liveness.State(d.State)
	if !slices.Contains(telling, state) || state == liveness.Down && d.Depth == 0 {
		return
	}
	tell(keyOf(d.State, d), "%s to %s is %s: %s", d.From, d.To, d.State, d.Reason)
}

func keyOf(state string, d *pb.DirectionStatus) string { return state + " " + d.From + " to " + d.To }
