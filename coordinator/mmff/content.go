package mmff

import (
	"bytes"
	"fmt"
)

// content is what stands behind a header: the counts, and where they begin.
type content struct {
	start   int    // offset of the first byte of the body
	line    int    // the line of TEXT or XTEXT
	parts   []part // body, then attachments
	sized   bool   // all counts are known
	unsized bool   // an attachment's count is not
	looked  int    // bytes looked at to see which line end the counts fit
}

// A part is one count of the header.
type part struct {
	token      string
	line       int
	size       int64
	attachment int // index, -1 for the body
}

// contents takes body and attachments by their counts. It reports whether another message may follow.
func (r *reader) contents() bool {
	whole := true
	for _, p := range r.content.parts {
		present := min(p.size, int64(len(r.data)-r.pos))
		b := r.data[r.pos : r.pos+int(present) : r.pos+int(present)]
		r.pos += len(b)
		if p.attachment < 0 {
			r.m.Body = b
		} else {
			r.m.Attachments[p.attachment].Content = b
		}
		if present < p.size {
			r.overrun(p, present, whole)
			whole = false
		}
	}
	return whole
}

// overrun reports a count that promises more than the file has. The first one of a message says whether the counts would fit
// under another line end: it stays a temporary error all the same, because a file that is still being written may come to the
// same sum by chance.
func (r *reader) overrun(p part, present int64, first bool) {
	if !first && !r.errs.room(r.parser.Limits.MaxErrors) {
		return
	}
	e := &Error{Code: CodeParser, Ordinal: r.m.Ordinal, Line: p.line, Token: p.token, Offset: int64(r.pos),
		Promised: p.size, Present: present, incomplete: true}
	if p.attachment >= 0 {
		e.Tail = fmt.Sprintf("%s %d", r.m.Attachments[p.attachment].Name, p.size)
	} else {
		e.Tail = fmt.Sprint(p.size)
	}
	if first {
		e.misaligned = r.content.realign(r.data, r.m.EOL)
	}
	e.Text = fmt.Sprintf("%s promises %d bytes and %d are present%s", p.token, p.size, present, alignedText(e.misaligned, r.m.EOL))
	r.fail(e)
}

// alignedText explains misalignment in an error.
func alignedText(counted, found EOL) string {
	if counted == EOLNone {
		return ""
	}
	return fmt.Sprintf("; the counts fit if lines end in %s, here they end in %s", counted, found)
}

// realign returns the line end with which the counts would fit the content, EOLNone if none does or they fit as they are.
// Counts go wrong when a server or a person converts a whole file, or only the text of it, without counting again.
func (c *content) realign(data []byte, found EOL) EOL {
	rest := data[c.start:]
	if found == CRLF {
		if c.fits(rest, 1, true) || c.fits(rest, 1, false) {
			return LF // or CR: the count is the same
		}
		return EOLNone
	}
	if found != EOLNone && (c.fits(rest, 2, true) || c.fits(rest, 2, false)) {
		return CRLF
	}
	return EOLNone
}

// fits reports whether the counts fit data when every line end in it counts width bytes: in all parts, or in the body only.
func (c *content) fits(data []byte, width int64, all bool) bool {
	for _, p := range c.parts {
		n, ok := p.size, p.size <= int64(len(data))
		if all || p.attachment < 0 {
			n, ok = measure(data, p.size, width)
			c.looked += int(n)
		}
		if !ok {
			return false
		}
		data = data[n:]
	}
	rest := data[skipPadding(data):]
	return len(rest) == 0 || beginsVersion(rest)
}

// measure returns how many bytes of data come to size when every line end counts width.
func measure(data []byte, size, width int64) (int64, bool) {
	n, sum := 0, int64(0)
	for sum < size && n < len(data) {
		switch {
		case data[n] == '\r' && n+1 < len(data) && data[n+1] == '\n':
			n, sum = n+2, sum+width
		case data[n] == '\r' || data[n] == '\n':
			n, sum = n+1, sum+width
		default:
			plain := data[n : n+int(min(int64(len(data)-n), size-sum))]
			if i := bytes.IndexAny(plain, "\r\n"); i >= 0 {
				plain = plain[:i]
			}
			n, sum = n+len(plain), sum+int64(len(plain))
		}
	}
	return int64(n), sum == size
}
