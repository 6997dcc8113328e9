package mail

import (
	"testing"

	"sidegate/internal/bounds"
)

// FuzzParsePattern: what is read has one text that reads back, covers itself as an address if it is one, and costs no more
// than it may.
func FuzzParsePattern(f *testing.F) {
	for _, seed := range []string{"*", "NET/PO/*", "*@Marketing", "MACNET/MACPO/T60009HO", "SMTP:*", "*/*/*", "MSMAIL:a*@b", "X400:c=us;a= ;*", "3COM:a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p Pattern
		var err error
		bounds.Allocation(t, len(text), func() { p, err = ParsePattern(text) })
		if err != nil {
			return
		}
		again, err := ParsePattern(p.String())
		if err != nil || again.String() != p.String() || again.Fixed() != p.Fixed() {
			t.Fatalf("%q reads as %q, and that as %q (%v)", text, p, again, err)
		}
		if a, err := ParseAddress(p.String()); err == nil && !p.Match(a) {
			t.Fatalf("%q does not cover itself", p)
		}
	})
}
