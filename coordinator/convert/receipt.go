package convert

import (
	"bytes"
	"regexp"
	"strings"
	"time"

	"sidegate/internal/mail"
)

// Receipt is what a read receipt says. The old systems send receipts as ordinary mail whose text is for people, in their
// language, so everything but the fact may be missing.
type Receipt struct {
	NotRead bool         // the message was deleted unread
	Reader  mail.Address // zero if not known
	Subject string       // of the message that was read
	Sent    time.Time    // of that message; zero if not known
	Read    time.Time    // zero if not known
	ID      string       // as the reader's system calls that message
}

// Receipts are known by their structure, because their words are translated (KB Q131523):
//
//   - the line "Microsoft Mail v3.0 IPM.Microsoft Mail.Read Receipt" at the top, in which the class of the message is never
//     translated (KB Q175040);
//   - a line of asterisks that begins with "[013]", the number of the text in the catalogue of the DOS client (KB Q131523).
var (
	receiptClass  = regexp.MustCompile(`(?i)\bIPM\.(?:Microsoft Mail\.)?(?:(Read Receipt|Report\.IPNRN)|(?:Non-?Read|Not-?Read|Non Read|Not Read|Report\.IPNNRN)[A-Za-z ]*)\b`)
	receiptNumber = regexp.MustCompile(`^\[0*13\]\s*\*{3,}.*\*{3,}$`)
	readLine      = regexp.MustCompile(`(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})\s+(\d{1,2}[:.]\d{2})\s*\.?$`)
	insideMail    = regexp.MustCompile(`\(([A-Za-z0-9]{1,16}:[^()]+)\)\s*$`)
)

// Bounds of the text that is looked at.
const (
	receiptBytes = 8 << 10
	receiptLines = 40
	reportLines  = 12 // a printed header may stand before
)

// details is what a message says of a receipt, within the bounds of what ends take from each other.
func (r Receipt) details(sender mail.Address) *mail.Receipt {
	d := &mail.Receipt{NotRead: r.NotRead, Reader: r.Reader, Subject: cutText(line(r.Subject), maxSubject), Submitted: plausible(r.Sent), Read: plausible(r.Read)}
	if d.Reader.IsZero() && !sender.ReportSender() && sender.Type != TypeInvalid {
		d.Reader = sender
	}
	return d
}

// plausible drops a moment that no message of these systems can have.
func plausible(t time.Time) time.Time {
	if t.Year() < 1970 || t.Year() > 2199 {
		return time.Time{}
	}
	return t
}

// readReceipt looks for a receipt at the top of a text.
func readReceipt(text []byte, zone *time.Location) (Receipt, bool) {
	var lines []string
	for _, line := range bytes.SplitN(text[:min(len(text), receiptBytes)], []byte{'\n'}, receiptLines+1) {
		if trimmed := strings.TrimSpace(string(line)); trimmed != "" {
			lines = append(lines, trimmed)
		}
	}
	if len(lines) == 0 {
		return Receipt{}, false
	}
	if class := receiptClass.FindStringSubmatch(lines[0]); class != nil {
		r := readLabels(lines[1:], zone)
		r.NotRead = class[1] == ""
		return r, true
	}
	if receiptNumber.MatchString(lines[0]) {
		return readNumbered(lines[1:], zone), true
	}
	return Receipt{}, false
}

// readLabels reads the lines of KB Q175040. In another language the order of the lines tells them apart.
func readLabels(lines []string, zone *time.Location) Receipt {
	labels := []string{"From", "Date sent", "To", "Subject", "Message Identif", "Primary message ID", "Your message to", "With subject", "And sent on", "Was read on"}
	const read, deleted = 9, "Was deleted on" // the latter where it was not read
	values := make([]string, len(labels))
	known := false
	for i, label := range labels {
		for _, line := range lines {
			if len(line) >= len(label) && strings.EqualFold(line[:len(label)], label) {
				values[i], known = afterLabel(line, len(label)), true
				break
			}
			if i == read && len(line) >= len(deleted) && strings.EqualFold(line[:len(deleted)], deleted) {
				values[i] = afterLabel(line, len(deleted))
			}
		}
	}
	if !known {
		for i := range min(len(lines), len(values)) {
			values[i] = lines[i]
			if i == 5 || i == 7 {
				_, values[i], _ = strings.Cut(lines[i], ":")
				values[i] = strings.TrimSpace(values[i])
			}
		}
	}
	r := Receipt{ID: values[5], Subject: values[7], Sent: readMoment(values[8], zone), Read: readMoment(values[9], zone)}
	if m := insideMail.FindStringSubmatch(values[6]); m != nil {
		r.Reader, _ = mail.ParseAddress(m[1])
	}
	return r
}

// afterLabel is what follows a label: behind the rest of its word, a colon and blanks, if they are there.
func afterLabel(line string, from int) string {
	rest := line[from:]
	if i := strings.IndexByte(rest, ':'); i >= 0 && (rest[0] != ' ' || strings.TrimSpace(rest[:i]) == "") {
		rest = rest[i+1:]
	}
	return strings.TrimSpace(rest)
}

// readNumbered reads the lines of KB Q131523: To, Date, Subject and Time of the message, then when it was read. In another
// language their order tells them apart.
func readNumbered(lines []string, zone *time.Location) Receipt {
	var r Receipt
	var date, clock string
	var values []string
	known := false
	for _, line := range lines {
		label, value, ok := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); {
		case readLine.MatchString(line) && !ok || ok && strings.ContainsAny(label, "0123456789"):
			r.Read = readMoment(line, zone)
		case strings.EqualFold(label, "Subject"):
			r.Subject, known = value, true
		case strings.EqualFold(label, "Date"):
			date, known = value, true
		case strings.EqualFold(label, "Time"):
			clock, known = value, true
		case ok:
			values = append(values, value)
		}
	}
	if !known && len(values) == 4 {
		date, r.Subject, clock = values[1], values[2], values[3]
	}
	r.Sent = readMoment(date+" "+clock, zone)
	return r
}

// momentForms are tried in this order. With hyphens and slashes the month comes first, as in the published texts, unless there
// is no such month; with dots the day does, wherever dates have dots.
var momentForms = []string{"2006-1-2 15:04", "1-2-06 15:04", "1-2-2006 15:04", "2006.1.2 15:04", "2.1.06 15:04", "2.1.2006 15:04",
	"2-1-06 15:04", "2-1-2006 15:04"}

// readMoment reads a date and a time at the end of a text, leniently: receipts were lost over dates once (KB Q214565).
func readMoment(text string, zone *time.Location) time.Time {
	m := readLine.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return time.Time{}
	}
	date := strings.ReplaceAll(m[1], "/", "-")
	clock := strings.ReplaceAll(m[2], ".", ":")
	for _, form := range momentForms {
		if t, err := time.ParseInLocation(form, date+" "+clock, zone); err == nil {
			return t
		}
	}
	return time.Time{}
}

// isReport reports whether a text says that something could not be delivered, as the old systems put it (KB Q175041, Q119047).
// Such mail must never be answered by a report.
func isReport(m *mail.Message, text []byte) bool {
	for i, line := range bytes.SplitN(text[:min(len(text), receiptBytes)], []byte{'\n'}, reportLines+1) {
		if i < reportLines && bytes.EqualFold(bytes.TrimSpace(line), []byte("Non-delivery explanation:")) {
			return true
		}
	}
	switch {
	case !strings.EqualFold(m.Subject, "Mail failure") && !strings.EqualFold(m.Subject, "Undeliverable Mail"):
		return false
	default:
		return m.Sender.ReportSender() || strings.EqualFold(userOf(m.Sender), "Network Manager")
	}
}

func userOf(a mail.Address) string {
	parts := a.Parts()
	return parts[len(parts)-1]
}

// classify finds out by subject and text what kind of mail this is. It needs sender and subject.
func (in *Import) classify(h header, text []byte) {
	m := in.Message
	if isSystem(in.Recipients) {
		m.Class = mail.System
		return
	}
	receipt, ok := readReceipt(text, h.c.options.Zone)
	if !ok && strings.HasPrefix(strings.ToLower(m.Subject), "registered:") && m.Sender.ReportSender() {
		receipt, ok = Receipt{}, true // KB Q119047: from POSTOFFICE, and a reply to it fails
	}
	switch {
	case ok || m.Class == mail.ReadReceipt:
		m.Class = mail.ReadReceipt
		in.Receipt = &receipt
		if m.Sender.ReportSender() && !receipt.Reader.IsZero() {
			m.Sender = receipt.Reader
		}
		m.Receipt = receipt.details(m.Sender)
	case isReport(m, text):
		m.Class = mail.DeliveryReport
	}
}
