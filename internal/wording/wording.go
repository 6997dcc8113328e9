// Package wording holds what ends write to people in reports and read receipts: in the words of PC Mail, in those of the
// AppleTalk side, and in plain ones.
//
// Nothing here fails, looks at content or knows who reads it. What programs want to know of a report or receipt is in the
// fields of the message; these texts are for people, and for the old programs, which have nothing else.
package wording

import (
	"fmt"
	"strings"
	"time"

	"sidegate/internal/mail"
)

// Words is how an end writes.
type Words interface {
	// Report words a delivery report about the recipients of m that could not be reached, and names who signs it.
	Report(m *mail.Message, fs []mail.Failure) (subject, body string, sender mail.Address)
	// Receipt words a read receipt for m.
	Receipt(m *mail.Message, r mail.Receipt) (subject, body string)
}

// stamp is how dates were written on the AppleTalk side, and are in plain words.
const stamp = "2006-01-02 15:04"

// Plain are words that tell everything and imitate nobody.
type Plain struct {
	// Postmaster signs.
	Postmaster mail.Address
}

// Report words a delivery report.
func (p Plain) Report(m *mail.Message, fs []mail.Failure) (subject, body string, sender mail.Address) {
	var b strings.Builder
	b.WriteString("Your message did not reach some or all of the intended recipients.\n\n")
	fmt.Fprintf(&b, "Date submitted: %s\nMessage title: %s\n\n", m.Submitted.Format(stamp), m.Subject)
	b.WriteString("The following recipient(s) could not be reached:\n\n")
	for _, f := range fs {
		fmt.Fprintf(&b, "%s\n    %s\n", f.Recipient, f.Explanation)
	}
	return "Undeliverable Mail", b.String(), p.Postmaster
}

// Receipt words a read receipt.
func (Plain) Receipt(_ *mail.Message, r mail.Receipt) (subject, body string) {
	var b strings.Builder
	if r.NotRead {
		fmt.Fprintf(&b, "Your message was deleted unread by %s.\n\n", r.Reader)
	} else {
		fmt.Fprintf(&b, "Your message was read by %s.\n\n", r.Reader)
	}
	fmt.Fprintf(&b, "Date submitted: %s\nMessage title: %s\n", r.Submitted.Format(stamp), r.Subject)
	fmt.Fprintf(&b, "%s: %s\n", done(r, "Read", "Deleted"), readAt(r).Format(stamp))
	return done(r, "Read: ", "Not read: ") + r.Subject, b.String()
}

// done is one word for what was read and another for what was not.
func done(r mail.Receipt, read, notRead string) string {
	if r.NotRead {
		return notRead
	}
	return read
}

// readAt is when a message was read, by the clock of its sender, who knows no other.
func readAt(r mail.Receipt) time.Time { return r.Read.In(r.Submitted.Location()) }

// name is how a person goes by: the mailbox, without postoffice or server.
func name(a mail.Address) string {
	parts := a.Parts()
	return parts[len(parts)-1]
}

// signed is the address of the first of the failed recipients, or else of the sender, that make makes one of; empty if there
// is none. A report comes from the postoffice or server that could not deliver.
func signed(m *mail.Message, fs []mail.Failure, make func(mail.Address) (mail.Address, bool)) mail.Address {
	for _, f := range fs {
		if a, ok := make(f.Recipient); ok {
			return a
		}
	}
	a, _ := make(m.Sender)
	return a
}
