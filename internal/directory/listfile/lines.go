package listfile

import (
	"bytes"
	"fmt"
	"strings"

	"sidegate/coordinator/convert/charset"
)

const endOfFile = 0x1A // of a text file of DOS

// lines goes through a file line by line.
type lines struct {
	rest   []byte
	table  *charset.Table
	number int32
	text   []byte // of a line, used again
}

// newLines refuses what is too large.
func newLines(data []byte, t *charset.Table) (*lines, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("the file has %d bytes, the most is %d", len(data), MaxSize)
	}
	if i := bytes.IndexByte(data, endOfFile); i >= 0 {
		if rest := bytes.Trim(data[i:], "\x1A\x00\r\n"); len(rest) > 0 {
			return nil, fmt.Errorf("line %d: a ^Z ends the file, but %d bytes follow it", 1+count(data[:i]), len(data)-i-1)
		}
		data = data[:i]
	}
	return &lines{rest: data, table: t}, nil
}

// room makes room for the changes of a file, neither too little nor much too much: it counts the lines that begin so that
// they may be one.
func (l *lines) room(may func(raw []byte) bool) []Change {
	all, n := *l, 0
	for raw, ok := all.next(); ok && n < maxChanges; raw, ok = all.next() {
		if len(raw) > 0 && may(raw) {
			n++
		}
	}
	return make([]Change, 0, n)
}

// full refuses the line that is one too many.
func (l *lines) full(changes, short int) *Error {
	switch {
	case changes >= maxChanges:
		return fault(l.number, 0, "is one too many: a file changes at most %d entries", maxChanges)
	case short >= maxShort:
		return fault(l.number, 0, "is one too many: at most %d lists and aliases without addresses stand in a file", maxShort)
	}
	return nil
}

func count(data []byte) int {
	n := bytes.Count(data, []byte("\n"))
	return n + bytes.Count(data, []byte("\r")) - bytes.Count(data, []byte("\r\n"))
}

// next returns the next line as it is in the file, without its end.
func (l *lines) next() (raw []byte, ok bool) {
	if len(l.rest) == 0 {
		return nil, false
	}
	l.number++
	i := bytes.IndexAny(l.rest, "\r\n")
	if i < 0 {
		raw, l.rest = l.rest, nil
		return raw, true
	}
	raw = l.rest[:i]
	if l.rest[i] == '\r' && i+1 < len(l.rest) && l.rest[i+1] == '\n' {
		i++
	}
	l.rest = l.rest[i+1:]
	return raw, true
}

// check refuses a line that cannot be one of a list.
func (l *lines) check(raw []byte) *Error {
	if len(raw) > maxLine {
		return fault(l.number, 0, "has %d bytes, the most is %d", len(raw), maxLine)
	}
	if i := bytes.IndexByte(raw, 0); i >= 0 {
		return fault(l.number, i+1, "holds a NUL; this is no text file")
	}
	return nil
}

// decode turns a part of a line into text.
func (l *lines) decode(raw []byte) string {
	l.text = l.table.AppendDecode(l.text[:0], raw)
	return string(l.text)
}

// address turns an address into text, and what stands for characters of another code page back into them.
func (l *lines) address(raw []byte) string {
	if bytes.Contains(raw, []byte("(U")) {
		return strings.TrimSpace(l.table.DecodeAddress(string(raw)))
	}
	return strings.TrimSpace(l.decode(raw))
}
