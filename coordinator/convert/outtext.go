package convert

import (
	"bytes"
	"strings"

	"sidegate/coordinator/mmff"
)

// ruler parts the lines we add to a text from the text.
const ruler = "----------------------------------------"

// wholeTextName is the attachment that holds a text the peer cannot take in one piece.
const wholeTextName = "TEXT.TXT"

// text writes the body, with what of the message has no place in the header around it.
func (w *writer) text(body []byte) {
	if body = w.receipt(body); len(body) == 0 {
		body = []byte(reportText(w.d.Message))
	}
	if w.d.Message.Receipt != nil { // what it is recognised by stands first
		w.head, w.foot = nil, append(w.head, w.foot...)
	}
	if len(w.head) > 0 {
		body = append([]byte(strings.Join(w.head, "\n")+"\n"+ruler+"\n"), body...)
	}
	if len(w.foot) > 0 {
		if len(body) > 0 && body[len(body)-1] != '\n' {
			body = append(body[:len(body):len(body)], '\n')
		}
		body = append(body[:len(body):len(body)], ruler+"\n"+strings.Join(w.foot, "\n")+"\n"...)
	}
	coded, loss := writeText(body, w.peer.Charset, w.peer.EOL)
	if loss.Count > 0 {
		w.n.add(NoteCharset, "TEXT: %d characters were replaced", loss.Count)
	}
	if limit := w.peer.BodyLimit; limit > 0 && len(coded) > limit {
		coded = w.divide(coded, limit)
	}
	w.out.Body = coded
}

// divide leaves the beginning of a text and puts the whole into an attachment. KB Q132855.
func (w *writer) divide(coded []byte, limit int) []byte {
	w.n.add(NoteBody, "the text has %d characters and was cut to %d; the whole is in an attachment", len(coded), limit)
	taken := make(map[string]bool)
	for _, a := range w.out.Attachments {
		taken[strings.ToUpper(a.Name)] = true
	}
	base, ext := splitName(wholeTextName)
	name := distinct(base, ext, 8, taken)
	w.out.Attachments = append(w.out.Attachments, mmff.Attachment{Name: name, Content: coded})
	eol := w.peer.EOL.Sequence()
	mark := eol + "[The whole text is in the attachment " + name + ".]" + eol
	first := coded[:max(0, limit-len(mark))]
	if i := bytes.LastIndex(first, []byte(eol)); i >= 0 && len(first)-i < 1000 {
		first = first[:i] // at the end of a line, if one is near
	}
	first = bytes.TrimRight(first, "\r\n")
	return append(first[:len(first):len(first)], mark...)
}
