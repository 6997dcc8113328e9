package convert

import (
	"fmt"
	"strings"

	"sidegate/internal/mail"
)

// maxFailures is how many recipients a report names.
const maxFailures = 100

// reportText is the text of a delivery report or read receipt that has none, in the wording people know (KB Q175041).
func reportText(m *mail.Message) string {
	switch m.Class {
	case mail.DeliveryReport:
		var b strings.Builder
		b.WriteString("Non-delivery explanation:\n\nYour message did not reach some or all of the intended recipients.\n\n")
		b.WriteString("The following recipient(s) could not be reached:\n\n")
		for i, f := range m.Failures {
			if i == maxFailures {
				fmt.Fprintf(&b, "    and %d more\n", len(m.Failures)-i)
				break
			}
			why, _ := oneLine(f.Explanation)
			fmt.Fprintf(&b, "    %s\n        %s\n", f.Recipient, why)
		}
		return b.String()
	case mail.ReadReceipt:
		return fmt.Sprintf("***** Read receipt from a registered message *****\n\nYour message was read by %s.\n", m.Sender)
	}
	return ""
}

// reportSubject is the subject of the same.
func reportSubject(m *mail.Message) string {
	switch m.Class {
	case mail.DeliveryReport:
		return "Undeliverable Mail"
	case mail.ReadReceipt:
		return "Registered: " + userOf(m.Sender)
	}
	return ""
}
