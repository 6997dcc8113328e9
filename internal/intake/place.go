package intake

import (
	"errors"
	"fmt"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
)

// Place routes the recipients of one delivery in the caller's commit: into mailboxes, lanes, the unrouted lane, or bad
// mail with a report. With Content the message is kept first; without, it must have been kept.
func (in *Intake) Place(tx *store.Tx, d *mail.Delivery) error {
	w := &work{in: in, tx: tx}
	if d.Content != nil {
		if err := tx.Keep(d.Message, d.Content); err != nil {
			return err
		}
	}
	return w.place(d.Message, unique(d.Recipients))
}

// share is the part of an envelope that goes the same way.
type share struct {
	lane       store.Lane
	recipients []mail.Address
	detail     string
	// due and from are set for mail that waits behind other mail for the same recipient.
	due  time.Time
	from store.Lane
}

// plan says where the recipients of one message go.
type plan struct {
	boxes    []mail.Address
	shares   []*share // in the order of the envelope
	failures []mail.Failure
}

// plan decides for every recipient. It changes nothing.
func (in *Intake) plan(m *mail.Message, recipients []mail.Address) *plan {
	p := &plan{}
	for _, r := range recipients {
		if f := in.unfit(m, r); f != nil {
			p.failures = append(p.failures, *f)
			continue
		}
		way := in.resolve(r)
		switch {
		case way.Kind == route.Mailbox:
			p.boxes = append(p.boxes, r)
		case way.Kind == route.Unrouted:
			p.add(share{lane: store.LaneUnrouted, detail: "nobody known serves it yet"}, r)
		case way.Kind == route.Unknown:
			p.fail(r, ReasonNoRoute, "No end serves the address %s.", r)
		case way.MaxBytes > 0 && m.Size > way.MaxBytes:
			p.fail(r, ReasonTooLarge, "The message has %d bytes; %s takes at most %d.", m.Size, way.End, way.MaxBytes)
		default:
			p.add(in.behind(m, r, way), r)
		}
	}
	return p
}

// behind is the share of a recipient with a lane: that lane, or the waiting room while earlier mail of the same pair
// waits there, so that the later does not overtake it.
func (in *Intake) behind(m *mail.Message, r mail.Address, way route.Route) share {
	if due, waits := in.deferred.blocks(m.Sender, r); waits {
		return share{lane: store.LaneDeferred, detail: "waits behind earlier mail to the same recipient", due: due, from: way.Lane}
	}
	return share{lane: way.Lane, detail: "for " + way.End}
}

func (p *plan) add(s share, r mail.Address) {
	for _, have := range p.shares {
		if have.lane == s.lane && have.from == s.from && have.due.Equal(s.due) {
			have.recipients = append(have.recipients, r)
			return
		}
	}
	s.recipients = []mail.Address{r}
	p.shares = append(p.shares, &s)
}

func (p *plan) fail(r mail.Address, reason, format string, args ...any) {
	p.failures = append(p.failures, mail.Failure{Recipient: r, Reason: reason, Explanation: fmt.Sprintf(format, args...)})
}

// failAll is the failure of every recipient for one reason.
func failAll(recipients []mail.Address, reason, format string, args ...any) []mail.Failure {
	p := &plan{}
	for _, r := range recipients {
		p.fail(r, reason, format, args...)
	}
	return p.failures
}

// placeOrLoop places a kept message unless it has been found to loop.
func (w *work) placeOrLoop(m *mail.Message, recipients []mail.Address, loop bool) error {
	if loop {
		return w.giveBack(m, failAll(recipients, ReasonLoop, "The message came back to %s after %d hops.", w.in.o.End, len(m.Hops)))
	}
	return w.place(m, recipients)
}

// place puts a kept message where its recipients are.
func (w *work) place(m *mail.Message, recipients []mail.Address) error {
	p := w.in.plan(m, recipients)
	for _, s := range p.shares {
		if err := w.enqueue(m, s); err != nil {
			return err
		}
	}
	missing, err := w.deliverAll(m, p.boxes)
	if err != nil {
		return err
	}
	return w.giveBack(m, append(p.failures, missing...))
}

// enqueue puts a share into its lane, in entries of at most MaxRecipients.
func (w *work) enqueue(m *mail.Message, s *share) error {
	for rest := s.recipients; len(rest) > 0; {
		n := min(len(rest), w.in.o.MaxRecipients)
		e := store.Entry{
			MessageID: m.ID, Recipients: rest[:n:n], Queued: w.tx.Now(), Bytes: m.Size, Sender: m.Sender, Due: s.due, From: s.from,
		}
		if s.from != "" {
			e.Reason = s.detail
		}
		if _, err := w.tx.Enqueue(s.lane, e); err != nil {
			return err
		}
		rest = rest[n:]
	}
	event := EventQueued
	if s.lane == store.LaneDeferred {
		event = EventDeferred
	}
	for _, r := range s.recipients {
		w.trace(m, r, event, s.detail)
	}
	return nil
}

// deliverAll puts a kept message into mailboxes and returns the recipients that have none.
func (w *work) deliverAll(m *mail.Message, boxes []mail.Address) (missing []mail.Failure, err error) {
	p := &plan{}
	for _, box := range boxes {
		fresh, err := w.tx.Deliver(box, m.ID)
		if errors.Is(err, store.ErrNotFound) && w.in.o.AutoMailbox {
			if _, err := w.tx.AddMailbox(box, nil); err != nil {
				return nil, err
			}
			fresh, err = w.tx.Deliver(box, m.ID)
		}
		switch {
		case errors.Is(err, store.ErrNotFound):
			p.fail(box, ReasonNoMailbox, "There is no mailbox %s.", box)
		case err != nil:
			return nil, err
		case fresh:
			w.trace(m, box, EventDelivered, "")
		default:
			w.trace(m, box, EventDuplicate, "the mailbox has it already, or had it")
		}
	}
	return p.failures, nil
}
