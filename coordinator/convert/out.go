package convert

import (
	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

// File is a message written for the peer.
type File struct {
	Data []byte
	// Verbatim says that Data are the bytes the message was once read from.
	Verbatim bool
	// Fingerprints are one for each recipient of the delivery, in order, for recognising the file if it comes back.
	Fingerprints [][32]byte
	Notes        []Note
}

// ToMMFF writes a delivery as one file. If the message was read from a file of the same dialect and zone and nothing was
// changed since, and the delivery is to all of that file's recipients, it is those bytes; otherwise it is written new.
//
// A delivery that Split would part is refused, because a file shows its recipients to each other. Errors are *Refusal, or come
// from reading the content.
func (c *Converter) ToMMFF(d *mail.Delivery) (*File, error) {
	if len(d.Recipients) == 0 {
		return nil, refuse(ReasonRecipients, "the delivery has no recipient")
	}
	if len(Split(d)) > 1 {
		return nil, refuse(ReasonRecipients, "hidden recipients and faxes need files of their own")
	}
	if err := c.checkFax(d); err != nil {
		return nil, err
	}
	p, err := readContent(d)
	if err != nil {
		return nil, err
	}
	f, ok := c.verbatim(d, p.original)
	if !ok {
		if f, err = c.write(d, p); err != nil {
			return nil, err
		}
	}
	if most := c.options.MaxSize; most > 0 && int64(len(f.Data)) > most {
		return nil, refuse(ReasonTooLarge, "the message has %d bytes, the most behind this spool is %d", len(f.Data), most)
	}
	return f, nil
}

// verbatim returns the original if it means to the peer exactly what the message means. To prove that, it is read again.
func (c *Converter) verbatim(d *mail.Delivery, raw []byte) (*File, bool) {
	o, peer := d.Message.Original, c.options.Peer
	if o == nil || o.Format != "mmff" || Digest(d.Message) != o.Digest || c.hidesFiles(d.Message) {
		return nil, false
	}
	f, err := mmff.Parse(raw)
	if err != nil || len(f.Messages) != 1 {
		return nil, false
	}
	m := f.Messages[0]
	whole, _ := m.Original()
	if len(whole) != len(raw) || m.EOL != peer.EOL || m.Extended() && !peer.Extended || !c.withinLimits(m) {
		return nil, false
	}
	in, err := c.FromMMFF(m, discard{})
	if err != nil || in.Message.Original == nil || in.Message.Original.Digest != o.Digest || len(in.Failures) > 0 || !sameSet(in.Recipients, d.Recipients) || !c.namesStay(m) {
		return nil, false
	}
	return &File{Data: raw, Verbatim: true, Fingerprints: in.Fingerprints}, true
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// withinLimits reports whether the peer takes subject, text and names as they are.
func (c *Converter) withinLimits(m *mmff.Message) bool {
	peer := c.options.Peer
	if peer.SubjectLimit > 0 && len(m.Subject) > peer.SubjectLimit || peer.BodyLimit > 0 && len(m.Body) > peer.BodyLimit {
		return false
	}
	names := make([]string, len(m.Attachments))
	for i, a := range m.Attachments {
		names[i] = peer.Charset.Decode(a.Name)
	}
	for i, name := range peer.fileNames(names) {
		if name != m.Attachments[i].Name || peer.NoWinmail && isWinmail(m.Attachments[i]) {
			return false
		}
	}
	return true
}

// write makes a new file of the message.
func (c *Converter) write(d *mail.Delivery, p *pieces) (*File, error) {
	w := &writer{c: c, d: d, peer: c.options.Peer, out: &mmff.Message{EOL: c.options.Peer.EOL}}
	if err := w.callNames(); err != nil {
		return nil, err
	}
	w.envelope()
	w.subject()
	w.priority()
	if class := meeting(d.Message); class != "" {
		w.head = append(w.head, "Kind: "+class)
	}
	if err := w.attachments(p.enclosures); err != nil {
		return nil, err
	}
	w.text(p.body)
	data, err := w.marshal()
	if err != nil {
		return nil, refuse(ReasonFormat, "%v", err)
	}
	return &File{Data: data, Fingerprints: w.fingerprints(), Notes: w.n.all()}, nil
}

// writer puts one file together.
type writer struct {
	c      *Converter
	d      *mail.Delivery
	peer   Dialect
	out    *mmff.Message
	n      notes
	called map[mail.Address]mail.Address // in the file
	head   []string                      // lines at the top of the text
	foot   []string                      // lines at its end
}

// marshal writes the file. Kept fields are worth less than the message, so it goes without them if they cannot be written.
func (w *writer) marshal() ([]byte, error) {
	o := mmff.Options{EOL: w.peer.EOL, Extended: w.peer.Extended}
	if w.peer.Extended && len(w.d.Message.Legacy) > 0 {
		full := *w.out
		writeLegacy(&full, w.d.Message.Legacy)
		if data, err := mmff.Marshal(&full, o); err == nil {
			return data, nil
		}
		w.n.add(NoteFields, "%d kept fields could not be written", len(w.d.Message.Legacy))
	}
	return mmff.Marshal(w.out, o)
}

// fingerprints reads the file as it will be read if it comes back.
func (w *writer) fingerprints() [][32]byte {
	table := w.peer.Charset
	h := header{c: w.c, m: w.out, n: &notes{}}
	sender := h.sender()
	mark := newBodyMark()
	_ = readText(mark, w.out.Body, table) // a hash takes everything
	subject, _ := oneLine(table.Decode(w.out.Subject))
	return fingerprints(sender, w.d.Recipients, subject, h.submitted(), mark)
}
