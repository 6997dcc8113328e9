package side

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// textCheck holds a body that comes in pieces to the rule for bodies: UTF-8 without control characters but line ends
// (\n) and tabs.
type textCheck struct {
	rest []byte // the beginning of a character
}

// add checks the next piece.
func (t *textCheck) add(p []byte) error {
	if len(t.rest) > 0 {
		n := 0
		for n < len(p) && !utf8.FullRune(t.rest) {
			t.rest = append(t.rest, p[n])
			n++
		}
		if !utf8.FullRune(t.rest) {
			return nil
		}
		// One more byte than the character has may have been joined to it: a byte that ends an invalid one.
		head := t.rest
		t.rest = nil
		if err := t.whole(head); err != nil {
			return err
		}
		p = p[n:]
	}
	cut := len(p)
	for back := 1; back < utf8.UTFMax && back <= len(p); back++ {
		if b := p[len(p)-back]; utf8.RuneStart(b) {
			if !utf8.FullRune(p[len(p)-back:]) {
				cut = len(p) - back
			}
			break
		}
	}
	t.rest = append(t.rest, p[cut:]...)
	return t.whole(p[:cut])
}

// end checks that nothing is left over.
func (t *textCheck) end() error {
	if len(t.rest) > 0 {
		return fmt.Errorf("is not valid UTF-8")
	}
	return nil
}

func (t *textCheck) whole(p []byte) error {
	for len(p) > 0 {
		if c := p[0]; ' ' <= c && c <= '~' {
			p = p[1:]
			continue
		}
		r, n := utf8.DecodeRune(p)
		switch {
		case r == utf8.RuneError && n == 1:
			return fmt.Errorf("is not valid UTF-8")
		case r == '\n' || r == '\t':
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			return fmt.Errorf("holds the control character %U", r)
		}
		p = p[n:]
	}
	return nil
}
