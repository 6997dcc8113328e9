package cli

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text from outside fit for one line of a terminal: control characters, which can move the cursor or
// retitle the window, and direction marks, which can make a name read as another, are shown escaped. So are bytes that
// are not UTF-8.
func clean(s string) string { return escape(s, func(rune) bool { return false }) }

// cleanText is clean for text of several lines: line feeds and tabs stay.
func cleanText(s string) string {
	return escape(s, func(r rune) bool { return r == '\n' || r == '\t' })
}

func escape(s string, keep func(rune) bool) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return unsafe(r) && !keep(r) }) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case keep(r) || !unsafe(r):
			b.WriteString(s[i : i+size])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += size
	}
	return b.String()
}

// unsafe reports whether a rune may not reach a terminal as it is. RuneError stands for bytes that are not UTF-8, and
// harmlessly for itself.
func unsafe(r rune) bool {
	switch {
	case unicode.IsControl(r), r == utf8.RuneError:
		return true
	case r == '\u2028', r == '\u2029': // line and paragraph separators
		return true
	case r == '\u061c', r == '\u200e', r == '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return true // direction
	}
	return false
}

// cleanJSON escapes in JSON what a terminal must not get and JSON itself allows: everything outside ASCII stands in
// strings there, where an escape means the same.
func cleanJSON(data []byte) []byte {
	if !strings.ContainsFunc(string(data), func(r rune) bool { return r >= 0x7f && unsafe(r) }) {
		return data
	}
	var b strings.Builder
	for _, r := range string(data) {
		if r >= 0x7f && unsafe(r) && r != utf8.RuneError {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return []byte(b.String())
}
