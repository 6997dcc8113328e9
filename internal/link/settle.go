package link

import (
	"errors"
	"fmt"
	"syscall"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// settleAll lets go of what was receipted, all that has come at a time.
func (w *sender) settleAll() error {
	for {
		select {
		case <-w.s.ctx.Done():
			return nil
		case <-w.settle:
		}
		w.mu.Lock()
		through, beyond, due := w.through, w.beyond, w.receipted
		exceptions, events := w.exceptions, w.events
		w.receipted, w.exceptions, w.events = false, nil, nil
		w.mu.Unlock()
		if due || len(events) > 0 {
			if err := w.release(through, beyond, events); err != nil {
				return err
			}
		}
		if err := w.except(exceptions); err != nil {
			return err
		}
	}
}

// release lets go of every number the peer has, in one commit with the trace of it.
func (w *sender) release(through uint64, beyond []store.Range, events []store.Trace) error {
	w.p.settling.Lock()
	defer w.p.settling.Unlock()
	st := w.s.l.o.Store
	if err := w.p.sent.load(st); err != nil {
		return err
	}
	lane := st.Lane(w.lane)
	if through <= lane.Released && len(beyond) == 0 && len(events) == 0 {
		return nil
	}
	let := 0
	w.s.l.o.Fault("link.release.before")
	err := st.CommitCustody(w.s.ctx, func(tx *store.Tx) error {
		if err := tx.Fence(w.s.fence); err != nil {
			return err
		}
		gone, err := tx.Release(w.lane, through, beyond)
		if err != nil {
			return err
		}
		let = len(gone)
		if len(gone) == 0 && len(events) == 0 && through <= lane.Released {
			return errNothing
		}
		for _, e := range gone {
			w.accepted(tx, e.MessageID, e.Recipients)
		}
		w.p.sent.add(tx, gone)
		for _, t := range events {
			tx.AddTrace(t)
		}
		return nil
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	if err != nil {
		w.p.sent.loaded = false
		return fmt.Errorf("link: release %s through %d: %w", w.p, through, err)
	}
	w.s.l.o.Fault("link.release.after")
	if let > 0 {
		w.p.gave()
	}
	return nil
}

// accepted traces that the peer has custody for recipients.
func (w *sender) accepted(tx *store.Tx, id mail.ID, rs []mail.Address) {
	for _, r := range rs {
		tx.AddTrace(store.Trace{MessageID: id, Recipient: r, End: w.p.l.o.End, Event: "accepted", Detail: "by " + w.p.name()})
	}
}

// setAside moves a delivery that cannot be sent, because its message cannot be read, to where an operator finds it.
// The number becomes a void, so that nothing behind it waits. A delivery that somebody else has moved is none of these,
// and a trouble of the whole process says nothing about the message.
func (w *sender) setAside(e store.Entry, why error) error {
	for _, trouble := range []error{store.ErrFailed, store.ErrClosed, syscall.EMFILE, syscall.ENFILE} {
		if errors.Is(why, trouble) {
			return fmt.Errorf("link: read message %s: %w", e.MessageID, why)
		}
	}
	again, found, err := w.entry(e.Seq)
	if err != nil || !found || again.Void {
		return err
	}
	reason := clip(fmt.Sprintf("the message cannot be read: %s", why), maxText)
	err = w.s.l.o.Store.CommitCustody(w.s.ctx, func(tx *store.Tx) error {
		if err := tx.Fence(w.s.fence); err != nil {
			return err
		}
		_, err := tx.Move(w.lane, e.Seq, again.Recipients, store.LaneHeld, store.Entry{Attempts: e.Attempts, Reason: reason})
		if err == nil {
			tx.AddTrace(store.Trace{MessageID: e.MessageID, End: w.p.l.o.End, Event: "held", Detail: reason})
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("link: set number %d for %s aside: %w", e.Seq, w.p, err)
	}
	w.s.l.o.Log.Error("delivery is held: its message cannot be read", "peer", w.p.name(), "message_id", e.MessageID, "error", why)
	if w.s.l.o.OnCorrupt != nil {
		w.s.l.o.OnCorrupt(again, why)
	}
	return nil
}
