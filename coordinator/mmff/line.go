package mmff

import "bytes"

// AddressLines returns the lines on which TO and CC stand, VERSION being 1, in the order of To and Cc. They are looked up
// in what the message was read from, because they are wanted only when an address is at fault; nil for a message that was
// not parsed.
func (m *Message) AddressLines() (to, cc []int) {
	eol := []byte(m.EOL.Sequence())
	if len(m.orig) == 0 || len(eol) == 0 {
		return nil, nil
	}
	rest := m.orig
	for n := 1; len(rest) > 0; n++ {
		var line []byte
		line, rest, _ = bytes.Cut(rest, eol)
		name, tail, _ := bytes.Cut(line, []byte(":"))
		switch known(bytes.Trim(name, " \t")) {
		case tokenTo:
			to = next(to, m.To, tail, n)
		case tokenCc:
			cc = next(cc, m.Cc, tail, n)
		case tokenText, tokenXText:
			if len(to) == len(m.To) && len(cc) == len(m.Cc) {
				return to, cc
			}
		}
	}
	return to, cc
}

// next adds a line that holds the address wanted next. Others only look like it: they are values of EXT fields.
func next(lines []int, addresses []string, tail []byte, n int) []int {
	if i := len(lines); i < len(addresses) && bytes.HasPrefix(tail, []byte(addresses[i])) {
		return append(lines, n)
	}
	return lines
}
