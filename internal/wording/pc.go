package wording

import (
	"fmt"
	"strings"

	"sidegate/internal/mail"
)

// PC are the words of a PC postoffice. Reports come from POSTMASTER, with the subject "Mail failure" (KB Q119047), and a body
// that begins with a number in brackets and a sentence, as receipts do (KB Q131523), then the header of the message. KB
// Q264331 shows the number [001] with "unable to deliver"; the rest of the wording is ours.
type PC struct {
	// Postmaster signs where no postoffice is concerned.
	Postmaster mail.Address
}

// postmaster is the mailbox that failures come from. A reply to it reaches nobody (KB Q119047).
const postmaster = "POSTMASTER"

// pcDay and pcClock are how dates and times were written. KB Q131523.
const pcDay, pcClock = "01-02-06", "15:04"

// Report words a delivery report.
func (p PC) Report(m *mail.Message, fs []mail.Failure) (subject, body string, sender mail.Address) {
	var b strings.Builder
	b.WriteString("[001] ***** Unable to deliver mail *****\n\n")
	b.WriteString("Your message was not delivered to:\n\n")
	for _, f := range fs {
		fmt.Fprintf(&b, "  %s\n    %s (%s)\n", f.Recipient, f.Explanation, f.Reason)
	}
	b.WriteString("\n")
	fmt.Fprintf(&b, "From:     %s\n", m.Sender)
	for _, a := range m.To {
		fmt.Fprintf(&b, "To:       %s\n", a)
	}
	for _, a := range m.Cc {
		fmt.Fprintf(&b, "Cc:       %s\n", a)
	}
	fmt.Fprintf(&b, "Subject:  %s\n", m.Subject)
	fmt.Fprintf(&b, "Date:     %s\n", m.Submitted.Format(pcDay+" "+pcClock))
	fmt.Fprintf(&b, "Message:  %s\n", m.ID)
	if sender = signed(m, fs, postmasterOf); sender.IsZero() {
		sender = p.Postmaster
	}
	return "Mail failure", b.String(), sender
}

// postmasterOf is the POSTMASTER of an address's postoffice.
func postmasterOf(a mail.Address) (mail.Address, bool) {
	parts := a.Parts()
	if a.Type != mail.TypePC || len(parts) != 3 {
		return mail.Address{}, false
	}
	return mail.Address{Type: mail.TypePC, Value: parts[0] + "/" + parts[1] + "/" + postmaster}, true
}

// Receipt words a read receipt as the DOS client did (KB Q131523, Q107356). What it wrote of a message that was deleted
// unread is not known; that sentence is ours.
func (PC) Receipt(_ *mail.Message, r mail.Receipt) (subject, body string) {
	var b strings.Builder
	b.WriteString(done(r, "[013] ***** Read receipt from a registered message *****\n\n", "***** A registered message was deleted unread *****\n\n"))
	fmt.Fprintf(&b, "To:       %s\n", r.Reader)
	fmt.Fprintf(&b, "Date:     %s\n", r.Submitted.Format(pcDay))
	fmt.Fprintf(&b, "Subject:  %s\n", r.Subject)
	fmt.Fprintf(&b, "Time:     %s\n\n", r.Submitted.Format(pcClock))
	fmt.Fprintf(&b, "%s %s\n", done(r, "Was read", "Was deleted unread"), readAt(r).Format(pcDay+" "+pcClock))
	return done(r, "Registered: ", "Not read: ") + name(r.Reader), b.String()
}
