package mmff

import (
	"bytes"
	"strconv"
	"strings"
)

// PrintedHeader parts the body into the header that some gateways print at its top and the rest, as EXT HEADLEN claims. A
// wrong HEADLEN eats lines of the body (KB Q147034), so it is believed only if the last line it covers is a line of dashes
// or the blank line behind one; otherwise head is nil and rest the whole body.
func (m *Message) PrintedHeader() (head, rest []byte) {
	eol := findEOL(m.Body)
	for _, x := range m.Ext {
		n, err := strconv.Atoi(strings.TrimSpace(x.Value))
		if !strings.EqualFold(x.Name, "HEADLEN") || err != nil || n < 1 || eol == EOLNone {
			continue
		}
		if end, ok := dashedEnd(m.Body, n, eol.Sequence()); ok {
			return m.Body[:end], m.Body[end:]
		}
	}
	return nil, m.Body
}

// dashedEnd returns the length of the first n lines if they end in dashes, or in dashes and a blank line.
func dashedEnd(body []byte, n int, eol string) (end int, ok bool) {
	var before, last []byte
	for range n {
		line, _, found := bytes.Cut(body[end:], []byte(eol))
		if !found {
			return 0, false
		}
		before, last = last, line
		end += len(line) + len(eol)
	}
	return end, isDashes(last) || len(bytes.Trim(last, blanks)) == 0 && isDashes(before)
}

func isDashes(line []byte) bool {
	line = bytes.Trim(line, blanks)
	return len(line) >= 3 && len(bytes.Trim(line, "-")) == 0
}
