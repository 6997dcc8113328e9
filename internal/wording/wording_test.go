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
