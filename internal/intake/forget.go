package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
)

// Forgotten is what became of the mail that waited for a peer that is given up.
type Forgotten struct {
	Rerouted []mail.ID // goes another way now, or waits for one
	Returned []mail.ID // went back, with a report
}

// ForgetPeer gives up a peer that will never come back: what it announced is dropped for good, and what waits for it, sent or
// not, goes the way that is best without it, or back to its senders when there is none; with giveBack it goes back at once.
// A recipient that the peer had may then have it twice. It may be called again after an error.
func (in *Intake) ForgetPeer(ctx context.Context, peer mail.StoreID, giveBack bool, reason string) (Forgotten, error) {
	in.moving.Lock()
	defer in.moving.Unlock()
	in.o.Routes.Forget(peer)
	err := in.commit(ctx, "operator", true, func(w *work) error {
		w.tx.Put(announcementsTable, string(peer), nil)
		return nil
	})
	f := &forgetting{in: in, lane: store.Lane(peer), view: in.o.Routes.View(), giveBack: giveBack, reason: reason}
	for done := false; err == nil && !done; {
		done, err = f.batch(ctx)
	}
	if err != nil {
		return f.out, fmt.Errorf("intake: forget the peer %s: %w", peer, err)
	}
	f.out.Rerouted, f.out.Returned = uniqueIDs(f.out.Rerouted), uniqueIDs(f.out.Returned)
	in.log.Info("a peer is given up", "peer", peer, "rerouted", len(f.out.Rerouted), "returned", len(f.out.Returned), "reason", reason)
	return f.out, nil
}

// forgetting empties one lane.
type forgetting struct {
	in       *Intake
	lane     store.Lane
	view     route.View
	giveBack bool
	reason   string
	after    uint64
	out      Forgotten
}

// batch settles some entries in one commit. When none is left, new mail goes by the new routes from that commit on, so that
// nothing is put into the lane behind our back.
func (f *forgetting) batch(ctx context.Context) (done bool, err error) {
	before := f.in.store.Lane(f.lane)
	entries, err := f.in.store.Entries(f.lane, f.after, moved)
	if err != nil {
		return false, err
	}
	var out Forgotten
	err = f.in.commit(ctx, "operator", true, func(w *work) error {
		done, out = false, Forgotten{}
		if len(entries) == 0 {
			// What came meanwhile, or was not durable yet, is listed the next time.
			if done = before.Durable == before.Assigned && f.in.store.Lane(f.lane).Assigned == before.Assigned; done {
				f.in.view.Store(&f.view)
			}
			return nil
		}
		for _, e := range entries {
			if err := f.settle(w, e, &out); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(entries) > 0 {
		f.after = entries[len(entries)-1].Seq
		f.out.Rerouted, f.out.Returned = append(f.out.Rerouted, out.Rerouted...), append(f.out.Returned, out.Returned...)
	}
	return done, err
}

// settle moves what can go another way, and returns the rest.
func (f *forgetting) settle(w *work, e store.Entry, out *Forgotten) error {
	e, there, err := w.current(e)
	if err != nil || !there {
		return err
	}
	m, err := f.in.store.Message(e.MessageID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // the check of the store tells of it
	}
	if err != nil {
		return err
	}
	p := &plan{}
	if !f.giveBack {
		p = f.in.replan(f.view.Resolve, m, e, true)
	}
	rest := p.leaves(e.Recipients)
	if len(rest) > 0 {
		failures := failAll(rest, ReasonOperator, "The system that served %s was given up by an operator. %s", rest[0], f.reason)
		if err := w.giveBack(m, failures); err != nil {
			return err
		}
		if err := w.tx.Remove(e.Lane, e.Seq, rest); err != nil {
			return err
		}
	}
	if len(rest) == len(e.Recipients) {
		out.Returned = append(out.Returned, e.MessageID)
		return nil
	}
	e.Recipients = slices.DeleteFunc(slices.Clone(e.Recipients), func(a mail.Address) bool { return slices.Contains(rest, a) })
	w.traceAll(e, EventRerouted, "by an operator, who gave up "+string(f.lane)+": "+f.reason)
	if len(rest)+len(p.failures) > 0 {
		out.Returned = append(out.Returned, e.MessageID)
	}
	if len(p.shares)+len(p.boxes) > 0 {
		out.Rerouted = append(out.Rerouted, e.MessageID)
	}
	_, err = w.follow(m, e, p)
	return err
}

// leaves are the recipients that a plan does nothing about.
func (p *plan) leaves(recipients []mail.Address) []mail.Address {
	covered := map[string]bool{}
	for _, s := range p.shares {
		for _, r := range s.recipients {
			covered[r.Key()] = true
		}
	}
	for _, r := range p.boxes {
		covered[r.Key()] = true
	}
	for _, failure := range p.failures {
		covered[failure.Recipient.Key()] = true
	}
	return slices.DeleteFunc(slices.Clone(recipients), func(r mail.Address) bool { return covered[r.Key()] })
}
