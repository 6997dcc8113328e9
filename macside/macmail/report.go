package macmail

import (
	"fmt"
	"strings"

	"sidegate/internal/mail"
)

// reporter writes reports as the AppleTalk side did. The wording is that of KB Q175041; what is ours is the line with
// the reason below every recipient.
type reporter struct{}

const (
	// manager is who reports come from.
	manager = "Network Manager"
	// stamp is how dates were written.
	stamp = "2006-01-02 15:04"
)

// Report writes the report about m. Only an end that took custody writes one, and it knows of its own recipients only,
// so the list of valid ones stays empty, as it is in the sample.
func (reporter) Report(m *mail.Message, fs []mail.Failure) (subject, body string, sender mail.Address) {
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
	return "Undeliverable Mail", b.String(), from(m, fs)
}

// from is the manager of the server that could not deliver, else of the sender's own.
func from(m *mail.Message, fs []mail.Failure) mail.Address {
	candidates := make([]mail.Address, 0, len(fs)+1)
	for _, f := range fs {
		candidates = append(candidates, f.Recipient)
	}
	for _, a := range append(candidates, m.Sender) {
		if a.Type == mail.TypeMac {
			return mail.Address{Type: mail.TypeMac, Value: manager + "@" + a.Parts()[0]}
		}
	}
	return mail.Address{Type: mail.TypeMac, Value: manager + "@macside"}
}
