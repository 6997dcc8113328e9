package service

import (
	"testing"

	"sidegate/internal/config"
	"sidegate/internal/mail"
)

// TestWords: a coordinator writes plainly, or as the half it stands in for: PC Mail reported from the POSTMASTER of the
// postoffice that failed, the Macintosh from the Network Manager of the server (KB Q119047, Q175041).
func TestWords(t *testing.T) {
	m := &mail.Message{Sender: mail.MustAddress("Anna@Marketing"), Subject: "hello"}
	failed := []mail.Failure{{Recipient: mail.MustAddress("NET/PO/X"), Explanation: "No."}, {Recipient: mail.MustAddress("bob@Shop"), Explanation: "No."}}
	for _, tt := range []struct{ wording, role, subject, sender string }{
		{"plain", "pc", "Undeliverable Mail", "SIDEGATE/COORD/POSTMASTER"},
		{"plain", "mac", "Undeliverable Mail", "SIDEGATE/COORD/POSTMASTER"},
		{"old", "pc", "Mail failure", "NET/PO/POSTMASTER"},
		{"old", "mac", "Undeliverable Mail", "Network Manager@Shop"},
		{"old", "drain", "Mail failure", "NET/PO/POSTMASTER"},
	} {
		c := config.Default(config.Coordinator)
		c.ReportWording, c.Spool.Role = tt.wording, tt.role
		subject, body, sender := words(c).Report(m, failed)
		if subject != tt.subject || sender.String() != tt.sender || body == "" {
			t.Errorf("%s as %s: %q from %s", tt.wording, tt.role, subject, sender)
		}
	}
	if c := config.Default(config.Coordinator); c.ReportWording != "plain" || c.Receipts != "" {
		t.Errorf("by default a coordinator is told %q, %q", c.ReportWording, c.Receipts)
	}
}
