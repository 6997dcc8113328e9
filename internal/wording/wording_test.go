package wording

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
)

// receipt is read half an hour after it was sent by somebody west of Greenwich.
var receipt = mail.Receipt{
	Reader: mail.MustAddress("NET/PO/JOHN"), Subject: "From Mac Side", Submitted: time.Date(1992, 10, 22, 16, 19, 0, 0, time.FixedZone("", -7*3600)),
	Read: time.Date(1992, 10, 22, 23, 49, 0, 0, time.UTC),
}

// TestReceipts: KB Q131523 and KB Q175040. Both moments are shown by the clock of the sender.
func TestReceipts(t *testing.T) {
	unread := receipt
	unread.NotRead = true
	for _, tt := range []struct {
		name    string
		words   Words
		receipt mail.Receipt
		want    string
	}{
		{"pc", PC{}, receipt, "Registered: JOHN\n[013] ***** Read receipt from a registered message *****\n\n" +
			"To:       NET/PO/JOHN\nDate:     10-22-92\nSubject:  From Mac Side\nTime:     16:19\n\nWas read 10-22-92 16:49\n"},
		{"pc, not read", PC{}, unread, "Not read: JOHN\n***** A registered message was deleted unread *****\n\n" +
			"To:       NET/PO/JOHN\nDate:     10-22-92\nSubject:  From Mac Side\nTime:     16:19\n\nWas deleted unread 10-22-92 16:49\n"},
		{"mac", Mac{}, receipt, "Read Receipt: JOHN\nYour message to NET/PO/JOHN\nWith subject: From Mac Side\nAnd sent on 1992-10-22 16:19\nWas read on 1992-10-22 16:49\n"},
		{"mac, not read", Mac{}, unread, "Not Read: JOHN\nYour message to NET/PO/JOHN\nWith subject: From Mac Side\nAnd sent on 1992-10-22 16:19\nWas deleted unread on 1992-10-22 16:49\n"},
		{"plain", Plain{}, receipt, "Read: From Mac Side\nYour message was read by NET/PO/JOHN.\n\nDate submitted: 1992-10-22 16:19\nMessage title: From Mac Side\nRead: 1992-10-22 16:49\n"},
		{"plain, not read", Plain{}, unread, "Not read: From Mac Side\nYour message was deleted unread by NET/PO/JOHN.\n\nDate submitted: 1992-10-22 16:19\nMessage title: From Mac Side\nDeleted: 1992-10-22 16:49\n"},
	} {
		subject, body := tt.words.Receipt(&mail.Message{}, tt.receipt)
		if diff := cmp.Diff(tt.want, subject+"\n"+body); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestWhoSignsReports: the postoffice or server that could not deliver, else that of the sender, else the end.
func TestWhoSignsReports(t *testing.T) {
	end := mail.MustAddress("X/Y/Z")
	for _, tt := range []struct {
		words             Words
		sender, recipient string
		want              string
	}{
		{PC{end}, "ann@Shop", "N/P/BOB", "N/P/POSTMASTER"},
		{PC{end}, "N/P/ANN", "SMTP:x@y", "N/P/POSTMASTER"},
		{PC{end}, "ann@Shop", "bob@Shop", "X/Y/Z"},
		{Mac{end}, "N/P/ANN", "bob@Shop", "Network Manager@Shop"},
		{Mac{end}, "ann@Shop", "N/P/BOB", "Network Manager@Shop"},
		{Mac{end}, "N/P/ANN", "N/P/BOB", "X/Y/Z"},
		{Plain{end}, "N/P/ANN", "bob@Shop", "X/Y/Z"},
	} {
		m := &mail.Message{Sender: mail.MustAddress(tt.sender)}
		_, _, got := tt.words.Report(m, []mail.Failure{{Recipient: mail.MustAddress(tt.recipient)}})
		if got.String() != tt.want {
			t.Errorf("%T to %s about %s: signed by %s, want %s", tt.words, tt.sender, tt.recipient, got, tt.want)
		}
	}
}

// TestReports: KB Q175041, Q119047 and Q264331. Every recipient that failed is named with its reason.
func TestReports(t *testing.T) {
	m := &mail.Message{
		ID: "0123", Sender: mail.MustAddress("NET/PO/ANN"), Subject: "Lunch", Submitted: time.Date(1998, 2, 9, 13, 55, 0, 0, time.UTC),
		To: []mail.Address{mail.MustAddress("bob@Shop"), mail.MustAddress("carl@Shop")}, Cc: []mail.Address{mail.MustAddress("N/P/DORA")},
	}
	failures := []mail.Failure{
		{Recipient: m.To[0], Reason: "NO_ROUTE", Explanation: "Nobody serves it."}, {Recipient: m.Cc[0], Reason: "EXPIRED", Explanation: "It waited too long."},
	}
	for _, tt := range []struct {
		words Words
		want  string
	}{
		{PC{}, "Mail failure\n[001] ***** Unable to deliver mail *****\n\nYour message was not delivered to:\n\n" +
			"  bob@Shop\n    Nobody serves it. (NO_ROUTE)\n  N/P/DORA\n    It waited too long. (EXPIRED)\n\n" +
			"From:     NET/PO/ANN\nTo:       bob@Shop\nTo:       carl@Shop\nCc:       N/P/DORA\nSubject:  Lunch\nDate:     02-09-98 13:55\nMessage:  0123\n"},
		{Mac{}, "Undeliverable Mail\nNon-delivery explanation:\nYour message did not reach some or all of the intended recipients.\n" +
			"Date submitted: 1998-02-09 13:55\nMessage title: Lunch\nThe following recipients were valid:\n\nThe following recipient(s) could not be reached:\n" +
			"| bob@Shop\n    Nobody serves it. (NO_ROUTE)\n| N/P/DORA\n    It waited too long. (EXPIRED)\n"},
		{Plain{}, "Undeliverable Mail\nYour message did not reach some or all of the intended recipients.\n\nDate submitted: 1998-02-09 13:55\nMessage title: Lunch\n\n" +
			"The following recipient(s) could not be reached:\n\nbob@Shop\n    Nobody serves it.\nN/P/DORA\n    It waited too long.\n"},
	} {
		subject, body, _ := tt.words.Report(m, failures)
		if diff := cmp.Diff(tt.want, subject+"\n"+body); diff != "" {
			t.Errorf("%T (-want +got):\n%s", tt.words, diff)
		}
	}
}
