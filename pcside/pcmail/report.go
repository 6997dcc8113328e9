package pcmail

import (
	"fmt"
	"strings"

	"sidegate/internal/mail"
)

// reporter writes reports as a PC postoffice did: from POSTMASTER, with the subject "Mail failure" (KB Q119047), and a
// body that begins with a number in brackets and a sentence, as receipts do (KB Q131523), then the header of the
// message. KB Q264331 shows the number [001] with "unable to deliver"; the rest of the wording is ours.
type reporter struct{}

// postmaster is the mailbox that failures come from. A reply to it reaches nobody, and is answered by a report.
const postmaster = "POSTMASTER"

// Report writes the report about m.
func (reporter) Report(m *mail.Message, fs []mail.Failure) (subject, body string, sender mail.Address) {
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
	fmt.Fprintf(&b, "Date:     %s\n", m.Submitted.Format("01-02-06 15:04")) // mm-dd-yy hh:mm, KB Q131523
	fmt.Fprintf(&b, "Message:  %s\n", m.ID)
	return "Mail failure", b.String(), from(m, fs)
}

// from is the POSTMASTER of the postoffice that could not deliver, else of the sender's own.
func from(m *mail.Message, fs []mail.Failure) mail.Address {
	candidates := make([]mail.Address, 0, len(fs)+1)
	for _, f := range fs {
		candidates = append(candidates, f.Recipient)
	}
	for _, a := range append(candidates, m.Sender) {
		if a.Type != mail.TypePC {
			continue
		}
		if parts := a.Parts(); len(parts) == 3 {
			return mail.Address{Type: mail.TypePC, Value: parts[0] + "/" + parts[1] + "/" + postmaster}
		}
	}
	return mail.Address{Type: mail.TypePC, Value: "PCSIDE/PCSIDE/" + postmaster}
}
