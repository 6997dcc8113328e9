package mmff

import (
	"bytes"
	"strings"
)

// ext reads "EXT:type:n:name" and the value behind it. KB Q147034 has the only sample; see the package comment.
func (r *reader) ext(name, tail []byte) {
	parts := bytes.SplitN(tail, []byte(":"), 3)
	var n int64
	ok := len(parts) == 3
	if ok {
		n, ok = parseCount(parts[1])
	}
	if !ok {
		r.noteTail(CodeToken, "Unknown error with token")
		r.m.Fields = append(r.m.Fields, Field{Name: string(name), Value: string(tail), Line: r.line})
		return
	}
	x := Ext{Type: string(parts[0]), N: int(n), Name: string(parts[2]), Line: r.line}
	if window, ok := r.window(int(n)); ok && n <= int64(r.parser.Limits.MaxLine) {
		x.Value, x.Counted = strings.TrimSuffix(string(window), r.eol), true
		r.line += bytes.Count(window, []byte(r.eol))
		r.pos += len(window)
	} else if !beginsToken(r.data[r.pos:]) {
		value := r.take()
		r.line++
		if len(value) > r.parser.Limits.MaxLine {
			r.failLine(CodeTooBig, "The value of EXT is too long")
			value = nil
		}
		x.Value = string(value)
	}
	r.m.Ext = append(r.m.Ext, x)
}

// window returns the next n bytes if they can be a value: they end on a line end, and no line in them but the first begins
// with a known token, for then n would be a field number that swallows the rest of the header.
func (r *reader) window(n int) ([]byte, bool) {
	if n > len(r.data)-r.pos || r.eol == "" {
		return nil, false
	}
	w := r.data[r.pos : r.pos+n]
	if !bytes.HasSuffix(w, []byte(r.eol)) {
		return nil, false
	}
	for rest := w; ; {
		i := bytes.Index(rest, []byte(r.eol)) + len(r.eol)
		r.looked += i
		if rest = rest[i:]; len(rest) == 0 {
			return w, true
		}
		if beginsToken(rest) {
			return nil, false
		}
	}
}

// beginsToken reports whether data begins with a known token and its colon.
func beginsToken(data []byte) bool {
	i := bytes.IndexByte(data[:min(len(data), longestName+3)], ':')
	return i >= 0 && known(bytes.Trim(data[:i], " \t")) != tokenUnknown
}
