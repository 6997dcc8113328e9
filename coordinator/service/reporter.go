package service

import (
	"fmt"
	"strings"

	"sidegate/internal/mail"
)

// postmaster signs what the coordinator itself writes. A user called POSTMASTER is known to both old systems as one
// who does not answer (KB Q119047).
var postmaster = mail.MustAddress("SIDEGATE/COORD/POSTMASTER")

// Reporter words the delivery reports of a coordinator, in plain text that both old systems can show.
type Reporter struct{}

// Report implements intake.Reporter.
func (Reporter) Report(m *mail.Message, fs []mail.Failure) (subject, body string, sender mail.Address) {
	var b strings.Builder
	b.WriteString("Your message did not reach some or all of the intended recipients.\n\n")
	fmt.Fprintf(&b, "Date submitted: %s\nMessage title: %s\n\n", m.Submitted.Format("2006-01-02 15:04"), m.Subject)
	b.WriteString("The following recipient(s) could not be reached:\n\n")
	for _, f := range fs {
		fmt.Fprintf(&b, "%s\n    %s\n", f.Recipient, f.Explanation)
	}
	return "Undeliverable Mail", b.String(), postmaster
}
