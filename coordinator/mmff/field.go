package mmff

import (
	"bytes"
	"math"
	"strings"
)

// field keeps a header line in its place in the message.
func (r *reader) field(t token, name, tail []byte) {
	m := r.m
	again := r.seen[t]
	r.seen[t] = true
	if t.single() && again {
		r.noteTail(CodeToken, "The first one counts, ignored is token")
		t = tokenUnknown
	}
	switch t {
	case tokenVersion:
		r.version(tail)
	case tokenTo:
		m.To = append(m.To, r.address(tail))
	case tokenCc:
		m.Cc = append(m.Cc, r.address(tail))
	case tokenFrom:
		m.From = r.address(tail)
	case tokenDate:
		m.Date = r.value(tail)
	case tokenTime:
		m.Time = r.value(tail)
	case tokenSubject:
		m.Subject = r.value(tail)
	case tokenPriority:
		m.Priority = r.value(tail)
	case tokenAttachment:
		r.attachment(tail)
	case tokenXAttach:
		r.reference("XATTACH", tail)
	case tokenExt:
		r.ext(name, tail)
	default:
		r.unknown(name, tail)
	}
}

// version notes a version that is not in the form n.nn.
func (r *reader) version(tail []byte) {
	v := bytes.Trim(tail, blanks)
	whole, fraction, _ := bytes.Cut(v, []byte("."))
	_, ok := parseCount(whole)
	if _, isNumber := parseCount(fraction); !ok || !isNumber {
		r.noteTail(CodeToken, "Unknown error with token")
	}
	r.m.Version = string(v)
}

// value returns a tail as it is, and notes what a writer would refuse.
func (r *reader) value(tail []byte) string {
	if bytes.ContainsAny(tail, "\r\n\x00") {
		r.noteTail(CodeToken, "Control character in token")
	}
	return string(tail)
}

// address returns a tail as it is, and notes if it is no address: the others must not suffer (KB Q122779).
func (r *reader) address(tail []byte) string {
	raw := string(tail)
	if a, code := splitAddress(raw, r.parser.Strict); code != 0 {
		r.note(code, r.lineStart, func() string { return addressText(code, a) })
	}
	return raw
}

// attachment takes "name size" apart, at the last blank because names may hold some (KB Q122779).
func (r *reader) attachment(tail []byte) {
	line := bytes.TrimRight(tail, blanks)
	i := bytes.LastIndexAny(line, " \t")
	size, ok := parseCount(line[i+1:])
	if !ok {
		r.failToken()
		r.content.unsized = true
	}
	name := ""
	if i >= 0 {
		name = string(line[:i])
	}
	if ok && name == "" {
		r.noteTail(CodeToken, "No name in token")
	}
	if strings.ContainsAny(name, "\r\n\x00") {
		r.noteTail(CodeToken, "Control character in token")
	}
	spelling := "ATTACHMENT"
	if len(r.name) == longestName {
		spelling = "ATTACHMENTS"
	}
	r.m.Attachments = append(r.m.Attachments, Attachment{Token: spelling, Name: name, Size: size, Line: r.line})
}

// reference keeps the name of an outside file.
func (r *reader) reference(kind string, tail []byte) {
	ref := Reference{Token: kind, Tail: string(tail), Line: r.line}
	if ref.Physical() == "" {
		r.failLine(CodeXText, "Bad or missing "+kind+" file name")
	}
	if strings.ContainsAny(ref.Tail, "\r\n\x00") {
		r.failLine(CodeXText, "Bad "+kind+" file name "+short(tail))
	}
	if kind == "XTEXT" {
		r.m.XText = &ref
		return
	}
	r.m.XAttach = append(r.m.XAttach, ref)
}

// unknown keeps a line that has no place of its own, if its token can be a name at all.
func (r *reader) unknown(name, tail []byte) {
	if !validName(name) {
		r.failLine(CodeUnknownToken, r.withTail("Cannot match token"))
		return
	}
	if known(name) == tokenUnknown {
		r.noteTail(CodeUnknownToken, "Cannot match token")
	}
	r.m.Fields = append(r.m.Fields, Field{Name: string(name), Value: string(tail), Line: r.line})
}

// parseCount reads a count of bytes: digits, nothing else, blanks around them allowed.
func parseCount(tail []byte) (int64, bool) {
	digits := bytes.Trim(tail, blanks)
	if len(digits) == 0 {
		return 0, false
	}
	var n int64
	for _, c := range digits {
		d := int64(c - '0')
		if c < '0' || c > '9' || n > (math.MaxInt64-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}
