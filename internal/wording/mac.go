package wording

import (
	"fmt"
	"strings"

	"sidegate/internal/mail"
)

// Mac are the words of the AppleTalk side. The wording of reports is that of KB Q175041; what is ours is the line with the
// reason below every recipient.
type Mac struct {
	// Postmaster signs where no server is concerned.
	Postmaster mail.Address
}

// manager is who reports come from.
const manager = "Network Manager"

// Report words a delivery report. Only an end that took custody writes one, and it knows of its own recipients only, so the
// list of valid ones stays empty, as it is in the sample.
func (c Mac) Report(m *mail.Message, fs []mail.Failure) (subject, body string, sender mail.Address) {
	var b strings.Builder
	b.WriteString("Non-delivery explanation:\n")
	b.WriteString("Your message did not reach some or all of the intended recipients.\n")
	fmt.Fprintf(&b, "Date submitted: %s\n", m.Submitted.Format(stamp))
	fmt.Fprintf(&b, "Message title: %s\n", m.Subject)
	b.WriteString("The following recipients were valid:\n\n")
	b.WriteString("The following recipient(s) could not be reached:\n")
	for _, f := range fs {
		fmt.Fprintf(&b, "| %s\n    %s (%s)\n", f.Recipient, f.Explanation, f.Reason)
	}
	if sender = signed(m, fs, managerOf); sender.IsZero() {
		sender = c.Postmaster
	}
	return "Undeliverable Mail", b.String(), sender
}

// managerOf is the Network Manager of an address's server.
func managerOf(a mail.Address) (mail.Address, bool) {
	if a.Type != mail.TypeMac {
		return mail.Address{}, false
	}
	return mail.Address{Type: mail.TypeMac, Value: manager + "@" + a.Parts()[0]}, true
}

// Receipt words a read receipt. The Macintosh client showed a form that holds no text (KB Q62051); the lines are those of the
// receipts that crossed to it as text (KB Q175040).
func (Mac) Receipt(_ *mail.Message, r mail.Receipt) (subject, body string) {
	var b strings.Builder
	fmt.Fprintf(&b, "Your message to %s\n", r.Reader)
	fmt.Fprintf(&b, "With subject: %s\n", r.Subject)
	fmt.Fprintf(&b, "And sent on %s\n", r.Submitted.Format(stamp))
	fmt.Fprintf(&b, "%s on %s\n", done(r, "Was read", "Was deleted unread"), readAt(r).Format(stamp))
	return done(r, "Read Receipt: ", "Not Read: ") + name(r.Reader), b.String()
}
