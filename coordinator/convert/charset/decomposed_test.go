package charset

import (
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// TestDecomposed: every character but Hangul is taken apart as the library does it, without its price.
func TestDecomposed(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.Is(unicode.Hangul, r) || r >= 0xD800 && r < 0xE000 {
			continue
		}
		if got, want := decomposed(r), norm.NFKD.String(string(r)); got != want {
			t.Errorf("%U: %q, want %q", r, got, want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _ = CP850.replacement('\u1EA4') }); n > 3 {
		t.Errorf("%v allocations for one character", n)
	}
}
