package charset

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"sidegate/internal/bounds"
)

func tables() []*Table {
	return []*Table{CP850, CP858, CP437, Windows1252, MacRoman, MacRomanEuro, CP437.Glyphs(), CP850.Glyphs()}
}

func allCodes() string {
	var b strings.Builder
	for i := range 256 {
		b.WriteByte(byte(i))
	}
	return b.String()
}

func TestTablesAreTotalBothWays(t *testing.T) {
	for _, table := range tables() {
		t.Run(table.Name(), func(t *testing.T) {
			if len(table.codes) != 256 {
				t.Fatalf("%d distinct characters, want 256", len(table.codes))
			}
			for i := range 256 {
				s := string([]byte{byte(i)})
				text := table.Decode(s)
				if strings.ContainsRune(text, utf8.RuneError) || !norm.NFC.IsNormalString(text) {
					t.Errorf("%02X decodes to %q, which is undefined or not composed", i, text)
				}
				if back, loss := table.Encode(text); back != s || loss.Count != 0 {
					t.Errorf("%02X decodes to %q and encodes to % X, %d lost", i, text, back, loss.Count)
				}
				apart := norm.NFD.String(text)
				if back, loss := table.Encode(apart); back != s || loss.Count != 0 {
					t.Errorf("%02X decomposed is %+q and encodes to % X, %d lost", i, apart, back, loss.Count)
				}
			}
			if back, loss := table.Encode(table.Decode(allCodes())); back != allCodes() || loss.Count != 0 {
				t.Errorf("all codes in one text do not come back: % X", back)
			}
		})
	}
}

// The codes where tables in circulation differ, or where the old articles name one.
func TestKnownCodes(t *testing.T) {
	for _, c := range []struct {
		table *Table
		code  byte
		want  rune
	}{
		{CP850, 0x99, 'Ö'}, {MacRoman, 0x99, 'ô'}, {MacRoman, 0x9A, 'ö'}, // KB Q118853 pairs 153 with 153; the tables do not.
		{MacRoman, 0xA5, '•'}, // KB Q175041
		{MacRoman, 0xDB, '¤'}, {MacRomanEuro, 0xDB, '€'}, {MacRoman, 0xF0, '\uF8FF'}, {MacRoman, 0xBD, 'Ω'},
		{CP850, 0xD5, 'ı'}, {CP858, 0xD5, '€'}, {CP437, 0xE1, 'ß'}, {CP437, 0x01, 1}, {CP437.Glyphs(), 0x01, '☺'},
		{CP437.Glyphs(), 0x0D, '\r'}, {CP437.Glyphs(), 0x7F, '⌂'}, {CP437.Glyphs(), 0x15, '§'}, {CP850.Glyphs(), 0x15, 0x15},
		{CP437.Glyphs(), 0x1F, '▼'}, {CP437.Glyphs(), 0x10, '►'}, {CP437.Glyphs(), 0x1A, 0x1A},
		{Windows1252, 0x81, 0x81}, {Windows1252, 0x80, '€'},
	} {
		if got := c.table.Rune(c.code); got != c.want {
			t.Errorf("%s: %02X is %U, want %U", c.table.Name(), c.code, got, c.want)
		}
	}
}

func TestLookup(t *testing.T) {
	for name, want := range map[string]*Table{"850": CP850, "CP437": CP437, "windows-1252": Windows1252, "MacRoman": MacRoman, "ibm858": CP858} {
		if got, err := Lookup(name); err != nil || got != want {
			t.Errorf("Lookup(%q) = %v, %v", name, got, err)
		}
	}
	for _, table := range tables() {
		if got, err := Lookup(table.Name()); err != nil || got.Name() != table.Name() {
			t.Errorf("Lookup(%q) = %v, %v", table.Name(), got, err)
		}
	}
	if _, err := Lookup("utf-8"); err == nil || !strings.Contains(err.Error(), "utf-8") {
		t.Errorf("Lookup(utf-8): %v", err)
	}
}

func TestReplacements(t *testing.T) {
	for _, c := range []struct {
		table      *Table
		text, want string
		lost       int
	}{
		{CP850, "“Hi” – it’s… •", `"Hi" - it's... *`, 6},
		{CP850, "10 € for Zoë", "10 EUR for Zo\x89", 1},
		{CP850, "Zoe\u0308", "Zo\x89", 0},
		{MacRoman, "“Hi”", "\xD2Hi\xD3", 0},
		{CP437, "ﬁne ½ ē", "fine \xAB e", 2},
		{MacRoman, "½", "1\xDA2", 1},
		{CP850, "日本 😀", "?? ?", 3},
		{CP850, "a\xFFb", "a?b", 1},
		{CP850, "a\u200Bb\u202Ec", "abc", 2},
		{CP850, "tab\tline\nend\r\n", "tab\tline\nend\r\n", 0},
		{Windows1252, "¤ \uF8FF", "\xA4 ?", 1},
	} {
		got, loss := c.table.Encode(c.text)
		if got != c.want || loss.Count != c.lost {
			t.Errorf("%s: %q encodes to %q with %d lost, want %q with %d", c.table.Name(), c.text, got, loss.Count, c.want, c.lost)
		}
	}
}

func TestFallbacksAreShortAndPlain(t *testing.T) {
	for r, s := range fallbacks {
		if len(s) > 4 || len(s) > 4*utf8.RuneLen(r) {
			t.Errorf("%U becomes %q, which is too long", r, s)
		}
		for _, c := range s {
			if c < ' ' || c > '~' {
				t.Errorf("%U becomes %q, which not every table has", r, s)
			}
		}
	}
}

func TestLoss(t *testing.T) {
	_, loss := CP850.Encode(strings.Repeat("日本語", 5) + "あいうえおかき")
	if loss.Count != 22 || string(loss.Runes) != "日本語あいうえお" {
		t.Errorf("loss is %d, %q", loss.Count, string(loss.Runes))
	}
	loss.Merge(Loss{Count: 3, Runes: []rune("日")})
	if loss.Count != 25 || len(loss.Runes) != maxLossRunes {
		t.Errorf("merged loss is %d, %q", loss.Count, string(loss.Runes))
	}
}

// KB Q175041: an address must find its way back, whatever it holds.
func TestAddressesOfEveryCode(t *testing.T) {
	for _, table := range tables() {
		for i := range 256 {
			s := "Name" + string([]byte{byte(i)}) + "x@Server"
			u := table.DecodeAddress(s)
			for _, r := range u {
				if hiddenInUnicode(r) {
					t.Errorf("%s: %02X decodes to %q, which no address may hold", table.Name(), i, u)
				}
			}
			back := table.EncodeAddress(u)
			if strings.ContainsAny(back, "\x00\n\r\x1A\x1B") {
				t.Errorf("%s: %02X encodes to %q, which no line may hold", table.Name(), i, back)
			}
			if carried := !strings.ContainsAny(s, "\x00\n\r\x1A\x1B"); carried && back != s {
				t.Errorf("%s: %02X decodes to %q and encodes to %q", table.Name(), i, u, back)
			}
			if again := table.DecodeAddress(back); again != u {
				t.Errorf("%s: %02X is %q at first and %q later", table.Name(), i, u, again)
			}
		}
	}
}

func TestAddressEscapes(t *testing.T) {
	for _, c := range []struct{ text, coded string }{
		{"| • Name@Server", "| (U+2022) Name@Server"},
		{"(U+2022)@x", "(UU+2022)@x"},
		{"(UU+2022)@x", "(UUU+2022)@x"},
		{"(U+0041)@x", "(U+0041)@x"},
		{"(U+02022)@x", "(U+02022)@x"},
		{"(U+2022", "(U+2022"},
		{"((U+2022))", "((UU+2022))"},
		{"😀@x", "(U+1F600)@x"},
		{"a(U+000D)TO:evil@b", "a(U+000D)TO:evil@b"},
		{"555-1212 (x1234)", "555-1212 (x1234)"},
		{"MCI ^0D", "MCI ^0D"},
	} {
		if got := CP850.EncodeAddress(c.text); got != c.coded {
			t.Errorf("%q encodes to %q, want %q", c.text, got, c.coded)
		}
		if got := CP850.DecodeAddress(c.coded); got != c.text {
			t.Errorf("%q decodes to %q, want %q", c.coded, got, c.text)
		}
	}
}

// pieces are what escapes are made of, so that random strings hold whole and broken ones.
var pieces = []string{"(", "U", "+", ")", "2022", "000D", "(U+2022)", "(UU+000D)", "•", "é", "e\u0301", "a", "_", "0", "A", "1F600", "😀"}

func TestAddressesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := rapid.SampledFrom(tables()).Draw(t, "table")
		u := strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(t, "pieces"), "") + rapid.StringMatching(`[^\p{C}\x{2028}\x{2029}]*`).Draw(t, "text")
		u = norm.NFC.String(u)
		if back := table.DecodeAddress(table.EncodeAddress(u)); back != u {
			t.Fatalf("%q encodes to %q and decodes to %q", u, table.EncodeAddress(u), back)
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add("“Zoe\u0308” \xFF", uint8(0))
	f.Add(strings.Repeat("e"+strings.Repeat("\u0301", 300), 2), uint8(4))
	f.Fuzz(func(t *testing.T, s string, n uint8) {
		table := tables()[int(n)%len(tables())]
		bounds.Allocation(t, len(s), func() { table.Decode(s) })
		bounds.Allocation(t, len(s), func() { table.Encode(s) })
		coded, _ := table.Encode(s)
		if len(coded) > 4*len(s) {
			t.Fatalf("%d bytes encode to %d", len(s), len(coded))
		}
		if back, loss := table.Encode(table.Decode(coded)); back != coded || loss.Count > 0 {
			t.Fatalf("%q does not come back: %q", coded, back)
		}
		composed := norm.NFC.String(s)
		if len(s) < 60 && utf8.ValidString(s) {
			if whole, _ := table.Encode(composed); whole != coded {
				t.Fatalf("%q composed first encodes to %q, otherwise to %q", s, whole, coded)
			}
		}
		a := table.EncodeAddress(s)
		if strings.ContainsAny(a, "\x00\n\r\x1A\x1B") {
			t.Fatalf("address %q holds a line end", a)
		}
		table.DecodeAddress(s)
	})
}
