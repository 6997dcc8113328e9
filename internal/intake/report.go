package intake

import (
	"crypto/sha256"
	"fmt"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Return ends recipients of a delivery, in the caller's commit: they go to bad mail, and one report about all of them
// to the sender, unless the message is itself a report, a read receipt or system mail. With Content the message is
// kept first; without, it must have been kept. Taking the recipients out of where they waited is the caller's part.
func (in *Intake) Return(tx *store.Tx, d *mail.Delivery, failures []mail.Failure) error {
	w := &work{in: in, tx: tx}
	if d.Content != nil {
		if err := tx.Keep(d.Message, d.Content); err != nil {
			return err
		}
	}
	return w.giveBack(d.Message, failures)
}

// giveBack is Return for a kept message.
func (w *work) giveBack(m *mail.Message, failures []mail.Failure) error {
	failures, err := w.firstTime(m, failures)
	if err != nil || len(failures) == 0 {
		return err
	}
	report, err := w.report(m, failures)
	if err != nil {
		return err
	}
	if err := w.rest(m, failures, report); err != nil {
		return err
	}
	event := EventReturned
	if report == "" {
		event = EventBadMail
	}
	for _, f := range failures {
		w.trace(m, f.Recipient, event, f.Reason+": "+f.Explanation)
	}
	if report == "" {
		w.in.log.Warn("mail rests in bad mail without a report", "message_id", m.ID, "recipients", len(failures), "reason", failures[0].Reason)
		return nil
	}
	w.trace(m, mail.Address{}, EventReported, string(report))
	w.in.log.Info("mail returned", "message_id", m.ID, "report_id", report, "recipients", len(failures), "reason", failures[0].Reason)
	return nil
}

// firstTime drops the recipients of m that were returned before: the message came again by another way.
func (w *work) firstTime(m *mail.Message, failures []mail.Failure) ([]mail.Failure, error) {
	if !w.once {
		return failures, nil
	}
	var fresh []mail.Failure
	for _, f := range failures {
		id := fmt.Sprintf("%s/%x", m.ID, sha256.Sum256([]byte(f.Recipient.Key())))
		before, err := w.tx.Once(store.Request{Caller: "intake/returned", ID: id}, m.ID)
		if err != nil {
			return nil, err
		}
		if before == "" {
			fresh = append(fresh, f)
		} else {
			w.trace(m, f.Recipient, EventDuplicate, "was returned already")
		}
	}
	return fresh, nil
}

// rest puts m into bad mail, one piece for every reason.
func (w *work) rest(m *mail.Message, failures []mail.Failure, report mail.ID) error {
	var pieces []*store.Bad
	byReason := map[string]*store.Bad{}
	for _, f := range failures {
		b := byReason[f.Reason]
		if b == nil {
			b = &store.Bad{Message: m, Reason: f.Reason, Explanation: f.Explanation, Time: w.tx.Now(), ReportID: report}
			byReason[f.Reason] = b
			pieces = append(pieces, b)
		}
		b.Recipients = append(b.Recipients, f.Recipient)
	}
	for _, b := range pieces {
		if _, err := w.tx.AddBad(*b); err != nil {
			return err
		}
	}
	return nil
}

// report makes the delivery report about m and places it. It returns no ID if m must not be answered: neither by its class,
// nor because it came in a name in which the old systems report. What such a name writes may be a report that was not
// recognised as one, and each of the two systems would answer the other for ever.
func (w *work) report(m *mail.Message, failures []mail.Failure) (mail.ID, error) {
	if m.Class != mail.Note || m.Sender.IsZero() || m.Sender.ReportSender() {
		return "", nil
	}
	subject, body, sender := w.in.o.Reporter.Report(m, failures)
	// Should the sender be unreachable as well, the report comes back here once more, as a report, and ends.
	id, err := w.compose(mail.Message{
		Class: mail.DeliveryReport, Sender: sender, To: []mail.Address{m.Sender}, Subject: subject, Regarding: m.ID, Failures: failures,
	}, body)
	if err != nil {
		return "", fmt.Errorf("intake: report on %s: %w", m.ID, err)
	}
	return id, nil
}
