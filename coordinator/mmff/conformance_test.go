package mmff

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// published are the samples that were published of the old format and what belongs to it, and the files that hold each.
var published = []struct{ name, source, files string }{
	{"V1", "KB Q117581, a subject of 65", "vectors/v1-*.mmff"},
	{"V2", "KB Q103801, a text and an attachment with exact sizes", "vectors/v2-*.mmff"},
	{"V3", "KB Q147034, EXT HEADLEN", "vectors/v3-*.mmff"},
	{"V4", "KB Q94410 and Q106623, addresses", "vectors/v4-*.mmff"},
	{"V5", "KB Q118533, an error with its place", "vectors/v5-*.mmff"},
	{"V6", "KB Q119047, the log of the PC half", "vectors/v6-*.mmff"},
	{"V7", "KB Q130066, the log of the Macintosh half", "vectors/v7-*.mmff"},
	{"V8", "KB Q175041, undeliverable mail", "vectors/v8-*.mmff"},
	{"V9", "KB Q175040, a read receipt", "vectors/v9-*.mmff"},
	{"V10", "KB Q131523, a receipt of the DOS client", "vectors/v10-*.mmff"},
	{"V11", "KB Q118298, directory exchange", "vectors/v11-*.mmff"},
}

// siblings are the other corpora of the old world, with the least number of inputs that each has.
var siblings = []struct {
	dir, inputs string
	least       int
	about       string
}{
	{"../convert/testdata", "*.mmff", 25, "message files, what they become inside, and what is written of that for each half"},
	{"../convert/macbinary/testdata", "*.bin", 25, "MacBinary I, II and III, damaged, and what is none"},
	{"../convert/appledouble/testdata", "*.bin", 19, "AppleSingle and AppleDouble"},
	{"../convert/binhex/testdata", "*.hqx", 22, "BinHex 4.0 as it lies in mail"},
	{"../convert/tnef/testdata", "*.dat", 20, "WINMAIL.DAT"},
	{"../convert/mappings/testdata", "*.txt", 22, "MAPPINGS.TXT with every kind of fault"},
	{"../workbench/testdata/eml", "*.eml", 42, "Internet mail as it comes, for from-eml"},
}

// TestConformance counts the corpus: every input has a golden beside it, no two inputs of one kind are the same, every class
// has at least five files, every published sample is there, and testdata/README.md says all that.
func TestConformance(t *testing.T) {
	var readme strings.Builder
	readme.WriteString("# The corpus of the old format\n\nEvery `.mmff` is a file as it may lie in a slot; the `.golden` beside it is what it is read as. " +
		"The inputs are\nmade by `corpus_*_test.go`; `go test ./coordinator/mmff -update` writes both, and this page.\n\n| class | files | what it holds |\n|---|---|---|\n")
	total, seen := 0, map[string]string{}
	for _, c := range corpus() {
		n := inputs(t, seen, filepath.Join("testdata", c.dir), "*.mmff")
		if n < 5 && c.dir != "headless" {
			t.Errorf("class %s has only %d files", c.dir, n)
		}
		fmt.Fprintf(&readme, "| `%s` | %d | %s |\n", c.dir, n, c.about)
		total += n
	}
	if total < 400 {
		t.Errorf("%d message files, want at least 400", total)
	}
	fmt.Fprintf(&readme, "| all | %d | |\n\n## Beside it\n\n| where | files | what it holds |\n|---|---|---|\n", total)
	for _, s := range siblings {
		n := inputs(t, map[string]string{}, s.dir, s.inputs) // the same bytes may mean another thing there
		if n < s.least {
			t.Errorf("%s has %d files, want at least %d", s.dir, n, s.least)
		}
		fmt.Fprintf(&readme, "| `%s` | %d | %s |\n", s.dir, n, s.about)
	}
	readme.WriteString("\n## Published samples\n\n| sample | source | files |\n|---|---|---|\n")
	for _, p := range published {
		found, err := filepath.Glob(filepath.Join("testdata", filepath.FromSlash(p.files)))
		if err != nil || len(found) == 0 {
			t.Errorf("%s is not in the corpus (%v)", p.name, err)
		}
		fmt.Fprintf(&readme, "| %s | %s | %d, `%s` |\n", p.name, p.source, len(found), p.files)
	}
	readme.WriteString("\nWhat is no file is shown elsewhere: each of 23 mails cut at each of its bytes by `TestTruncation`, 99 full slots by\n" +
		"`TestSlotsFull`, and directories called MMFFn.MSG by `TestOddFilesOfADirectory`, both in `coordinator/spool`.\n")
	const page = "testdata/README.md"
	if *update {
		if err := os.WriteFile(page, []byte(readme.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(page); err != nil || string(got) != readme.String() {
		t.Errorf("%s does not say what there is (%v): run with -update", page, err)
	}
}

// inputs counts the inputs in a directory that have a golden and are not the same as one seen before.
func inputs(t *testing.T, seen map[string]string, dir, pattern string) (count int) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if other, again := seen[string(data)]; again {
			t.Errorf("%s and %s are the same file", path, other)
		}
		seen[string(data)] = path
		count++
		if _, err := os.Stat(strings.TrimSuffix(path, filepath.Ext(path)) + ".golden"); err != nil {
			t.Errorf("%s has no golden: %v", path, err)
		}
	}
	return count
}
