package convert

import (
	"fmt"
	"strings"

	"sidegate/internal/mail"
)

// envelope writes recipients, sender and time.
func (w *writer) envelope() {
	m, table := w.d.Message, w.peer.Charset
	cc := make(map[string]bool)
	for _, a := range m.Cc {
		cc[a.Key()] = true
	}
	for _, a := range unique(w.d.Recipients) {
		line := writeAddress(w.called[a], table)
		if w.peer.Extended && cc[a.Key()] {
			w.out.Cc = append(w.out.Cc, line)
		} else {
			w.out.To = append(w.out.To, line)
		}
	}
	w.sender()
	w.others()
	at := m.Submitted
	if at.IsZero() {
		at = w.c.options.Now()
	}
	at = at.In(w.c.options.Zone)
	w.out.Date, w.out.Time = at.Format("2006-01-02"), at.Format("15:04")
}

// sender writes FROM. A reader refuses a file without one, or with one it cannot read.
func (w *writer) sender() {
	from := w.signer()
	if was := w.d.Message.Sender; from != was && !was.IsZero() {
		w.head = append(w.head, "From: "+was.Value)
	}
	if !from.IsZero() {
		w.out.From = writeAddress(w.called[from], w.peer.Charset)
	}
}

// signer is who stands in FROM: the sender, or the postmaster where there is none.
func (w *writer) signer() mail.Address {
	from := w.d.Message.Sender
	if (from.IsZero() || from.Type == TypeInvalid) && !w.c.options.Postmaster.IsZero() {
		return w.c.options.Postmaster
	}
	return from
}

// maxListed is how many recipients are named in the text.
const maxListed = 20

// others lists the visible recipients in the text if the header of the file does not show who they are.
func (w *writer) others() {
	m := w.d.Message
	visible, _ := partition(w.d)
	all := len(m.To) + len(m.Cc)
	if all == 0 || (len(m.Cc) == 0 || w.peer.Extended) && len(visible) > 0 && sameSet(visible, append(m.To[:len(m.To):len(m.To)], m.Cc...)) {
		return
	}
	w.list("To", m.To)
	w.list("Cc", m.Cc)
	w.n.add(NoteRecipients, "%d recipients are listed in the text", all)
}

func (w *writer) list(name string, as []mail.Address) {
	if len(as) == 0 {
		return
	}
	var b strings.Builder
	b.WriteString(name + ": ")
	for i, a := range as {
		if i == maxListed {
			fmt.Fprintf(&b, " and %d more", len(as)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(a.String())
	}
	w.head = append(w.head, b.String())
}

// subject writes the subject. KB Q117581: a longer one makes the Macintosh half throw the whole message away.
func (w *writer) subject() {
	line, replaced := oneLine(w.d.Message.Subject)
	if replaced > 0 {
		w.n.add(NoteControl, "SUBJECT: %d control characters were replaced by blanks", replaced)
	}
	if line = strings.TrimSpace(line); line == "" {
		line = reportSubject(w.d.Message)
	}
	coded, loss := w.peer.Charset.Encode(line)
	if loss.Count > 0 {
		w.n.add(NoteCharset, "SUBJECT: %d characters were replaced", loss.Count)
	}
	if limit := w.peer.SubjectLimit; limit > 0 && len(coded) > limit {
		w.n.add(NoteSubject, "the subject has %d characters and was cut to %d", len(coded), limit)
		coded = coded[:limit-len(cutMark)] + cutMark
		w.head = append([]string{"Subject: " + line}, w.head...)
	}
	w.out.Subject = coded
}

// cutMark ends what was cut.
const cutMark = "..."

var priorityNames = [...]string{1: "low", 2: "low", 3: "normal", 4: "high", 5: "urgent"}

// priority writes the letter. A receipt takes the place of the number (KB Q100457), so the number goes into the text.
func (w *writer) priority() {
	m := w.d.Message
	priority := m.Priority
	if priority < 1 || priority > 5 {
		priority = 3
	}
	switch {
	case m.Class == mail.ReadReceipt:
		w.out.Priority = "C"
	case m.ReadReceipt:
		w.out.Priority = "R"
		if priority != 3 {
			w.head = append(w.head, "Priority: "+priorityNames[priority])
		}
	default:
		w.out.Priority = fmt.Sprint(priority)
		if letter := keptPriority(m.Legacy); letter != "" && priority == 3 {
			w.out.Priority = letter
		}
	}
}

// keptPriority is a letter that was read and has no meaning to us.
func keptPriority(fields []mail.LegacyField) string {
	for _, f := range fields {
		if f.Name == "PRIORITY" && len(f.Value) == 1 && f.Value[0] > ' ' && f.Value[0] <= '~' && !strings.ContainsAny(string(f.Value), "12345RrCc") {
			return string(f.Value)
		}
	}
	return ""
}
