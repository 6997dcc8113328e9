package intake

import (
	"context"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// work is what is done in one commit, and what is left to do once it is durable.
type work struct {
	in   *Intake
	tx   *store.Tx
	back []told
	// once, when set, remembers for every recipient returned that it was, so that a message which comes a second time
	// by another way causes no second report.
	once bool
}

// told is a step to pass back to where the message entered.
type told struct {
	origin mail.StoreID
	step   store.Trace
}

// commit runs build in one commit between two fault points, then passes on what it has to tell.
func (in *Intake) commit(ctx context.Context, point string, custody bool, build func(*work) error) error {
	var w *work
	run := in.store.Commit
	if custody {
		run = in.store.CommitCustody
	}
	in.o.Fault("intake." + point + ".before")
	err := run(ctx, func(tx *store.Tx) error {
		w = &work{in: in, tx: tx}
		return build(w)
	})
	if err != nil {
		return err
	}
	in.o.Fault("intake." + point + ".after")
	for _, t := range w.back {
		in.o.Tell(t.origin, t.step)
	}
	return nil
}

// trace records a step of m here, and for its origin if that is elsewhere and the step is one that it cannot know.
func (w *work) trace(m *mail.Message, recipient mail.Address, event, detail string) {
	t := store.Trace{
		MessageID: m.ID, Recipient: recipient, End: w.in.o.End, Store: w.in.store.ID(), Time: w.tx.Now(),
		Event: event, Detail: detail,
	}
	w.tx.AddTrace(t)
	switch event {
	case EventDelivered, EventReturned, EventBadMail, EventReported:
		if m.OriginStore != "" && m.OriginStore != w.in.store.ID() {
			w.back = append(w.back, told{m.OriginStore, t})
		}
	}
}
