package charset

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Addresses must survive any number of crossings, or replies go to nobody: a bullet in a server's name that became a bar
// made every reply bounce (KB Q175041). So a character that one side cannot hold is written there as its code point:
//
//	(U+2022)    four to six upper-case hexadecimal digits
//
// In the code page that is a character without a code, and NUL, LF, CR, ^Z and ESC, which a line of the old format cannot
// carry. In Unicode it is a control character or a line separator, which no address of ours may hold. Text that looks like
// such an escape gets one more U: (UU+2022) means the eight characters (U+2022). So both ways are exact: for every string
// u without control characters, in composed form, DecodeAddress(EncodeAddress(u)) is u; and for every s in the code page
// without the five codes named above, EncodeAddress(DecodeAddress(s)) is s (unless somebody wrote an escape by hand that
// names an accent and so composes with the letter before it).

// EncodeAddress turns an address, or a part of one, into the code page.
func (t *Table) EncodeAddress(s string) string {
	text := unescape(norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD")), hiddenInUnicode)
	var b strings.Builder
	for _, r := range escape(text, t.hidden) {
		b.WriteByte(t.codes[r])
	}
	return b.String()
}

// DecodeAddress turns an address, or a part of one, into Unicode.
func (t *Table) DecodeAddress(s string) string {
	return escape(unescape(t.Decode(s), t.hidden), hiddenInUnicode)
}

// hidden reports whether r cannot stand in a header line of this code page.
func (t *Table) hidden(r rune) bool {
	switch r {
	case 0, '\n', '\r', 0x1A, 0x1B:
		return true
	}
	return !t.Has(r)
}

// hiddenInUnicode reports whether r cannot stand in an address of ours.
func hiddenInUnicode(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

// escape writes hidden characters as code points, and adds a U to what looks like one.
func escape(s string, hidden func(rune) bool) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if n, _, r := escaped(s[i:]); n > 0 && hidden(r) {
			b.WriteString("(U" + s[i+1:i+n])
			i += n
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if hidden(r) {
			b.WriteString("(U+" + codePoint(r) + ")")
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// unescape undoes escape.
func unescape(s string, hidden func(rune) bool) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if n, us, r := escaped(s[i:]); n > 0 && hidden(r) {
			if us == 1 {
				b.WriteRune(r)
			} else {
				b.WriteString("(" + s[i+2:i+n])
			}
			i += n
			continue
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		b.WriteString(s[i : i+n])
		i += n
	}
	return b.String()
}

// escaped reads an escape at the beginning of s: its length, how many times it has U, and the character. A code point is
// read only in the form in which it is written.
func escaped(s string) (n, us int, r rune) {
	if !strings.HasPrefix(s, "(U") {
		return 0, 0, 0
	}
	us = len(s) - 1 - len(strings.TrimLeft(s[1:], "U"))
	rest, ok := strings.CutPrefix(s[1+us:], "+")
	end := strings.IndexByte(rest[:min(len(rest), 7)], ')')
	if !ok || end < 4 {
		return 0, 0, 0
	}
	code, err := strconv.ParseUint(rest[:end], 16, 32)
	if err != nil || !utf8.ValidRune(rune(code)) || codePoint(rune(code)) != rest[:end] {
		return 0, 0, 0
	}
	return 1 + us + 1 + end + 1, us, rune(code)
}

func codePoint(r rune) string {
	digits := strings.ToUpper(strconv.FormatInt(int64(r), 16))
	return strings.Repeat("0", max(0, 4-len(digits))) + digits
}
