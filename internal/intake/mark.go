package intake

import (
	"context"
	"errors"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Marking is what a reader does with messages of one mailbox.
type Marking struct {
	Mailbox mail.Address
	IDs     []mail.ID // each once
	Delete  bool      // removes them; otherwise they are marked as received
	// Withhold writes no read receipts for them, now or later.
	Withhold bool
}

// Mark does what a reader wants in one commit, and returns how many of the messages were in the mailbox.
//
// The first mark of a note whose sender wishes a receipt writes it in the same commit: that it was read, or, if it is
// deleted without having been acknowledged, that it was not. The mark is what remembers that, so that there is one receipt
// for each recipient, whatever happens and however often this is called. It is written when the store is full, too: it is
// part of the custody of what it speaks of.
func (in *Intake) Mark(ctx context.Context, mk Marking) (int, error) {
	n := 0
	err := in.commit(ctx, "mark", true, func(w *work) error {
		n = 0
		for _, id := range mk.IDs {
			there, err := w.mark(&mk, id)
			if err != nil {
				return err
			}
			if there {
				n++
			}
		}
		return nil
	})
	return n, err
}

// mark does it to one message; the trace tells of the first time only.
func (w *work) mark(mk *Marking, id mail.ID) (bool, error) {
	there, before, err := w.tx.Acknowledged(mk.Mailbox, id)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil || !there || before && !mk.Delete {
		return there, err
	}
	event, detail := EventAcknowledged, ""
	if mk.Delete {
		event, detail = EventDeleted, "by a reader"
	}
	if !before && !mk.Withhold {
		receipt, err := w.receipt(id, mk)
		if err != nil {
			return false, err
		}
		if receipt != "" {
			detail = join(detail, "read receipt "+string(receipt))
		}
	}
	w.trace(&mail.Message{ID: id}, mk.Mailbox, event, detail)
	if mk.Delete {
		return w.tx.Delete(mk.Mailbox, id)
	}
	return w.tx.Acknowledge(mk.Mailbox, id)
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

// receipt writes the receipt for a message, if its sender wishes one and somebody may read it. Reports, receipts and mail
// between programs never get one, nor do the names in which PC Mail writes them (KB Q119047). A message that cannot be read
// any more can still be marked and deleted.
func (w *work) receipt(id mail.ID, mk *Marking) (mail.ID, error) {
	in := w.in
	if in.o.Receipt == nil {
		return "", nil
	}
	m, err := in.store.Message(id)
	switch {
	case errors.Is(err, store.ErrFailed):
		return "", err
	case err != nil:
		in.log.Warn("a message cannot be read and gets no read receipt", "message_id", id, "error", err)
		return "", nil
	case !m.ReadReceipt || !m.Class.Answerable() || m.Sender.IsZero() || m.Sender.ReportSender():
		return "", nil
	}
	box, err := in.store.Mailbox(mk.Mailbox)
	if err != nil {
		return "", err
	}
	r := mail.Receipt{NotRead: mk.Delete, Reader: box.Address, Subject: m.Subject, Submitted: m.Submitted, Read: w.tx.Now()}
	subject, body := in.o.Receipt(m, r)
	made, err := w.compose(mail.Message{
		Class: mail.ReadReceipt, Sender: box.Address, To: []mail.Address{m.Sender}, Subject: subject, Regarding: m.ID, Receipt: &r,
	}, body)
	if err == nil {
		in.log.Debug("read receipt written", "message_id", m.ID, "receipt_id", made, "not_read", r.NotRead)
	}
	return made, err
}
