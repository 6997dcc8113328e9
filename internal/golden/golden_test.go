package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// witness counts what a test was told.
type witness struct {
	testing.TB
	told []string
}

func (w *witness) Helper()                        {}
func (w *witness) Errorf(format string, _ ...any) { w.told = append(w.told, format) }

// TestCheck: what is as it was passes; a changed result, a changed input and a missing one do not.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.bin": "one", "a.golden": "ONE", "b.bin": "two", "b.golden": "TWO", "README.md": "about"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	upper := func(b []byte) string { return strings.ToUpper(string(b)) }
	for _, c := range []struct {
		name     string
		least    int
		describe func([]byte) string
		inputs   map[string][]byte
		faults   int
	}{
		{"as it was", 2, upper, map[string][]byte{"a.bin": []byte("one")}, 0},
		{"too few", 3, upper, nil, 1},
		{"another result", 2, func(b []byte) string { return string(b) }, nil, 2},
		{"another input", 2, upper, map[string][]byte{"b.bin": []byte("three")}, 1},
		{"a missing input", 2, upper, map[string][]byte{"c.bin": nil}, 1},
	} {
		w := &witness{TB: t}
		Inputs(w, dir, c.inputs)
		Check(w, dir, c.least, c.describe)
		if len(w.told) != c.faults {
			t.Errorf("%s: %q", c.name, w.told)
		}
	}
}
