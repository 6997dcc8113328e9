package link

import (
	"fmt"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// except moves the recipients the peer did not take to where they wait, and ends their numbers.
func (w *sender) except(exceptions []store.OpenException) error {
	if len(exceptions) == 0 {
		return nil
	}
	w.p.settling.Lock()
	defer w.p.settling.Unlock()
	bySeq := map[uint64][]mail.Exception{}
	var order []uint64
	for _, e := range exceptions {
		if bySeq[e.Seq] == nil {
			order = append(order, e.Seq)
		}
		bySeq[e.Seq] = append(bySeq[e.Seq], e.Exception)
	}
	w.s.l.o.Fault("link.except.before")
	for _, seq := range order {
		if err := w.exceptOne(seq, bySeq[seq]); err != nil {
			return err
		}
	}
	w.s.l.o.Fault("link.except.after")
	w.mu.Lock()
	w.voids = append(w.voids, order...)
	waiting := len(w.voids)
	w.mu.Unlock()
	signal(w.wake)
	if waiting > 2*store.MaxOpenExceptions {
		return violation("exceptions come faster than they are ended: %d voids wait to be sent", waiting)
	}
	return nil
}

// exceptOne does so for one number, unless somebody else has emptied it already. Recipients that no exception names
// were taken; an exception that names nobody concerns all.
func (w *sender) exceptOne(seq uint64, es []mail.Exception) error {
	e, found, err := w.entry(seq)
	if err != nil || !found || e.Void {
		return err
	}
	err = w.s.l.o.Store.CommitCustody(w.s.ctx, func(tx *store.Tx) error {
		if err := tx.Fence(w.s.fence); err != nil {
			return err
		}
		rest := e.Recipients
		for _, x := range es {
			var named []mail.Address
			named, rest = split(rest, x.Recipients)
			if len(named) == 0 {
				continue
			}
			if err := w.moveExcepted(tx, e, named, x); err != nil {
				return err
			}
		}
		if len(rest) == 0 {
			return nil
		}
		w.accepted(tx, e.MessageID, rest)
		return tx.Remove(w.lane, seq, rest)
	})
	if err != nil {
		return fmt.Errorf("link: number %d not taken by %s: %w", seq, w.p, err)
	}
	w.s.l.o.Log.Debug("delivery was not taken", "peer", w.p.name(), "message_id", e.MessageID, "reason", es[0].Reason)
	return nil
}

// split parts recipients into those that are named and the rest; naming nobody names all.
func split(rs, names []mail.Address) (named, rest []mail.Address) {
	if len(names) == 0 {
		return rs, nil
	}
	keys := make(map[string]bool, len(names))
	for _, n := range names {
		keys[n.Key()] = true
	}
	for _, r := range rs {
		if keys[r.Key()] {
			named = append(named, r)
		} else {
			rest = append(rest, r)
		}
	}
	return named, rest
}

// moveExcepted queues recipients where they wait: for their time, or for somebody who serves them.
func (w *sender) moveExcepted(tx *store.Tx, e store.Entry, rs []mail.Address, x mail.Exception) error {
	to, event := store.LaneDeferred, "deferred"
	moved := store.Entry{Attempts: e.Attempts + 1, Reason: x.Reason}
	if x.Kind == mail.NotServed {
		to, event = store.LaneUnrouted, "rerouted"
	} else {
		moved.Due = tx.Now().Add(w.retry(e.Attempts, x.RetryAfter))
	}
	if _, err := tx.Move(w.lane, e.Seq, rs, to, moved); err != nil {
		return err
	}
	for _, r := range rs {
		tx.AddTrace(store.Trace{MessageID: e.MessageID, Recipient: r, End: w.p.l.o.End, Event: event, Detail: w.p.name() + ": " + x.Reason})
	}
	return nil
}

// leastRetry is the shortest delay that a peer may ask for, or a delivery could go round and round as fast as the network.
const leastRetry = 10 * time.Second

// retry is how long a deferred delivery waits: what the peer asks for, else twice as long with every attempt.
func (w *sender) retry(attempts int, asked time.Duration) time.Duration {
	o := w.s.l.o
	if asked > 0 {
		return min(max(asked, leastRetry), o.RetryMax)
	}
	wait := o.RetryMin
	for range min(attempts, 30) {
		wait = min(2*wait, o.RetryMax)
	}
	return wait
}
