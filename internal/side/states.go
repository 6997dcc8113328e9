package side

import (
	"sidegate/internal/mail"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// stateOf is the state that a step takes a recipient to. Steps that are not here change nothing.
var stateOf = map[string]string{
	"queued": "queued", "rerouted": "queued", "released": "queued", "deferred": "queued", "retried": "queued",
	"sent":     "sent",
	"accepted": "accepted",
	"held":     "held",
	// What a reader does with it later changes nothing about its having been delivered.
	"delivered": "delivered", "acknowledged": "delivered", "duplicate": "delivered",
	"relayed": "relayed", "consumed": "relayed",
	"returned": "returned", "bad-mail": "bad-mail",
	// Only of mail that an operator took out of a lane: what a reader deletes has been delivered before.
	"deleted": "deleted",
}

// terminal are the states after which nothing happens without somebody's doing.
var terminal = map[string]bool{"delivered": true, "relayed": true, "returned": true, "bad-mail": true, "deleted": true, "held": true}

// final are the states that news which comes late, from another end, does not take back.
var final = map[string]bool{"delivered": true, "relayed": true, "returned": true, "bad-mail": true, "deleted": true}

// states sums up how far a message has got for each recipient, in the order in which they were heard of. A later try
// says the last word about the recipients it was for.
func states(tries [][]store.Trace) []*pb.RecipientState {
	var order []string
	all := map[string]*pb.RecipientState{}
	for _, steps := range tries {
		for key, state := range statesOf(steps, func(a mail.Address) {
			if all[a.Key()] == nil {
				all[a.Key()] = &pb.RecipientState{Address: a.String()}
				order = append(order, a.Key())
			}
		}) {
			all[key].State, all[key].Terminal = state, terminal[state]
		}
	}
	out := make([]*pb.RecipientState, 0, len(order))
	for _, key := range order {
		out = append(out, all[key])
	}
	return out
}

// statesOf is the state of every recipient after the steps of one message; heard is told of each as it comes up.
func statesOf(steps []store.Trace, heard func(mail.Address)) map[string]string {
	now := map[string]string{}
	for _, t := range steps {
		state, ok := stateOf[t.Event]
		if !ok {
			continue
		}
		if t.Recipient.IsZero() {
			if t.Event == "deleted" {
				continue // bad mail was discarded; whoever it still waits for keeps waiting
			}
			// A step of the whole message: of everybody it still matters to.
			for key := range now {
				now[key] = after(now[key], state)
			}
			continue
		}
		key := t.Recipient.Key()
		if _, known := now[key]; !known {
			if t.Event == "acknowledged" || t.Event == "deleted" {
				continue // it was delivered under an alias of the mailbox
			}
			heard(t.Recipient)
		}
		now[key] = after(now[key], state)
	}
	return now
}

// after is the state that follows on one when a step says next.
func after(was, next string) string {
	switch {
	case was == "relayed" && next == "returned":
		return next // the old system may find out later that it cannot deliver
	case final[was]:
		return was
	}
	return next
}
