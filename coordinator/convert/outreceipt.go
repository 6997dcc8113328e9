package convert

import (
	"fmt"
	"strings"
	"time"

	"sidegate/internal/mail"
)

// The words of KB Q175040. The first line tells read from not read in every language, and by it receipts are recognised.
const (
	readClass    = "Microsoft Mail v3.0 IPM.Microsoft Mail.Read Receipt"
	notReadClass = "Microsoft Mail v3.0 IPM.Microsoft Mail.Non-Read Receipt"
	receiptStamp = "2006-01-02 15:04"
)

// receipt puts what a receipt says before its text, in the form in which the old systems sent receipts to each other: they
// have no other. A text that has such a form stays as it is, and one that an end wrote is left out, for it says the same.
func (w *writer) receipt(body []byte) []byte {
	m := w.d.Message
	if m.Class != mail.ReadReceipt || m.Receipt == nil {
		return body
	}
	if _, known := readReceipt(body, w.c.options.Zone); known && m.Origin != mail.FromEnd {
		return body
	}
	text := w.receiptText()
	if m.Origin != mail.FromEnd && len(body) > 0 {
		text += ruler + "\n" + string(body)
	}
	return []byte(text)
}

// receiptText is a receipt in the words of KB Q175040, the spelling of Identifer included.
func (w *writer) receiptText() string {
	m, zone := w.d.Message, w.c.options.Zone
	r := m.Receipt
	reader := r.Reader
	if reader.IsZero() {
		reader = m.Sender
	}
	name, subject := userOf(reader), m.Subject
	if subject == "" {
		subject = reportSubject(m)
	}
	var b strings.Builder
	class, when := readClass, "Was read on"
	if r.NotRead {
		class, when = notReadClass, "Was deleted on"
	}
	fmt.Fprintf(&b, "%s\n\nFrom: %s\nDate sent: %s\n", class, name, moment(m.Submitted, zone))
	if len(m.To) > 0 {
		fmt.Fprintf(&b, "To: %s\n", userOf(m.To[0]))
	}
	fmt.Fprintf(&b, "Subject: %s\nMessage Identifer: %s\nPrimary message ID: %s\n", line(subject), m.ID, m.Regarding)
	fmt.Fprintf(&b, "Your message to %s%s\nWith subject: %s\nAnd sent on %s\n%s: %s\nPriority level: C\n",
		name, w.address(reader), line(r.Subject), moment(r.Submitted, zone), when, moment(r.Read, zone))
	return b.String()
}

// address is an address as it stands in the text of a receipt, where those of PC Mail had the type MS. One that the code page
// cannot hold is left out: FROM has it, escaped.
func (w *writer) address(a mail.Address) string {
	text := a.Type + ":" + a.Value
	if a.Type == mail.TypePC {
		text = "MS:" + a.Value
	}
	if _, loss := w.peer.Charset.Encode(text); loss.Count > 0 || strings.ContainsAny(a.Value, "()") {
		return ""
	}
	return "(" + text + ")"
}

func line(s string) string {
	s, _ = oneLine(s)
	return strings.TrimSpace(s)
}

// moment is a time by the clock of the half behind the spool; nothing if it is not known.
func moment(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(receiptStamp)
}
