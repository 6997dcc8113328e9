package macmail

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
)

func TestCheck(t *testing.T) {
	tests := []struct {
		address string
		bad     string // a piece of the error; empty for a good one
	}{
		{"ann@Marketing", ""},
		{"John Chen@San Francisco Marketing", ""},
		{"MSA:Bullet Before Name@Coconut Mail Server", ""},
		{"johndoe.al@a-server-with-thirty-three-letters", "server"},
		{"Jürgen Groß@Köln", ""},
		{"someone@example.org@Gateway", ""},
		{"MSMAIL:NET/PO/USER@Gateway", ""},
		{"NET/PO/ELEVENCHARS", ""}, // not ours to judge
		{strings.Repeat("é", 63) + "@Shop", ""},
		{strings.Repeat("é", 64) + "@Shop", "user"},
		{"ann@" + strings.Repeat("s", 32), ""},
		{"ann@" + strings.Repeat("s", 33), "server"},
		{"ann@Shop:Zone", "':'"},
		{"ann@Sh=op", "'='"},
		{"ann@ Shop", "blank"},
		{"ann @Shop", "blank"},
	}
	for _, tt := range tests {
		err := Check(mail.MustAddress(tt.address))
		if tt.bad == "" && err != nil {
			t.Errorf("Check(%s) = %v", tt.address, err)
		}
		if tt.bad != "" && (err == nil || !strings.Contains(err.Error(), tt.bad)) {
			t.Errorf("Check(%s) = %v, want something about %s", tt.address, err, tt.bad)
		}
	}
}

// TestReport holds the wording against KB Q175041.
func TestReport(t *testing.T) {
	m := &mail.Message{
		Sender: mail.MustAddress("NET/PO/MERCHANT"), Subject: "thanks", Submitted: time.Date(1996, 5, 2, 14, 15, 0, 0, time.UTC),
	}
	fs := []mail.Failure{{
		Recipient: mail.MustAddress("Bullet Before Name@Coconut Mail Server"), Reason: "NO_SUCH_MAILBOX", Explanation: "There is no such mailbox.",
	}}
	subject, body, sender := Dialect().Words.Report(m, fs)
	want := `Non-delivery explanation:
Your message did not reach some or all of the intended recipients.
Date submitted: 1996-05-02 14:15
Message title: thanks
The following recipients were valid:

The following recipient(s) could not be reached:
| Bullet Before Name@Coconut Mail Server
    There is no such mailbox. (NO_SUCH_MAILBOX)
`
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if subject != "Undeliverable Mail" || sender.String() != "Network Manager@Coconut Mail Server" {
		t.Errorf("subject %q, sender %s", subject, sender)
	}
}

// TestReportSenders: whatever failed, the sender of the report is an address that can be read again.
func TestReportSenders(t *testing.T) {
	for _, tt := range []struct{ sender, recipient, want string }{
		{"ann@Shop", "SMTP:x@y", "Network Manager@Shop"},
		{"NET/PO/ANN", "NET/PO/BOB", "Network Manager@macside"},
	} {
		m := &mail.Message{Sender: mail.MustAddress(tt.sender)}
		_, _, got := Dialect().Words.Report(m, []mail.Failure{{Recipient: mail.MustAddress(tt.recipient)}})
		if got.String() != tt.want {
			t.Errorf("report to %s about %s comes from %s, want %s", tt.sender, tt.recipient, got, tt.want)
		}
		if err := Check(got); err != nil {
			t.Errorf("report sender: %v", err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{"ann@Marketing", "a b@c d", "x@y@z", "MSA:u@s", "ü@ß"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := mail.ParseAddress(text)
		if err != nil || Check(a) != nil || a.Type != mail.TypeMac {
			return
		}
		if server := a.Parts()[0]; len([]rune(server)) > 32 || strings.ContainsAny(server, "@:=") {
			t.Fatalf("%q passed with the server %q", text, server)
		}
		if again, err := mail.ParseAddress(a.String()); err != nil || again != a {
			t.Fatalf("%q reads back as %v, %v", a, again, err)
		}
	})
}
