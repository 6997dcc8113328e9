package convert

import (
	"strings"
	"time"
	"unicode"

	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

// Bounds of what a file brings into a message: what links and mailboxes take. What is beyond them stays in the original.
const (
	maxSubject     = 998 // bytes; a longer subject is cut and stands whole at the top of the text
	maxLegacy      = 100 // fields
	maxLegacyBytes = 16 << 10
	maxName        = 255 // bytes of an attachment's name
	maxComment     = 255 // bytes of a Finder comment
	maxEnclosed    = 64  // attachments
)

// header is what the fields of a file say, as far as they concern more than one of its readers.
type header struct {
	c     *Converter
	m     *mmff.Message
	n     *notes
	lines *lines // nil: nobody will want to know
}

// subject reads the subject. If it is too long, whole holds all of it.
func (h header) subject() (subject, whole string) {
	subject = h.line("SUBJECT", h.m.Subject)
	if len(subject) > maxSubject {
		h.n.add(NoteSubject, "the subject has %d bytes and was cut to %d", len(subject), maxSubject)
		return cutText(subject, maxSubject-len(cutMark)) + cutMark, subject
	}
	return subject, ""
}

// line decodes one value. A control character would end or hide something wherever the value goes later, so it becomes a
// blank: a CR in a subject once made a reader spin (KB Q141970).
func (h header) line(field, raw string) string {
	text, replaced := oneLine(h.c.options.Peer.Charset.Decode(raw))
	if replaced > 0 {
		h.n.add(NoteControl, "%s: %d control characters were replaced by blanks", field, replaced)
	}
	return strings.TrimSpace(text)
}

// oneLine replaces what may not stand in one line of text.
func oneLine(s string) (line string, replaced int) {
	line = strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			replaced++
			return ' '
		}
		return r
	}, s)
	return line, replaced
}

var dateForms = []string{"2006-1-2", "2006/1/2", "2006.1.2"}
var timeForms = []string{"15:04", "15:04:05", "15.04", "1504"}

// submitted reads DATE and TIME. Both have the present as their default (KB Q118785).
func (h header) submitted() time.Time {
	zone := h.c.options.Zone
	now := h.c.options.Now().In(zone).Truncate(time.Second)
	date, clock := strings.TrimSpace(h.m.Date), strings.TrimSpace(h.m.Time)
	if date == "" && clock == "" {
		return now
	}
	day, ok := parseAny(dateForms, date)
	if !ok && date != "" || ok && (day.Year() < 1970 || day.Year() > 2199) {
		h.n.add(NoteDate, "DATE cannot be read; the message has the time of its arrival")
		return now
	}
	if date == "" {
		day = now
	}
	at, ok := parseAny(timeForms, clock)
	if !ok && clock != "" {
		h.n.add(NoteDate, "TIME cannot be read; the message has midnight")
	}
	return time.Date(day.Year(), day.Month(), day.Day(), at.Hour(), at.Minute(), at.Second(), 0, zone)
}

func parseAny(forms []string, text string) (time.Time, bool) {
	for _, form := range forms {
		if t, err := time.Parse(form, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// priority reads the one letter that stands for priority, receipts and kind. KB Q112915, Q100457, Q103801, Q118787.
func (h header) priority(m *mail.Message) {
	m.Priority = 3
	letter := strings.ToUpper(strings.TrimSpace(h.m.Priority))
	switch letter {
	case "", "U", "T":
	case "1", "2", "3", "4", "5":
		m.Priority = int(letter[0] - '0')
	case "R":
		m.ReadReceipt = true
	case "C":
		m.Class = mail.ReadReceipt
	case "F":
		h.keep(m, "PRIORITY", h.m.Priority)
	default:
		h.n.add(NotePriority, "PRIORITY is not a letter we know; the message has normal priority")
		h.keep(m, "PRIORITY", h.m.Priority)
	}
}

// legacy keeps the fields that have no place in a message.
func (h header) legacy(m *mail.Message) {
	for _, x := range h.m.Ext {
		h.keep(m, extName(x), x.Value)
	}
	for _, f := range h.m.Fields {
		if !isHidden(f.Name) {
			h.keep(m, f.Name, f.Value)
		}
	}
}

func (h header) keep(m *mail.Message, name, value string) {
	size := len(name) + len(value)
	for _, f := range m.Legacy {
		size += len(f.Name) + len(f.Value)
	}
	if len(m.Legacy) == maxLegacy || size > maxLegacyBytes {
		h.n.add(NoteFields, "a field of %d bytes is kept in the original only", len(value))
		return
	}
	m.Legacy = append(m.Legacy, mail.LegacyField{Name: name, Value: []byte(value)})
}

// name decodes the name of an attachment. It stays what its sender wrote, a path and all: it is data.
func (h header) name(raw string) string {
	name := h.line("ATTACHMENT", raw)
	if name == "" {
		return "Attachment"
	}
	if len(name) > maxName {
		h.n.add(NoteName, "the name of an attachment has %d bytes and was cut to %d", len(name), maxName)
		name = cutText(name, maxName)
	}
	return name
}
