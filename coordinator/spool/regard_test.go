package spool_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sidegate/coordinator/spool/sharetest"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// receiptFile is a receipt as the half writes it.
func receiptFile(from, subject, text string) string {
	text = strings.ReplaceAll(text, "\n", "\r\n")
	return fmt.Sprintf("VERSION:3.00\r\nTO:CSI:NET/PO/JSMITH\r\nFROM:%s\r\nDATE:1994-04-05\r\nTIME:08:00\r\nSUBJECT:%s\r\nPRIORITY:C\r\nTEXT:%d\r\n%s", from, subject, len(text), text)
}

// longReceipt is one in the form of KB Q175040.
func longReceipt(reader, id, subject, sent string) string {
	return fmt.Sprintf("Microsoft Mail v3.0 IPM.Microsoft Mail.Read Receipt\n\nFrom: Anna\nDate sent: 1994-04-05 08:00\nTo: J. Smith\nSubject: Read Receipt: Anna\n"+
		"Message Identifer: 12-34\nPrimary message ID: %s\nYour message to Anna%s\nWith subject: %s\nAnd sent on %s\nWas read on: 1994-04-05 07:59\nPriority level: C\n",
		id, reader, subject, sent)
}

// shortReceipt is one in the form of KB Q131523.
func shortReceipt(subject, clock string) string {
	return fmt.Sprintf("[013] ***** Read receipt from a registered message *****\n\nTo: Anna\nDate: 04-04-94\nSubject: %s\nTime: %s\n\nWas read 04-05-94 07:59\n", subject, clock)
}

// wishing is a delivery whose sender wishes a receipt.
func (w *world) wishing(subject string, to ...mail.Address) *mail.Delivery {
	w.Helper()
	d := w.delivery(subject, "text", to...)
	d.Message.ReadReceipt = true
	return d
}

// TestReceiptsNameTheirMessage: a receipt from the half is tied to the message it speaks of, by what people would know it by,
// and says of it what its text leaves out (KB Q164136, Q168771); one that may speak of several is tied to none.
func TestReceiptsNameTheirMessage(t *testing.T) {
	anna, bert := mail.MustAddress("Anna@Marketing"), mail.MustAddress("Bert@Marketing")
	for _, tt := range []struct {
		name    string
		file    func(id mail.ID) string
		twin    bool // there is another message with the same subject in the same minute
		many    bool // the message has two recipients
		noWish  bool
		restart bool
		sender  string
		tied    bool
	}{
		{name: "all of it (KB Q175040)", file: func(mail.ID) string {
			return receiptFile("MSMAIL:Anna@Marketing", "Read Receipt: Anna", longReceipt("(MSMAIL:Anna@Marketing)", "56", "hello", "1994-04-04 13:10"))
		}, sender: "Anna@Marketing", tied: true},
		{name: "after a restart", file: func(mail.ID) string {
			return receiptFile("MSMAIL:Anna@Marketing", "Read Receipt: Anna", longReceipt("(MSMAIL:Anna@Marketing)", "56", "hello", "1994-04-04 13:10"))
		}, restart: true, sender: "Anna@Marketing", tied: true},
		{name: "from POSTOFFICE (KB Q131523, Q119047)", file: func(mail.ID) string {
			return receiptFile("CSI:MACNET/MACPO/POSTOFFICE", "Registered: Ann", shortReceipt("hello", "13:10"))
		}, sender: "Anna@Marketing", tied: true},
		{name: "from POSTOFFICE, one of two readers", file: func(mail.ID) string {
			return receiptFile("CSI:MACNET/MACPO/POSTOFFICE", "Registered: Ann", shortReceipt("hello", "13:10"))
		}, many: true, sender: "MACNET/MACPO/POSTOFFICE", tied: true},
		{name: "reader and subject, a date nobody can read (KB Q214565)", file: func(mail.ID) string {
			return receiptFile("MSMAIL:Anna@Marketing", "x", longReceipt("", "", "hello", "gestern"))
		}, sender: "Anna@Marketing", tied: true},
		{name: "our own name for it", file: func(id mail.ID) string {
			return receiptFile("MSMAIL:Anna@Marketing", "x", longReceipt("", string(id), "", ""))
		}, twin: true, sender: "Anna@Marketing", tied: true},
		{name: "one of two that are alike", file: func(mail.ID) string {
			return receiptFile("MSMAIL:Anna@Marketing", "x", longReceipt("", "", "hello", "1994-04-04 13:10"))
		}, twin: true, sender: "Anna@Marketing"},
		{name: "another minute", file: func(mail.ID) string {
			return receiptFile("MSMAIL:Anna@Marketing", "x", longReceipt("", "", "hello", "1994-04-04 13:11"))
		}, sender: "Anna@Marketing"},
		{name: "another subject", file: func(mail.ID) string {
			return receiptFile("MSMAIL:Anna@Marketing", "x", longReceipt("", "", "help", "1994-04-04 13:10"))
		}, sender: "Anna@Marketing"},
		{name: "the reader alone", file: func(mail.ID) string { return receiptFile("MSMAIL:Anna@Marketing", "x", "I have read it.\n") }, sender: "Anna@Marketing"},
		{name: "nobody wished one", file: func(mail.ID) string {
			return receiptFile("MSMAIL:Anna@Marketing", "x", longReceipt("", "", "hello", "1994-04-04 13:10"))
		}, noWish: true, sender: "Anna@Marketing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, sharetest.Options{}, nil, func(w *world) {
				to := []mail.Address{anna}
				if tt.many {
					to = append(to, bert)
				}
				d := w.wishing("hello", to...)
				d.Message.ReadReceipt = !tt.noWish
				ds := []*mail.Delivery{d}
				if tt.twin {
					ds = append(ds, w.wishing("hello", to...))
				}
				w.take(ds...)
				w.until(time.Minute, "the half takes them", func() bool { return len(w.collect()) > 0 })
				if tt.restart {
					w.stop()
					w.start()
				}
				w.drop("MMFF1.MSG", tt.file(d.Message.ID))
				w.until(time.Minute, "the receipt arrives", func() bool { return len(w.arrived(store.Lane(peer))) == 1 })
				es, err := w.st.Entries(store.Lane(peer), 0, 1)
				if err != nil {
					t.Fatal(err)
				}
				m, err := w.st.Message(es[0].MessageID)
				if err != nil {
					t.Fatal(err)
				}
				if m.Class != mail.ReadReceipt || m.Sender.String() != tt.sender || m.Receipt == nil {
					t.Fatalf("the receipt says %+v", m)
				}
				if tied := m.Regarding == d.Message.ID; tied != tt.tied || !tied && m.Regarding != "" {
					t.Errorf("the receipt is about %q, the message is %q, want %v", m.Regarding, d.Message.ID, tt.tied)
				}
				if r := m.Receipt; tt.tied && (r.Subject != "hello" || !r.Submitted.Equal(d.Message.Submitted) || !tt.many && r.Reader != anna) {
					t.Errorf("the receipt says of the message: %+v", r)
				}
			})
		})
	}
}
