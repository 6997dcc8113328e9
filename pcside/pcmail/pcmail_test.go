package pcmail

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
		{"NET/PO/USER", ""},
		{"COMPANY/DEPT/jsmith", ""},
		{"MACNET/MACPO/T60009HO", ""},
		{"net/po/$system", ""},
		{"net/po/*SPECIAL", ""},
		{"NETWORK10X/POSTOFFICE/MAILBOX10X", ""},
		{"NET/PO/müller", ""},
		{"NET/PO/O'BRIEN-2", ""},
		{"ann@Marketing", ""}, // not ours to judge
		{"SMTP:a@b.example", ""},
		{"ELEVENCHARS/PO/USER", "network"},
		{"NET/ELEVENCHARS/USER", "postoffice"},
		{"NET/PO/ELEVENCHARS", "mailbox"},
		{"NET/PO/TWO WORDS", "' '"},
		{"NET/PO/USER ", "blank"},
		{"NET/PO/a,b", "','"},
		{`NET/PO/a\b`, `'\\'`},
		{"NET/*/USER", "'*'"},
		{"NET/PO/US*ER", "'*'"},
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

func TestReport(t *testing.T) {
	m := &mail.Message{
		ID: "0190-id", Sender: mail.MustAddress("NET/PO/ANN"), Subject: "Minutes",
		To: []mail.Address{mail.MustAddress("NET2/PO2/BOB"), mail.MustAddress("carol@Shop")}, Cc: []mail.Address{mail.MustAddress("NET/PO/DAN")},
		Submitted: time.Date(1992, 10, 22, 16, 15, 0, 0, time.UTC),
	}
	fs := []mail.Failure{{Recipient: m.To[0], Reason: "NO_SUCH_MAILBOX", Explanation: "There is no mailbox NET2/PO2/BOB."}}
	subject, body, sender := Dialect().Words.Report(m, fs)
	want := `[001] ***** Unable to deliver mail *****

Your message was not delivered to:

  NET2/PO2/BOB
    There is no mailbox NET2/PO2/BOB. (NO_SUCH_MAILBOX)

From:     NET/PO/ANN
To:       NET2/PO2/BOB
To:       carol@Shop
Cc:       NET/PO/DAN
Subject:  Minutes
Date:     10-22-92 16:15
Message:  0190-id
`
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if subject != "Mail failure" || sender.String() != "NET2/PO2/POSTMASTER" {
		t.Errorf("subject %q, sender %s", subject, sender)
	}
}

// TestReportSenders: whatever failed, the sender of the report is an address that can be read again and passes Check.
func TestReportSenders(t *testing.T) {
	for _, tt := range []struct{ sender, recipient, want string }{
		{"NET/PO/ANN", "SMTP:x@y", "NET/PO/POSTMASTER"},
		{"ann@Shop", "bob@Shop", "PCSIDE/PCSIDE/POSTMASTER"},
		{"ann@Shop", "N/P/BOB", "N/P/POSTMASTER"},
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
	for _, s := range []string{"NET/PO/USER", "a/b/*", "NET/PO/ü", "x@y", "N/P/$"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := mail.ParseAddress(text)
		if err != nil || Check(a) != nil || a.Type != mail.TypePC {
			return
		}
		for _, part := range a.Parts() {
			if n := len([]rune(part)); n < 1 || n > 10 {
				t.Fatalf("%q passed with a part of %d characters", text, n)
			}
		}
		if again, err := mail.ParseAddress(a.String()); err != nil || again != a {
			t.Fatalf("%q reads back as %v, %v", a, again, err)
		}
	})
}
