package charset

import (
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fallbacks are what is shown for characters that a table does not have. The longest has three letters for a character
// of two bytes or more, which keeps the promise of Encode.
var fallbacks = map[rune]string{
	'“': `"`, '”': `"`, '„': `"`, '‟': `"`, '«': `"`, '»': `"`, '″': `"`,
	'‘': "'", '’': "'", '‚': "'", '‛': "'", '‹': "'", '›': "'", '′': "'", 'ʼ': "'",
	'‐': "-", '‑': "-", '‒': "-", '–': "-", '—': "-", '―': "-", '−': "-", '⁄': "/", '∕': "/",
	'…': "...", '•': "*", '‣': "*", '◦': "*", '∙': "*", '·': "*", '●': "*", '■': "*", '▪': "*", '◆': "*",
	'€': "EUR", '£': "GBP", '¥': "JPY", '¢': "c", '₤': "GBP", 'ƒ': "f", '©': "(c)", '®': "(R)", '™': "TM", '℠': "SM",
	'†': "+", '‡': "+", '¶': "P", '§': "S", '‰': "o/oo", '№': "No", '¬': "-", '¦': "|", '¤': "$",
	'Œ': "OE", 'œ': "oe", 'Æ': "AE", 'æ': "ae", 'ß': "ss", 'ẞ': "SS", 'Ø': "O", 'ø': "o", 'Đ': "D", 'đ': "d", 'Ð': "D", 'ð': "d",
	'Þ': "Th", 'þ': "th", 'Ł': "L", 'ł': "l", 'ı': "i", '˜': "~", 'ˆ': "^", '˝': `"`, '´': "'", '¨': `"`, '¸': ",", '˚': "o", '°': "o",
	'×': "x", '÷': ":", '±': "+-", '≤': "<=", '≥': ">=", '≠': "<>", '≈': "~", '≡': "=", '∞': "oo", '√': "V", '←': "<-", '→': "->", '↔': "<->",
	'☺': ":)", '☻': ":)", '♥': "<3", 'Ω': "Ohm", 'µ': "u", 'μ': "u", 'π': "pi", '∆': "D", '∂': "d", '∑': "S", '∏': "P",
	'¡': "!", '¿': "?", 'ª': "a", 'º': "o", '☐': "[ ]", '☑': "[x]", '✓': "v", '✔': "v", '─': "-", '│': "|", '═': "=", '║': "|",
	// Invisible in Unicode, and so here: joiners, marks of direction, variation selectors, the byte order mark.
	'\u00AD': "", '\u034F': "", '\u200B': "", '\u200C': "", '\u200D': "", '\u200E': "", '\u200F': "", '\u2060': "", '\uFEFF': "", '\uFE0E': "", '\uFE0F': "",
	'\u2028': " ", '\u2029': " ",
}

// replacement is what stands for r, which the table does not have: its entry among the fallbacks; else what is left of it
// in the table when it is taken apart (an e for an e with a macron, fi for the ligature); else a question mark.
func (t *Table) replacement(r rune) []byte {
	if s, ok := fallbacks[r]; ok {
		return []byte(s)
	}
	if unicode.Is(unicode.Bidi_Control, r) {
		return nil
	}
	if unicode.IsSpace(r) {
		return []byte{' '}
	}
	var b []byte
	for _, part := range decomposed(r) {
		if unicode.Is(unicode.Mn, part) {
			continue
		}
		c, ok := t.codes[part]
		switch {
		case ok:
			b = append(b, c)
		case len(fallbacks[part]) == 1:
			b = append(b, fallbacks[part]...)
		default:
			return []byte{'?'}
		}
	}
	if len(b) == 0 || len(b) > 4 {
		return []byte{'?'}
	}
	return b
}

// decomposed is a character taken apart. The general way, norm.NFKD.String, takes a kilobyte for every one. It takes Hangul apart
// too, which no table has either way.
func decomposed(r rune) string {
	whole := string(r)
	if parts := norm.NFKD.PropertiesString(whole).Decomposition(); parts != nil {
		return string(parts)
	}
	return whole
}
