package convert

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

// classified reads a mail with this sender, subject, priority and text.
func classified(t *testing.T, from, subject, priority, text string) *Import {
	t.Helper()
	c := New(Options{Peer: PC(), Zone: zone, Now: now})
	in, err := c.FromMMFF(&mmff.Message{To: []string{"N/P/A"}, From: from, Subject: subject, Priority: priority, Body: []byte(strings.ReplaceAll(text, "\n", "\r\n"))}, discard{})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

const receiptV3 = `Microsoft Mail v3.0 IPM.Microsoft Mail.Read Receipt

From: The Merchant
Date sent: 1996-05-02 14:20
To: Network Manager
Subject: Read Receipt: The Merchant
Message Identifer: 12-34
Primary message ID: 56: 78
Your message to The Merchant(MS:NET/PO/USER)
With subject: thanks: again
And sent on 1996-05-02 14:15
Was read on: 1996-05-02 14:19
Priority level: C
`

func TestReceipts(t *testing.T) {
	at := func(y int, mo time.Month, d, h, m int) time.Time { return time.Date(y, mo, d, h, m, 0, 0, zone) }
	merchant := mail.MustAddress("NET/PO/USER")
	for _, c := range []struct {
		name, from, subject, priority, text string
		want                                *Receipt
		sender                              string
	}{
		{"KB Q175040", "N/P/POSTOFFICE", "Read Receipt: The Merchant", "C", receiptV3,
			&Receipt{Reader: merchant, Subject: "thanks: again", Sent: at(1996, 5, 2, 14, 15), Read: at(1996, 5, 2, 14, 19), ID: "56: 78"}, "NET/PO/USER"},
		{"KB Q175040, not read", "N/P/B", "x", "", strings.Replace(receiptV3, "Read Receipt\n", "Non-Read Receipt\n", 1),
			&Receipt{NotRead: true, Reader: merchant, Subject: "thanks: again", Sent: at(1996, 5, 2, 14, 15), Read: at(1996, 5, 2, 14, 19), ID: "56: 78"}, "N/P/B"},
		{"KB Q175040, translated", "N/P/B", "Lesebest\x84tigung", "", `Microsoft Mail v3.0 IPM.Microsoft Mail.Read Receipt
Von: Der Kaufmann
Gesendet: 1996-05-02 14:20
An: Network Manager
Betreff: Lesebestaetigung: Der Kaufmann
Kennung: 12-34
Nachricht: 5678
Ihre Nachricht an Der Kaufmann(MS:NET/PO/USER)
Mit Betreff: danke
Gesendet am 02.05.1996 14:15
Gelesen am 2.5.1996 14:19
`, &Receipt{Reader: merchant, Subject: "danke", Sent: at(1996, 5, 2, 14, 15), Read: at(1996, 5, 2, 14, 19), ID: "5678"}, "N/P/B"},
		{"KB Q131523", "N/P/POSTOFFICE", "Registered: Joh", "", `
[013] ***** Read receipt from a registered message *****

To: John
Date: 10-22-92
Subject: From Mac Side
Time: 16:19

Was read 10-23-92 08:05
`, &Receipt{Subject: "From Mac Side", Sent: at(1992, 10, 22, 16, 19), Read: at(1992, 10, 23, 8, 5)}, "N/P/POSTOFFICE"},
		{"KB Q131523, translated", "N/P/B", "Einschreiben", "", "[013] ***** Lesebest\x84tigung *****\nAn: John\nGelesen 10-23-92 08:05\n",
			&Receipt{Read: at(1992, 10, 23, 8, 5)}, "N/P/B"},
		{"KB Q131523, translated as a whole", "N/P/B", "Einschreiben", "", "[013] ***** Lesebest\x84tigung *****\nAn: John\nDatum: 1.10.92\nBetreff: Vom Mac\nZeit: 16.19\n\nGelesen 22/10/92 08:05\n",
			&Receipt{Subject: "Vom Mac", Sent: at(1992, 10, 1, 16, 19), Read: at(1992, 10, 22, 8, 5)}, "N/P/B"},
		{"KB Q119047", "N/P/POSTOFFICE", "Registered: Joh", "", "whatever", &Receipt{}, "N/P/POSTOFFICE"},
		{"priority only", "N/P/B", "x", "C", "", &Receipt{}, "N/P/B"},
		{"dates that cannot be read (KB Q214565)", "N/P/B", "x", "", strings.NewReplacer("1996-05-02 14:15", "gestern", "1996-05-02 14:19", "").Replace(receiptV3),
			&Receipt{Reader: merchant, Subject: "thanks: again", ID: "56: 78"}, "N/P/B"},
		{"a reply", "N/P/POSTOFFICE", "RE: Registered: Joh", "", "> [013] ***** Read receipt from a registered message *****", nil, "N/P/POSTOFFICE"},
		{"a person who registers", "N/P/B", "Registered: my car", "", "Hi,\n[013] ***** x *****", nil, "N/P/B"},
		{"another number", "N/P/B", "x", "", "[014] ***** x *****", nil, "N/P/B"},
		{"nothing", "N/P/B", "", "", "", nil, "N/P/B"},
	} {
		in := classified(t, c.from, c.subject, c.priority, c.text)
		if diff := cmp.Diff(c.want, in.Receipt); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		class, details := mail.Note, (*mail.Receipt)(nil)
		if c.want != nil {
			class, details = mail.ReadReceipt, &mail.Receipt{NotRead: c.want.NotRead, Reader: c.want.Reader, Subject: c.want.Subject, Submitted: c.want.Sent, Read: c.want.Read}
			if details.Reader.IsZero() && c.sender != "N/P/POSTOFFICE" {
				details.Reader = mail.MustAddress(c.sender)
			}
		}
		if m := in.Message; m.Class != class || m.Sender.String() != c.sender || !cmp.Equal(m.Receipt, details) {
			t.Errorf("%s: class %d, sender %s, receipt %+v, want %+v", c.name, m.Class, m.Sender, m.Receipt, details)
		}
	}
}

func TestReportsAreKnown(t *testing.T) {
	report := reportText(&mail.Message{Class: mail.DeliveryReport, Failures: []mail.Failure{{Recipient: mail.MustAddress("• Name@Coconut"), Explanation: "no such\nmailbox"}}})
	if !strings.Contains(report, "    • Name@Coconut\n        no such mailbox\n") {
		t.Errorf("report is %q", report)
	}
	for _, c := range []struct {
		name, from, subject, text string
		want                      bool
	}{
		{"ours", "N/P/B", "x", "Non-delivery explanation:\nYour message did not reach", true},
		{"KB Q175041", "MSMAIL:Network Manager@Coconut", "Undeliverable Mail", "", true},
		{"KB Q119047", "N/P/POSTMASTER", "Mail failure", "", true},
		{"a person", "N/P/B", "Mail failure", "", false},
		{"quoted", "N/P/B", "RE: Undeliverable Mail", "> Non-delivery explanation:\n", false},
		{"far down", "N/P/B", "x", strings.Repeat("\n", 50) + "Non-delivery explanation:\n", false},
	} {
		if in := classified(t, c.from, c.subject, "", c.text); (in.Message.Class == mail.DeliveryReport) != c.want {
			t.Errorf("%s: class %d", c.name, in.Message.Class)
		}
	}
}

func TestReportsAreWritten(t *testing.T) {
	m := mail.Message{Class: mail.DeliveryReport, Sender: mail.Address{}, To: addresses("N/P/A")}
	for i := range 200 {
		m.Failures = append(m.Failures, mail.Failure{Recipient: mail.Address{Type: mail.TypePC, Value: "N/P/U" + strings.Repeat("x", i%10)}, Explanation: "There is no such mailbox."})
	}
	d := compose(m, "", "N/P/A")
	d.Message.Sender = mail.Address{}
	out := written(t, converter(Mac()), d)
	if out.From != "CSI:NET/PO/POSTMASTER" || out.Subject != "Undeliverable Mail" || out.Priority != "3" ||
		!strings.HasPrefix(string(out.Body), "Non-delivery explanation:\r\n") || !strings.HasSuffix(string(out.Body), "and 100 more\r\n") {
		t.Errorf("report is %+v: %q", out, out.Body)
	}
	in, _ := read(t, converter(Mac()), write(t, converter(Mac()), d).Data)
	if in.Message.Class != mail.DeliveryReport {
		t.Error("our own report is not known again")
	}
	receipt := written(t, converter(PC()), compose(mail.Message{Class: mail.ReadReceipt, To: addresses("N/P/A")}, "", "N/P/A"))
	if receipt.Priority != "C" || receipt.Subject != "Registered: Jane Doe" || !strings.Contains(string(receipt.Body), "read by Jane Doe@Marketing.") {
		t.Errorf("receipt is %+v: %q", receipt, receipt.Body)
	}
}

// TestReceiptsCrossAsText: a receipt that an end wrote stands in a file in the old form (KB Q175040) and is read from it as
// the same: read or not, by whom, when, and about what.
func TestReceiptsCrossAsText(t *testing.T) {
	sent, at := time.Date(1996, 5, 2, 14, 15, 0, 0, zone), time.Date(1996, 5, 3, 8, 0, 0, 0, zone)
	for _, c := range []struct {
		name   string
		reader string
		shown  string // in the text
		r      mail.Receipt
		body   string
		origin mail.Origin
		want   string // in the text of the file
	}{
		{"read on the PC", "NET/PO/USER", "(MS:NET/PO/USER)", mail.Receipt{Subject: "thanks: again"}, "in other words", mail.FromEnd, "Was read on: 1996-05-03 08:00"},
		{"not read on the Macintosh", "Jane Doe@Marketing", "(MSMAIL:Jane Doe@Marketing)", mail.Receipt{NotRead: true, Subject: "x"}, "in other words", mail.FromEnd, "Was deleted on: 1996-05-03 08:00"},
		{"without a subject", "NET/PO/USER", "(MS:NET/PO/USER)", mail.Receipt{}, "", mail.FromEnd, "With subject: \r\n"},
		{"a reader the code page cannot hold", "漢@Marketing", "Your message to ?\r\n", mail.Receipt{Subject: "x"}, "", mail.FromEnd, "Was read on"},
		{"by a client, with a text of its own", "NET/PO/USER", "(MS:NET/PO/USER)", mail.Receipt{Subject: "x"}, "I have read it.", mail.FromClient, "I have read it."},
	} {
		for _, peer := range []Dialect{PC(), Mac()} {
			c.r.Reader, c.r.Submitted, c.r.Read = mail.MustAddress(c.reader), sent, at
			m := mail.Message{ID: "the receipt", Class: mail.ReadReceipt, Sender: c.r.Reader, To: addresses("N/P/A"), Subject: "a receipt", Submitted: at,
				Regarding: "0190a8e4-0000-7000-8000-000000000001", Receipt: &c.r, Origin: c.origin}
			file := write(t, converter(peer), compose(m, c.body, "N/P/A"))
			text := string(file.Data)
			if c.origin == mail.FromEnd && c.body != "" && strings.Contains(text, c.body) || !strings.Contains(text, c.want) || !strings.Contains(text, c.shown) ||
				!strings.Contains(text, "PRIORITY:C\r\n") {
				t.Errorf("%s, to %s:\n%s", c.name, peer.Name, text)
			}
			in, _ := read(t, converter(peer), file.Data)
			if in.Message.Class != mail.ReadReceipt || in.Receipt.ID != string(m.Regarding) || in.Message.Sender != m.Sender {
				t.Errorf("%s, from %s: %+v", c.name, peer.Name, in.Message)
			}
			if diff := cmp.Diff(&c.r, in.Message.Receipt); diff != "" {
				t.Errorf("%s, from %s (-want +got):\n%s", c.name, peer.Name, diff)
			}
		}
	}
}

// TestReceiptWithALongSubject: what is cut or listed besides stands behind what the receipt is recognised by.
func TestReceiptWithALongSubject(t *testing.T) {
	r := mail.Receipt{Subject: "x", Reader: mail.MustAddress("NET/PO/USER")}
	m := mail.Message{Class: mail.ReadReceipt, To: addresses("N/P/A", "N/P/B"), Subject: strings.Repeat("long ", 20), Receipt: &r, Origin: mail.FromEnd}
	out := written(t, converter(Mac()), compose(m, "", "N/P/A"))
	if text := string(out.Body); !strings.HasPrefix(text, readClass+"\r\n") || !strings.Contains(text, "Subject: "+strings.Repeat("long ", 19)+"long") {
		t.Errorf("the text is\n%s", text)
	}
}

// TestReceiptsFromFilesStay: the text of a receipt that was read from a file is written as it was.
func TestReceiptsFromFilesStay(t *testing.T) {
	in := classified(t, "N/P/POSTOFFICE", "Read Receipt: The Merchant", "C", receiptV3)
	d := compose(*in.Message, receiptV3, "N/P/A")
	d.Message.Attachments, d.Message.Original = nil, nil
	out := written(t, converter(PC()), d)
	if got := strings.ReplaceAll(string(out.Body), "\r\n", "\n"); got != receiptV3 {
		t.Errorf("the text is\n%s", got)
	}
}

// TestReceiptsOfHostileFiles: whatever a receipt says, the message that is made of it keeps the bounds of what ends take.
func TestReceiptsOfHostileFiles(t *testing.T) {
	in := classified(t, "N/P/B", "x", "C", strings.NewReplacer("thanks: again", strings.Repeat("s", 3000)+"\x01\x7f", "1996-05-02 14:15", "0001-01-01 00:00",
		"1996-05-02 14:19", "9999-01-01 00:00").Replace(receiptV3))
	r := in.Message.Receipt
	if len(r.Subject) > maxSubject || strings.ContainsAny(r.Subject, "\x01\x7f") || !r.Submitted.IsZero() || !r.Read.IsZero() {
		t.Errorf("the receipt says %+v", r)
	}
}

func TestSameSubject(t *testing.T) {
	long := "The minutes of the last meeting but one, and of the one before"
	for _, c := range []struct {
		crossed, sent string
		want          bool
	}{
		{"hello", "hello", true},
		{" Hello ", "hello", true},
		{"Gr?sse an alle", "Grüsse an alle", true}, // KB Q118853
		{"hello", "help", false},
		{"hell", "hello", false},
		{long[:40], long, true}, // KB Q150285
		{long[:37] + "...", long, true},
		{long[:30], long, false},
		{"", "", true},
		{"", "hello", false},
		{"漢字", "漢字", true},
		{"漢字", "仮名", false},
	} {
		if got := SameSubject(c.crossed, c.sent); got != c.want {
			t.Errorf("%q and %q: %v, want %v", c.crossed, c.sent, got, c.want)
		}
	}
}
