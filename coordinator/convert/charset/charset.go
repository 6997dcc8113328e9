// Package charset turns text in the code pages of the old systems into Unicode and back.
//
// It guarantees three things. Every one of the 256 codes of a table has one character, and that character has that code
// again: decoding loses nothing. A character without a code is replaced by something a person can see, and is counted.
// Addresses are never replaced: see [Table.EncodeAddress].
//
// Choices where tables in circulation differ:
//
//   - The codes 00 to 1F and 7F are control characters. A table made by [Table.Glyphs] has the pictures an IBM PC shows for
//     them instead (a smile, card suits, arrows), except for NUL, TAB, LF, VT, FF, CR, ^Z and ESC.
//   - Windows-1252 leaves 81, 8D, 8F, 90 and 9D undefined. They are the control characters U+0081 to U+009D here.
//   - Mac Roman DB is the currency sign in "macroman", as in every system AppleTalk Mail was made for, and the euro sign
//     in "macroman-euro", as from Mac OS 8.5 on. F0, the apple, is U+F8FF. BD is U+03A9, capital omega.
//   - Code page 850 D5 is the dotless i; in 858 it is the euro sign. There is no other difference between the two.
//
// Text from a Macintosh volume arrives decomposed (e and an acute accent apart); everything is composed before it is encoded.
package charset

import (
	"fmt"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// Table is one code page. It is never changed once made.
type Table struct {
	name  string
	runes [256]rune
	codes map[rune]byte
}

// The tables of the old systems.
var (
	CP850        = build("850", charmap.CodePage850, nil)
	CP858        = build("858", charmap.CodePage858, nil)
	CP437        = build("437", charmap.CodePage437, nil)
	Windows1252  = build("1252", charmap.Windows1252, map[byte]rune{0x81: 0x81, 0x8D: 0x8D, 0x8F: 0x8F, 0x90: 0x90, 0x9D: 0x9D})
	MacRoman     = build("macroman", charmap.Macintosh, map[byte]rune{0xDB: '¤'})
	MacRomanEuro = build("macroman-euro", charmap.Macintosh, nil)
)

var names = map[string]*Table{
	"850": CP850, "858": CP858, "437": CP437, "1252": Windows1252, "ansi": Windows1252,
	"macroman": MacRoman, "macintosh": MacRoman, "macroman-euro": MacRomanEuro,
}

// Lookup finds a table by name: 850, 858, 437, 1252, macroman or macroman-euro, in any case and with or without "cp" or
// "windows-" before a number. A name that ends in "-glyphs" asks for the table with pictures.
func Lookup(name string) (*Table, error) {
	key := strings.ToLower(strings.TrimSpace(name))
	for _, prefix := range []string{"cp-", "cp", "ibm", "windows-", "win"} {
		key = strings.TrimPrefix(key, prefix)
	}
	key, glyphs := strings.CutSuffix(key, "-glyphs")
	t, ok := names[key]
	if !ok {
		return nil, fmt.Errorf("charset: %q is not one of 850, 858, 437, 1252, macroman, macroman-euro", name)
	}
	if glyphs {
		return t.Glyphs(), nil
	}
	return t, nil
}

// Name is the name by which Lookup finds the table.
func (t *Table) Name() string { return t.name }

// Rune is the character of a code.
func (t *Table) Rune(code byte) rune { return t.runes[code] }

// Has reports whether the table has a code for r.
func (t *Table) Has(r rune) bool {
	_, ok := t.codes[r]
	return ok
}

func build(name string, m *charmap.Charmap, other map[byte]rune) *Table {
	t := &Table{name: name}
	for i := range t.runes {
		t.runes[i] = m.DecodeByte(byte(i))
		if r, ok := other[byte(i)]; ok {
			t.runes[i] = r
		}
	}
	t.index()
	return t
}

func (t *Table) index() {
	t.codes = make(map[rune]byte, len(t.runes))
	for i, r := range t.runes {
		t.codes[r] = byte(i)
	}
}

// pictures are the glyphs of the codes 00 to 1F on an IBM PC; a blank stands where a code must stay a control character.
const pictures = " ☺☻♥♦♣♠•◘     ♫☼►◄↕‼¶§▬↨↑↓  ∟↔▲▼"

// Glyphs is the table with pictures for control characters. A code whose picture the table has elsewhere already (the
// paragraph sign in 850) stays a control character, so that no character has two codes.
func (t *Table) Glyphs() *Table {
	if strings.HasSuffix(t.name, "-glyphs") {
		return t
	}
	g := &Table{name: t.name + "-glyphs", runes: t.runes}
	for i, r := range []rune(pictures) {
		if r != ' ' && !t.Has(r) {
			g.runes[i] = r
		}
	}
	if !t.Has('⌂') {
		g.runes[0x7F] = '⌂'
	}
	g.index()
	return g
}
