package convert

import (
	"bytes"
	"strings"

	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/convert/mappings"
	"sidegate/coordinator/convert/tnef"
	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

// winmailName is how the attachment is called that Windows clients hide. KB Q126648.
const winmailName = "WINMAIL.DAT"

func isWinmail(a mmff.Attachment) bool {
	return strings.EqualFold(strings.TrimSpace(a.Name), winmailName)
}

// enclosures reads the attachments of a file.
func (h header) enclosures() []enclosure {
	var es []enclosure
	for _, a := range h.m.Attachments {
		if isWinmail(a) && h.c.options.Winmail != WinmailKeep {
			if inside, ok := h.openWinmail(a); ok {
				es = append(es, inside...)
				continue
			}
		}
		es = append(es, h.c.openMac(h.name(a.Name), a.Content))
	}
	es = h.c.joinDoubles(es)
	for i := range es {
		h.mapped(&es[i])
	}
	return es
}

// openWinmail is what stands in the place of WINMAIL.DAT; it is false if that has to stay. Files that are attachments of the
// message anyway are not taken twice.
func (h header) openWinmail(a mmff.Attachment) (inside []enclosure, ok bool) {
	if h.c.options.Winmail == WinmailStrip {
		h.n.add(NoteWinmail, "WINMAIL.DAT of %d bytes was left out", len(a.Content))
		return nil, true
	}
	files, err := tnef.Decode(a.Content)
	if err != nil {
		return nil, false
	}
	for _, f := range files {
		if len(f.Data) == 0 || h.attached(f.Data) {
			continue
		}
		name := f.Name
		if !f.Long {
			name = charset.Windows1252.Decode(name)
		}
		name, _ = oneLine(name)
		if name = cutText(strings.TrimSpace(name), maxName); name == "" {
			name = "Attachment"
		}
		inside = append(inside, h.c.openMac(name, f.Data))
	}
	h.n.add(NoteWinmail, "WINMAIL.DAT of %d bytes was opened; it held %d files that are not attached", len(a.Content), len(inside))
	return inside, true
}

func (h header) attached(data []byte) bool {
	for _, a := range h.m.Attachments {
		if bytes.Equal(a.Content, data) {
			return true
		}
	}
	return false
}

// mapped gives a plain file from a PC the type that the table says, and the form of the Macintosh if that is wanted.
func (h header) mapped(e *enclosure) {
	m, ok := h.c.options.Mappings().Find(e.Name)
	if !ok || !h.c.options.ConvertText || e.Mac != nil {
		return
	}
	e.Mac = &mail.MacFile{Type: m.Type, Creator: m.Creator}
	e.data = h.n.converted(m, m.ToMac(e.data))
}

// converted takes the result of a conversion and notes what is odd about it.
func (n *notes) converted(m mappings.Mapping, c mappings.Converted) []byte {
	if c.Protected {
		n.add(NoteContent, "an attachment .%s is %s in the table and does not look like it; it was not converted", m.Extension, m.Kind)
	}
	if c.Loss.Count > 0 {
		n.add(NoteContent, "an attachment .%s: %d characters were replaced", m.Extension, c.Loss.Count)
	}
	return c.Data
}

// enclosed is the content of one attachment in a file. A Macintosh file travels as MacBinary II, unless the table knows its
// extension (KB Q157948). A resource fork is never dropped, and towards a Macintosh neither is a type that differs from the
// one it would get from the table: a table that forced one spoiled archives.
func (w *writer) enclosed(e *enclosure) ([]byte, error) {
	if e.Mac == nil {
		return e.data, nil
	}
	m, ok := w.c.options.Mappings().Find(e.Name)
	if w.forFax() {
		if len(e.resource) > 0 {
			w.n.add(NoteResource, "a file goes to a fax without its resource fork")
		}
		if ok && w.c.options.ConvertText {
			return w.n.converted(m, m.ToPC(e.data)), nil
		}
		return e.data, nil
	}
	switch {
	case len(e.resource) == 0 && nothingOfMac(e.Mac):
		return e.data, nil
	case !ok:
		return w.c.encloseMac(e)
	case len(e.resource) > 0:
		w.n.add(NoteResource, "an attachment .%s has a resource fork and travels as MacBinary", m.Extension)
		return w.c.encloseMac(e)
	case w.peer.Names == MacNames && (e.Mac.Type != m.Type || e.Mac.Creator != m.Creator):
		return w.c.encloseMac(e)
	case w.c.options.ConvertText:
		return w.n.converted(m, m.ToPC(e.data)), nil
	}
	return e.data, nil
}

// nothingOfMac reports whether a file has nothing that only a Macintosh knows. Type and creator may be lacking and flags, dates
// or a comment be there, which are not to be lost either (KB Q140943).
func nothingOfMac(f *mail.MacFile) bool {
	return f.Type == [4]byte{} && f.Creator == [4]byte{} && f.FinderFlags == 0 && f.Created.IsZero() && f.Modified.IsZero() && len(f.Comment) == 0
}

// attachments writes what is enclosed. Attachments are known by position and count, never by name (KB Q117561).
func (w *writer) attachments(es []enclosure) error {
	es = w.withoutWinmail(es)
	names := make([]string, len(es))
	for i := range es {
		names[i] = es[i].Name
	}
	for i, short := range w.peer.fileNames(names) {
		content, err := w.enclosed(&es[i])
		if err != nil {
			return err
		}
		w.out.Attachments = append(w.out.Attachments, mmff.Attachment{Name: short, Content: content})
		if shown := w.peer.Charset.Decode(short); shown != names[i] {
			w.n.add(NoteName, "attachment %d goes by the name %q", i+1, shown)
			w.name(shown, names[i])
		}
	}
	return nil
}

func (w *writer) withoutWinmail(es []enclosure) []enclosure {
	if !w.peer.NoWinmail {
		return es
	}
	out := es[:0:0]
	for _, e := range es {
		if strings.EqualFold(e.Name, winmailName) && tnef.Is(e.data) {
			w.n.add(NoteWinmail, "WINMAIL.DAT of %d bytes was left out", len(e.data))
			continue
		}
		out = append(out, e)
	}
	return out
}

// name tells the whole name of an attachment at the end of the text, if the text can show more of it than the short one does.
func (w *writer) name(short, whole string) {
	line, _ := oneLine(whole)
	line = strings.TrimSpace(line)
	if coded, _ := w.peer.Charset.Encode(line); !strings.EqualFold(w.peer.Charset.Decode(coded), short) {
		w.foot = append(w.foot, "["+short+": "+line+"]")
	}
}
