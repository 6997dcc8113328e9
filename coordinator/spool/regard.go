package spool

import (
	"slices"

	"sidegate/coordinator/convert"
	"sidegate/internal/mail"
)

// A receipt of the old systems names the message it speaks of as its reader's system calls it, if at all; by its text a
// person knows which one is meant. The journal knows it as well, as long as it remembers what was published: who wished a
// receipt, of whom, with which subject and in which minute.

// regard ties a read receipt to the message it speaks of. What the receipt leaves out the journal then fills in: a receipt
// without its subject was one of the complaints (KB Q164136, Q168771), and one from POSTOFFICE another (KB Q119047). In doubt
// it is tied to nothing, and its text stands for itself.
func (s *Spool) regard(in *convert.Import) {
	m := in.Message
	if s.out == nil || m.Class != mail.ReadReceipt || m.Receipt == nil || in.Receipt == nil {
		return
	}
	e := s.out.wished(in)
	if e == nil {
		return
	}
	r := *m.Receipt
	if r.Subject == "" {
		r.Subject = e.Subject
	}
	if r.Submitted.IsZero() {
		r.Submitted = e.Submitted
	}
	if r.Reader.IsZero() && len(e.Recipients) == 1 {
		r.Reader = e.Recipients[0]
	}
	if m.Sender.ReportSender() && !r.Reader.IsZero() {
		m.Sender = r.Reader
	}
	m.Regarding, m.Receipt = e.MessageID, &r
}

// wished finds the one message that a receipt can speak of, nil if there is none or more than one.
func (b *outbox) wished(in *convert.Import) *entry {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	var found *entry
	best, several := 1, false // two signs at least
	for _, a := range in.Recipients {
		for _, e := range b.wishes[a.Key()] {
			switch n := signsOf(e, in); {
			case n > best:
				best, found, several = n, e, false
			case n < best || found == nil:
			case found.MessageID != e.MessageID:
				several = true
			case e.N < found.N: // of the files of one message the first
				found = e
			}
		}
	}
	if several {
		return nil
	}
	return found
}

// signsOf counts what speaks for a message being the one: reader, subject and minute. A subject or minute that differs
// speaks against everything else.
func signsOf(e *entry, in *convert.Import) int {
	if in.Receipt.ID == string(e.MessageID) {
		return 4 // our own name for it
	}
	n := 0
	r := in.Message.Receipt
	if !r.Submitted.IsZero() {
		if r.Submitted.Unix()/60 != e.Submitted.Unix()/60 {
			return 0
		}
		n++
	}
	if r.Subject != "" {
		if !convert.SameSubject(r.Subject, e.Subject) {
			return 0
		}
		n++
	}
	reader := func(a mail.Address) bool { return a.Key() == r.Reader.Key() || a.Key() == in.Message.Sender.Key() }
	if slices.ContainsFunc(e.Recipients, reader) {
		n++
	}
	return n
}
