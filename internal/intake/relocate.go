package intake

import (
	"errors"
	"fmt"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
)

// unknownAttempts is how often mail that an end had taken on is looked at, once nobody serves its address any more,
// before it is returned: a peer that was started with the wrong patterns gets about an hour to be put right.
const unknownAttempts = 7

// Backoff is how long mail waits after its nth attempt: 1, 2, 4, 8, then 15 minutes.
func Backoff(attempts int) time.Duration {
	if attempts < 1 {
		attempts = 1
	}
	if attempts > 4 {
		return 15 * time.Minute
	}
	return time.Minute << (attempts - 1)
}

// current re-reads an entry inside a commit. It returns false when the entry is gone or carries another message.
func (w *work) current(e store.Entry) (store.Entry, bool, error) {
	now, err := w.in.store.Entry(e.Lane, e.Seq)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return e, false, nil
	case err != nil:
		return e, false, err
	}
	return now, !now.Void && now.MessageID == e.MessageID, nil
}

// resolver says where mail for an address goes.
type resolver func(mail.Address) route.Route

// relocate moves the recipients of a waiting entry whose way has changed. now says not to wait before somebody is
// asked again who refused the mail before. It reports whether anything was changed.
func (w *work) relocate(e store.Entry, now bool) (bool, error) {
	m, err := w.in.store.Message(e.MessageID)
	if err != nil {
		return false, fmt.Errorf("intake: message %s of lane %s: %w", e.MessageID, e.Lane, err)
	}
	return w.follow(m, e, w.in.replan(w.in.resolve, m, e, now))
}

// follow does what a plan for a waiting entry says.
func (w *work) follow(m *mail.Message, e store.Entry, p *plan) (bool, error) {
	for _, s := range p.shares {
		to := store.Entry{Attempts: e.Attempts, Reason: e.Reason, Due: s.due, From: s.from}
		if s.lane == store.LaneDeferred {
			to.Attempts++
		}
		if _, err := w.tx.Move(e.Lane, e.Seq, s.recipients, s.lane, to); err != nil {
			return false, err
		}
		event := EventRerouted
		if s.lane == store.LaneDeferred {
			event = EventDeferred
		}
		for _, r := range s.recipients {
			w.trace(m, r, event, s.detail)
		}
	}
	missing, err := w.deliverAll(m, p.boxes)
	if err != nil {
		return false, err
	}
	if err := w.giveBack(m, append(p.failures, missing...)); err != nil {
		return false, err
	}
	ended := p.boxes
	for _, f := range p.failures {
		ended = append(ended, f.Recipient)
	}
	if len(ended) > 0 {
		if err := w.tx.Remove(e.Lane, e.Seq, ended); err != nil {
			return false, err
		}
	}
	return len(p.shares)+len(ended) > 0, nil
}

// replan is plan for an entry that waits: what is to stay is left out.
func (in *Intake) replan(resolve resolver, m *mail.Message, e store.Entry, now bool) *plan {
	p := &plan{}
	for _, r := range e.Recipients {
		way := resolve(r)
		switch {
		case way.Kind == route.Mailbox:
			p.boxes = append(p.boxes, r)
		case way.Kind == route.Lane && way.Lane == e.Lane, way.Kind == route.Unrouted && e.Lane == store.LaneUnrouted:
		case way.Kind == route.Unrouted:
			p.add(share{lane: store.LaneUnrouted, detail: "nobody known serves it any more"}, r)
		case way.Kind == route.Lane && way.MaxBytes > 0 && m.Size > way.MaxBytes:
			p.fail(r, ReasonTooLarge, "The message has %d bytes; %s takes at most %d.", m.Size, way.End, way.MaxBytes)
		case way.Kind == route.Lane && e.Lane == store.LaneUnrouted && e.Attempts > 0 && !now && (e.From == "" || e.From == way.Lane):
			// The same end announces the address and does not take it: not round and round at the speed of the network.
			p.add(in.later(e, way.End+" may serve it by then"), r)
		case way.Kind == route.Lane:
			p.add(share{lane: way.Lane, detail: "for " + way.End}, r)
		case !waitingRoom(e.Lane):
			// The receiver will say itself that it does not serve the address.
		case e.Attempts == 0 || e.Attempts >= unknownAttempts:
			p.fail(r, ReasonNoRoute, "No end serves the address %s.", r)
		default:
			p.add(in.later(e, "no end serves it now"), r)
		}
	}
	return p
}

// later is the share of recipients that are to be looked at again after a while.
func (in *Intake) later(e store.Entry, detail string) share {
	return share{lane: store.LaneDeferred, detail: detail, due: in.store.Now().Add(Backoff(e.Attempts + 1)).Round(time.Second), from: e.From}
}

// movable reports whether an entry would be changed by relocate, without the message.
func (in *Intake) movable(resolve resolver, e store.Entry) bool {
	if e.Void || len(e.Recipients) == 0 {
		return false
	}
	p := in.replan(resolve, &mail.Message{Size: e.Bytes}, e, false)
	return len(p.shares)+len(p.boxes)+len(p.failures) > 0
}

// waitingRoom reports whether a lane is one whose mail is never sent from there.
func waitingRoom(l store.Lane) bool {
	switch l {
	case store.LaneUnrouted, store.LaneDeferred, store.LaneHeld, store.LaneSpool:
		return true
	}
	return false
}

// bound reports whether an entry belongs to its receiver because it may have been sent.
func (in *Intake) bound(e store.Entry) bool { return !waitingRoom(e.Lane) && in.o.Bound(e.Lane, e.Seq) }
