package charset

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Decode turns bytes in the code page into text. No byte is lost; three bytes of UTF-8 at most come of one.
func (t *Table) Decode(s string) string { return string(t.AppendDecode(nil, []byte(s))) }

// AppendDecode appends the text of src to dst.
func (t *Table) AppendDecode(dst, src []byte) []byte {
	for len(src) > 0 {
		n := 0
		for n < len(src) && src[n] < utf8.RuneSelf && t.runes[src[n]] == rune(src[n]) {
			n++
		}
		dst = append(dst, src[:n]...)
		if src = src[n:]; len(src) > 0 {
			dst = utf8.AppendRune(dst, t.runes[src[0]])
			src = src[1:]
		}
	}
	return dst
}

// Loss counts what a code page could not hold.
type Loss struct {
	Count int    // characters replaced
	Runes []rune // the first few of them, each once
}

// maxLossRunes is how many characters a Loss names.
const maxLossRunes = 8

func (l *Loss) add(r rune) {
	l.Count++
	if len(l.Runes) == maxLossRunes {
		return
	}
	for _, known := range l.Runes {
		if known == r {
			return
		}
	}
	l.Runes = append(l.Runes, r)
}

// Merge adds another loss.
func (l *Loss) Merge(other Loss) {
	count := l.Count + other.Count
	for _, r := range other.Runes {
		l.add(r)
	}
	l.Count = count
}

// Encode turns text into bytes of the code page. What has no code becomes something visible: see replacement. The
// result is at most four times as long as the text.
func (t *Table) Encode(s string) (string, Loss) {
	b, loss := t.AppendEncode(nil, []byte(s))
	return string(b), loss
}

// AppendEncode appends the bytes for the text src to dst.
func (t *Table) AppendEncode(dst, src []byte) ([]byte, Loss) {
	var loss Loss
	var composed []byte // of one segment after the other
	for len(src) > 0 {
		n := t.plain(src)
		dst = append(dst, src[:n]...)
		if src = src[n:]; len(src) == 0 {
			break
		}
		// Composing a segment at a time needs no second copy of the text, whatever its length.
		n = segment(src)
		composed = norm.NFC.Append(composed[:0], src[:n]...)
		dst = t.appendComposed(dst, composed, &loss)
		src = src[n:]
	}
	return dst, loss
}

// plain is the length of the run at the beginning of b that is the same in the table and that composition cannot change: its
// last character may be the base of an accent that follows. In a table of pictures a control character is not the same.
func (t *Table) plain(b []byte) int {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return max(i-1, 0)
		}
		if t.runes[c] != rune(c) {
			return i
		}
	}
	return len(b)
}

// segment is the length of the next piece of b that composes by itself. It is bounded, because accents can be piled up
// without end.
func segment(b []byte) int {
	const most = 256
	n := norm.NFC.NextBoundary(b[:min(len(b), most)], true)
	if n <= 0 {
		return 1
	}
	if n == most { // may have cut a character in two
		for n > most-utf8.UTFMax && n < len(b) && !utf8.RuneStart(b[n]) {
			n--
		}
	}
	return n
}

func (t *Table) appendComposed(dst, composed []byte, loss *Loss) []byte {
	for i := 0; i < len(composed); {
		r, n := utf8.DecodeRune(composed[i:])
		i += n
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, '?')
			loss.add(r)
			continue
		}
		if c, ok := t.codes[r]; ok {
			dst = append(dst, c)
			continue
		}
		dst = append(dst, t.replacement(r)...)
		loss.add(r)
	}
	return dst
}
