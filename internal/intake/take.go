package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sidegate/internal/link"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

var _ link.Taker = (*Intake)(nil)

// refetchAfter is when a sender should try a delivery again that arrived but could not be stored.
const refetchAfter = time.Minute

// Take is a side's link.Taker. Every recipient must be one this end announced: the others are answered NotServed, so
// that no end passes mail through. A recipient served here without a mailbox is taken all the same: into bad mail, with
// its report. One arrival that cannot be stored is deferred alone and holds up nobody behind it.
func (in *Intake) Take(ctx context.Context, s store.Session, as []link.Arrival) ([]mail.Outcome, error) {
	outcomes, err := in.take(ctx, s, as)
	if err == nil || !single(ctx, err) {
		return outcomes, err
	}
	in.log.Warn("a batch could not be taken, trying its parts", "peer", s.Peer, "arrivals", len(as), "error", err)
	outcomes = make([]mail.Outcome, 0, len(as))
	for i := range as {
		one, err := in.take(ctx, s, as[i:i+1])
		if err != nil && single(ctx, err) && !as[i].Void {
			one, err = in.refuse(ctx, s, as[i], err)
		}
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, one...)
	}
	return outcomes, nil
}

// take takes arrivals in one commit.
func (in *Intake) take(ctx context.Context, s store.Session, as []link.Arrival) ([]mail.Outcome, error) {
	in.ready(ctx)
	var outcomes []mail.Outcome
	err := in.commit(ctx, "take", false, func(w *work) error {
		w.once = true
		outcomes = make([]mail.Outcome, len(as))
		if err := w.tx.Fence(s); err != nil {
			return err
		}
		books := in.store.Inbound(s.Peer)
		for i := range as {
			o, err := w.arrive(s, books, &as[i])
			if err != nil {
				return fmt.Errorf("intake: take %d from %s: %w", as[i].Seq, s.Peer, err)
			}
			outcomes[i] = o
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return outcomes, nil
}

// arrive deals with one number from a peer.
func (w *work) arrive(s store.Session, books store.Inbound, a *link.Arrival) (mail.Outcome, error) {
	if a.Void {
		return mail.Outcome{}, w.tx.TakeVoid(s, a.Seq)
	}
	if a.Delivery == nil {
		return mail.Outcome{}, errors.New("the arrival carries no delivery")
	}
	if settled(books, a.Seq) {
		return mail.Outcome{}, nil
	}
	if open := openExceptions(books, a.Seq); len(open) > 0 {
		return mail.Outcome{Exceptions: open}, nil
	}
	mine, others := w.in.split(unique(a.Delivery.Recipients))
	var o mail.Outcome
	if len(others) > 0 {
		e := mail.Exception{Recipients: others, Kind: mail.NotServed, Reason: w.in.o.End + " does not serve the address"}
		if err := w.tx.Except(s, a.Seq, e); err != nil {
			return o, err
		}
		o.Exceptions = []mail.Exception{e}
	} else {
		fresh, err := w.tx.Take(s, a.Seq)
		if err != nil || !fresh {
			return o, err
		}
	}
	if len(mine) == 0 {
		return o, nil
	}
	return o, w.custody(s, a.Delivery, mine)
}

// custody keeps a delivery that arrived, for the recipients that live here.
func (w *work) custody(s store.Session, d *mail.Delivery, mine []mail.Address) error {
	in := w.in
	loop := in.passed(d.Message) > 0 || len(d.Message.Hops) >= mail.MaxHops
	m := in.withHop(d.Message)
	if err := w.tx.Keep(m, d.Content); err != nil {
		return err
	}
	w.trace(m, mail.Address{}, EventAccepted, "from "+string(s.Peer))
	if !loop && m.Size > in.o.MaxMessageBytes {
		return w.giveBack(m, failAll(mine, ReasonTooLarge, "The message has %d bytes; %s takes at most %d.", m.Size, in.o.End, in.o.MaxMessageBytes))
	}
	return w.placeOrLoop(m, mine, loop)
}

// refuse defers a whole arrival that could not be stored, so that its sender tries again.
func (in *Intake) refuse(ctx context.Context, s store.Session, a link.Arrival, cause error) ([]mail.Outcome, error) {
	if a.Delivery == nil {
		return nil, cause
	}
	e := mail.Exception{
		Recipients: unique(a.Delivery.Recipients), Kind: mail.Deferred, RetryAfter: refetchAfter,
		Reason: in.o.End + " could not store the message",
	}
	in.log.Error("a message could not be stored, its sender will try again", "peer", s.Peer, "sequence", a.Seq,
		"message_id", a.Delivery.Message.ID, "error", cause)
	err := in.commit(ctx, "take", true, func(w *work) error { return w.tx.Except(s, a.Seq, e) })
	if err != nil {
		return nil, err
	}
	return []mail.Outcome{{Exceptions: []mail.Exception{e}}}, nil
}

// split parts the recipients this end announced from the others.
func (in *Intake) split(recipients []mail.Address) (mine, others []mail.Address) {
	for _, r := range recipients {
		if in.o.Routes.Serves(r) {
			mine = append(mine, r)
		} else {
			others = append(others, r)
		}
	}
	return mine, others
}

// settled reports whether the number was taken or voided before.
func settled(books store.Inbound, seq uint64) bool {
	if seq <= books.Through {
		return true
	}
	for _, r := range books.Beyond {
		if r.First <= seq && seq <= r.Last {
			return true
		}
	}
	return false
}

// openExceptions returns what was said before of a number that is not settled yet.
func openExceptions(books store.Inbound, seq uint64) []mail.Exception {
	var es []mail.Exception
	for _, e := range books.Exceptions {
		if e.Seq == seq {
			es = append(es, e.Exception)
		}
	}
	return es
}
