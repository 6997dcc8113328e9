package convert

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

// Import is a message read from a file.
type Import struct {
	// Message has everything but identity: ID, OriginStore and Hops are the caller's to set.
	Message *mail.Message
	// Recipients are the addresses of TO, CC and BCC, each once, without those that could not be read.
	Recipients []mail.Address
	// Failures are the recipients that could not be read, to be reported: the others must not suffer (KB Q122779).
	Failures []mail.Failure
	// Receipt is what a read receipt says, nil for other mail.
	Receipt *Receipt
	// Fingerprints are one for each of Recipients.
	Fingerprints [][32]byte
	Notes        []Note
}

// FromMMFF reads a message and writes its content to w, in order: body, data fork and resource fork of each attachment,
// original. Sizes and hashes in the message are those of what was written. A message that names files outside is refused:
// mmff.Message.Inline puts them inside. The error is a *Refusal, or that of w.
func (c *Converter) FromMMFF(m *mmff.Message, w io.Writer) (*Import, error) {
	if m.Partial {
		return nil, refuse(ReasonUnreadable, "message %d of the file is damaged", m.Ordinal)
	}
	if refs := m.References(); len(refs) > 0 {
		return nil, refuse(ReasonOutside, "%s, line %d, names a file outside, which did not come along", refs[0].Token, refs[0].Line)
	}
	var n notes
	h := header{c: c, m: m, n: &n, lines: &lines{}}
	in := &Import{Message: &mail.Message{Class: mail.Note, Origin: mail.FromLegacy}}
	in.addresses(h)
	if len(in.Recipients) == 0 && len(in.Failures) == 0 {
		return nil, refuse(ReasonRecipients, "the message has no recipient")
	}
	in.Message.Submitted = h.submitted()
	h.priority(in.Message)
	h.legacy(in.Message)
	h.form(in.Message)
	if err := in.content(h, w); err != nil {
		return nil, err
	}
	in.Notes = n.all()
	return in, nil
}

func (in *Import) addresses(h header) {
	m := in.Message
	m.Sender = h.sender()
	add := func(list []mail.Address, field, raw string, n int) []mail.Address {
		a, problem := h.recipient(field, n, raw)
		if problem == "" {
			in.Recipients = append(in.Recipients, a)
		} else {
			in.Failures = append(in.Failures, mail.Failure{Recipient: a, Reason: ReasonAddress, Explanation: problem})
		}
		return append(list, a)
	}
	for _, raw := range h.m.To {
		m.To = add(m.To, "TO", raw, len(m.To))
	}
	for _, raw := range h.m.Cc {
		m.Cc = add(m.Cc, "CC", raw, len(m.Cc))
	}
	for _, f := range h.m.Fields {
		if isHidden(f.Name) {
			add(nil, hiddenField, f.Value, f.Line)
		}
	}
	in.Recipients = unique(in.Recipients)
}

// content writes the parts of the message.
func (in *Import) content(h header, w io.Writer) error {
	m, p := in.Message, newParts(w)
	var whole string
	m.Subject, whole = h.subject()
	in.classify(h, h.top())
	mark := newBodyMark()
	in.body(h, io.MultiWriter(p, mark), whole)
	m.BodySize, _ = p.end()
	in.Fingerprints = fingerprints(m.Sender, in.Recipients, m.Subject, m.Submitted, mark)
	es := h.enclosures()
	if len(es) > maxEnclosed {
		return refuse(ReasonTooLarge, "the message has %d attachments, the most is %d", len(es), maxEnclosed)
	}
	for _, e := range es {
		p.Write(e.data)
		e.Size, e.SHA256 = p.end()
		p.Write(e.resource)
		p.end()
		m.Attachments = append(m.Attachments, e.Attachment)
	}
	if raw, _ := h.m.Original(); raw != nil && !h.hides() {
		p.Write(raw)
		size, sum := p.end()
		m.Original = &mail.Original{Format: "mmff", Size: size, SHA256: sum}
	}
	m.Size, m.SHA256 = p.size, [32]byte(p.whole.Sum(nil))
	if m.Original != nil {
		m.Original.Digest = Digest(m)
	}
	return p.err
}

// body writes the text. What of the header cannot be held elsewhere stands in it, so that a person sees it.
func (in *Import) body(h header, w io.Writer, subject string) {
	if subject != "" {
		fmt.Fprintf(w, "Subject: %s\n\n", subject)
	}
	text := h.m.Body
	if h.c.options.DropBlankLine {
		text = withoutBlankLine(text)
	}
	readText(w, text, h.c.options.Peer.Charset) // parts remember the error
}

// top is the beginning of the text, for finding out what kind of mail it is.
func (h header) top() []byte {
	var b bytes.Buffer
	_ = readText(&b, h.m.Body[:min(len(h.m.Body), receiptBytes)], h.c.options.Peer.Charset) // a Buffer takes everything
	return b.Bytes()
}

func withoutBlankLine(text []byte) []byte {
	for _, eol := range []string{"\r\n", "\r", "\n"} {
		if rest, ok := bytes.CutPrefix(text, []byte(eol)); ok {
			return rest
		}
	}
	return text
}

// isSystem reports whether all recipients are mailboxes of programs: directory exchange (KB Q118298) and plain lists
// (KB Q115319).
func isSystem(recipients []mail.Address) bool {
	for _, a := range recipients {
		user := a.Value[strings.LastIndexByte(a.Value, '/')+1:]
		if a.Type != mail.TypePC || !strings.EqualFold(user, "$SYSTEM") && !strings.EqualFold(user, "*SPECIAL") {
			return false
		}
	}
	return len(recipients) > 0
}
