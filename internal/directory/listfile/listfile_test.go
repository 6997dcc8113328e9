package listfile

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sidegate/coordinator/convert/charset"
	"sidegate/internal/bounds"
	"sidegate/internal/directory"
	"sidegate/internal/mail"
)

var update = flag.Bool("update", false, "write the golden files anew")

var delimiterNames = map[string]byte{"tab": '\t', "semicolon": ';', "comma": ',', "bar": '|'}

// show is a file as a golden file has it.
func show(f File, err error) string {
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	for _, c := range f.Changes {
		fmt.Fprintf(&b, "%d %c %q %s\n", c.Line, c.Op, c.Name, c.Address)
	}
	fmt.Fprintf(&b, "ignored %d\n", f.Ignored)
	return b.String()
}

// TestGolden reads every file in testdata, whose name says how: NAME.CODEPAGE.txt, or NAME.DELIMITER.CODEPAGE.txt.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.txt")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			words := strings.Split(filepath.Base(path), ".")
			table, err := Table(words[len(words)-2])
			if err != nil {
				t.Fatal(err)
			}
			f := Format{Table: table, Delimiter: delimiterNames[words[1]]}
			got := show(Read(data, filepath.Base(filepath.Dir(path)), f))
			golden := strings.TrimSuffix(path, ".txt") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func entries(t testing.TB, pairs ...string) []directory.Entry {
	t.Helper()
	var out []directory.Entry
	for i := 0; i < len(pairs); i += 2 {
		e, err := directory.NewEntry(pairs[i], pairs[i+1])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func listOfEntries(t testing.TB, es []directory.Entry) directory.List {
	t.Helper()
	l, err := directory.NewList(es)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWriteImport(t *testing.T) {
	var b bytes.Buffer
	loss, err := WriteImport(&b, entries(t, "Zoë • Lee", "zoe@Marketing", "Ann", "NET/PO/ANN", "Fax", "FAX:555", "Bob", "net/po/BOB", "Bullet", "•@Marketing"), entries(t, "Eve", "fax:556"),
		Format{Table: charset.CP850, EOL: "\r\n"})
	if err != nil {
		t.Fatal(err)
	}
	want := "# part of FAX:\r\nA Fax                            FAX:555\r\n" +
		"R MSMAIL:Marketing\r\nA Bullet                         MSMAIL:(U+2022)@Marketing\r\nA Zo\x89 * Lee                      MSMAIL:zoe@Marketing\r\n" +
		"R PCM:NET/PO\r\nA Ann                            PCM:NET/PO/ANN\r\nA Bob                            PCM:net/po/BOB\r\n"
	if diff := cmp.Diff(want, b.String()); diff != "" || loss.Count != 1 {
		t.Errorf("%d lost (-want +got):\n%s", loss.Count, diff)
	}
}

func TestWriteRecipients(t *testing.T) {
	es := entries(t, "Administrator", "Net/PO/Admin", "Zoë", "zoe@Marketing")
	var b bytes.Buffer
	if _, err := WriteRecipients(&b, es, Format{Table: charset.MacRoman, EOL: "\r", Delimiter: ';'}); err != nil {
		t.Fatal(err)
	}
	if want := "Administrator;MS;Net/PO/Admin\rZo\x91;MSMAIL;zoe@Marketing\r"; b.String() != want {
		t.Errorf("written %q, want %q", b.String(), want)
	}
	if _, err := WriteRecipients(&b, entries(t, "Lee; Ann", "a@b"), Format{Table: charset.MacRoman, EOL: "\r", Delimiter: ';'}); err == nil || !strings.Contains(err.Error(), "choose another") {
		t.Errorf("a name with the delimiter: %v", err)
	}
	if _, err := WriteImport(&b, []directory.Entry{{Name: "Ann", Address: mail.Address{Type: mail.TypeMac, Value: "a@b "}}}, nil, Format{Table: charset.MacRoman, EOL: "\r"}); err == nil {
		t.Error("an address that ends in a blank is written")
	}
}

// KB Q91648: names that agree in the first thirty letters each get an alias of their own, which does not depend on who else
// stands in the list.
func TestAliasesAreUnique(t *testing.T) {
	long := strings.Repeat("A very long name of somebody ", 3)
	var es []directory.Entry
	for i := range 300 {
		es = append(es, entries(t, fmt.Sprintf("%s%d", long, i), fmt.Sprintf("NET/PO/P%d", i))...)
	}
	es = append(es, entries(t, "Ann", "NET/PO/ANN", "ANN", "NET/PO/ANN2", "Ann", "NET/OTHER/ANN", "日本", "NET/PO/J1", "本日", "NET/PO/J2", "Only one of more than thirty letters", "NET/PO/ONE")...)
	given, _ := aliases(es, charset.CP850)
	seen := map[string]string{}
	for _, e := range es {
		alias := given[e.Key()]
		key := listOf(e.Address) + strings.ToLower(alias)
		if len(alias) > MaxAlias || len(alias) == 0 || seen[key] != "" {
			t.Errorf("%s of %s has the alias %q, as %s", e.Name, e.Address, alias, seen[key])
		}
		seen[key] = e.Name
	}
	if got := given["CSI:net/other/ann"]; got != "Ann" {
		t.Errorf("the only Ann of a list is %q", got)
	}
	if got := given["CSI:net/po/one"]; got != "Only one of more than thirty l" {
		t.Errorf("the only one of its kind is %q", got)
	}
	fewer, _ := aliases(es[100:], charset.CP850)
	for key, alias := range fewer {
		if given[key] != alias {
			t.Errorf("%s is %q in one list and %q in a shorter one", key, given[key], alias)
		}
	}
}

// A name whose last letters look like a blank of UTF-8 in the code page keeps them.
func TestAliasKeepsLetters(t *testing.T) {
	e := entries(t, "Ann ¬†", "a@b")[0]
	if alias, loss := aliasOf(e, charset.MacRoman, 0); alias != "Ann \xC2\xA0" || loss.Count != 0 {
		t.Errorf("the alias is %q", alias)
	}
}

// drawn draws entries of names and addresses that files have trouble with.
func drawn(t *rapid.T) []directory.Entry {
	names := []string{"Ann", "ANN", "Martin, Robert", "Zoë", "日本 語", "• Bullet", strings.Repeat("Same thirty letters at first ", 4) + "1",
		strings.Repeat("Same thirty letters at first ", 4) + "2", "A~B", "# comment", "- detail", "R PCM:NET/PO"}
	addresses := []string{"NET/PO/ANN", "NET/PO/BOB", "NET/OTHER/EVE", "zoe@Marketing", "• x@San Francisco", "(U+2022)@x", "日本@東京", "FAX:555-1212", "SMTP:a@b", "J:R PCM"}
	byKey := map[string]directory.Entry{}
	for range rapid.IntRange(0, 10).Draw(t, "entries") {
		e := directory.Entry{
			Name: rapid.SampledFrom(names).Draw(t, "name"), Address: mail.MustAddress(rapid.SampledFrom(addresses).Draw(t, "address")),
		}
		byKey[e.Key()] = e
	}
	out := []directory.Entry{}
	for _, e := range byKey {
		out = append(out, e)
	}
	return out
}

// A file that was written from a list and is read again changes nothing in it, in either format and any code page, however
// long the names are and whatever the code page lacks. Into an empty list it brings every address.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		es := drawn(t)
		now, err := directory.NewList(es)
		if err != nil {
			t.Fatal(err)
		}
		table := rapid.SampledFrom([]*charset.Table{charset.CP850, charset.CP437, charset.MacRoman, charset.Windows1252}).Draw(t, "table")
		format := rapid.SampledFrom([]string{Import, Recipients}).Draw(t, "format")
		f := Format{Table: table, EOL: rapid.SampledFrom([]string{"\r\n", "\r", "\n"}).Draw(t, "eol"), Delimiter: '\t'}
		var b bytes.Buffer
		if format == Import {
			_, err = WriteImport(&b, es, nil, f)
		} else {
			_, err = WriteRecipients(&b, es, f)
		}
		if err != nil {
			t.Fatal(err)
		}
		read, err := Read(b.Bytes(), format, f)
		if err != nil {
			t.Fatalf("%v\n%q", err, b.String())
		}
		steps, err := read.Steps(now, table)
		if err != nil {
			t.Fatal(err)
		}
		again, err := now.Updated(steps)
		if err != nil || !directory.Compare(now, again).Empty() {
			t.Errorf("%v, %+v\n%q", err, directory.Compare(now, again), b.String())
		}
		fresh, err := directory.List{}.Updated(steps)
		if err != nil || fresh.Len() != now.Len() {
			t.Errorf("into an empty list come %d of %d entries, %v", fresh.Len(), now.Len(), err)
		}
		for e := range now.All() {
			if there, ok := fresh.Lookup(e.Address); !ok || there.Address != e.Address {
				t.Errorf("%s came as %s", e.Address, there.Address)
			}
		}
	})
}

func TestSteps(t *testing.T) {
	now := listOfEntries(t, entries(t, "Ann Lee", "NET/PO/ANN", "Bob", "NET/PO/BOB", "Bob", "bob@Marketing", "A name that is longer than thirty letters", "NET/PO/LONG", "Eve", "NET/OTHER/EVE"))
	for name, c := range map[string]struct {
		text string
		want string // names that are there afterwards, or the fault
	}{
		"a full list":              {"R\tPCM:NET/PO\nA\tAnn Lee\tPCM:NET/PO/ANN\n", "Ann Lee; Bob; Eve"},
		"a long name keeps whole":  {"M\tA name that is longer than thirt\tPCM:NET/PO/LONG\nM\tAnnie\tPCM:NET/PO/ANN\n", "A name that is longer than thirt; Annie; Bob; Bob; Eve"},
		"its alias keeps it whole": {"M\tA name that is longer than thi\tPCM:NET/PO/LONG\n", "A name that is longer than thirty letters; Ann Lee; Bob; Bob; Eve"},
		"removed by address":       {"D\tBob\tPCM:NET/PO/BOB\n", "A name that is longer than thirty letters; Ann Lee; Bob; Eve"},
		"removed by alias":         {"D ann lee\nD A name that is longer than thi\n", "Bob; Bob; Eve"},
		"nobody":                   {"D Nobody\n", `line 1: nobody is called "Nobody"`},
		"two Bobs":                 {"# x\nD Bob\n", `line 2: 2 entries are called "Bob"; name the address, such as NET/PO/BOB`},
		"twice":                    {"A\tX\tPCM:N/P/X\nA\tY\tPCM:n/p/x\n", "line 2: n/p/x stands in line 1 already"},
		"removed twice":            {"D\tBob\tPCM:NET/PO/BOB\nD\tBob\tPCM:net/po/bob\n", "line 2: net/po/bob stands in line 1 already"},
		"changed when it is gone":  {"D\tBob\tPCM:NET/PO/BOB\nM\tBob\tPCM:net/po/bob\n", "line 2: net/po/bob stands in line 1 already"},
		"added, then removed":      {"A\tX\tPCM:N/P/X\nD\tX\tPCM:n/p/x\n", "line 2: n/p/x stands in line 1 already"},
		"renamed":                  {"D\tAnn Lee\nA\tAnn Young\tPCM:net/po/ann\n", "A name that is longer than thirty letters; Ann Young; Bob; Bob; Eve"},
		"renamed twice":            {"D\tAnn Lee\nA\tAnn\tPCM:net/po/ann\nA\tAnn\tPCM:net/po/ann\n", "line 3: net/po/ann stands in line 2 already"},
		"replaced too late":        {"A\tX\tPCM:N/P/X\nR\tPCM:n/p\n", "line 2: replaces a list that line 1 has put N/P/X into"},
		"another list later":       {"A\tX\tPCM:N/P/X\nR\tPCM:net/other\n", "A name that is longer than thirty letters; Ann Lee; Bob; Bob; X"},
	} {
		f, err := ParseImport([]byte(c.text), charset.CP850)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		steps, err := f.Steps(now, charset.CP850)
		var got string
		if err != nil {
			got = err.Error()
		} else {
			l, err := now.Updated(steps)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for e := range l.All() {
				names = append(names, e.Name)
			}
			got = strings.Join(names, "; ")
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestBounds(t *testing.T) {
	if _, err := ParseImport(make([]byte, MaxSize+1), charset.CP850); err == nil {
		t.Error("a file of more than 32 MiB is read")
	}
	for text, n := range map[string]int{"x;a@b\r": maxChanges, "x;N/P/x\r": maxChanges} {
		if f, err := ParseRecipients(bytes.Repeat([]byte(text), n), charset.CP850, ';'); err != nil || len(f.Changes) != n {
			t.Errorf("%d times %q: %d, %v", n, text, len(f.Changes), err)
		}
		if _, err := ParseRecipients(bytes.Repeat([]byte(text), n+1), charset.CP850, ';'); err == nil || !strings.Contains(err.Error(), "one too many") {
			t.Errorf("%d times %q: %v", n+1, text, err)
		}
	}
	for text, n := range map[string]int{"D x\n": maxShort, "R FAX:\n": maxShort, "A\tx\tFAX:1\n": maxChanges} {
		if f, err := ParseImport(bytes.Repeat([]byte(text), n), charset.CP850); err != nil || len(f.Changes) != n {
			t.Errorf("%d times %q: %d, %v", n, text, len(f.Changes), err)
		}
		if _, err := ParseImport(bytes.Repeat([]byte(text), n+1), charset.CP850); err == nil || !strings.Contains(err.Error(), "one too many") {
			t.Errorf("%d times %q: %v", n+1, text, err)
		}
	}
	for _, text := range []string{"", "ab", "/", ":", "@", " ", "a", "1", "\\", "é"} {
		if _, err := Delimiter(text); err == nil {
			t.Errorf("%q stands between fields", text)
		}
	}
	for _, text := range strings.Split(delimiters, "") {
		if d, err := Delimiter(text); err != nil || d != text[0] {
			t.Errorf("%q: %v", text, err)
		}
	}
	for name, ok := range map[string]bool{"850": true, "macroman": true, "850-glyphs": false, "utf-8": false} {
		if _, err := Table(name); (err == nil) != ok {
			t.Errorf("code page %s: %v", name, err)
		}
	}
	for line, n := range map[string]int{
		"A\tx\tMSA:a@b\n": maxChanges, "A\tx\tPCM:a/b/c\n": maxChanges, "A\t" + strings.Repeat("\x82", 80) + "\tMSA:a@b\n": maxChanges, "D x\n": maxShort,
		"R X:\n": maxShort, "A\tx  y  z\tFAX:1\r\n": maxChanges, "#\n": 1 << 20, "\r": 1 << 20, "X\n": 1 << 20,
	} {
		data := bytes.Repeat([]byte(line), n)
		bounds.Allocation(t, len(data), func() { _, _ = ParseImport(data, charset.CP850) })
	}
	for line, n := range map[string]int{"x;a@b\r": maxChanges, "x;X;y\r": maxChanges, "x;N/P/x\r": maxChanges, "x\r": 1 << 20, "\r": 1 << 20} {
		data := bytes.Repeat([]byte(line), n)
		bounds.Allocation(t, len(data), func() { _, _ = ParseRecipients(data, charset.CP850, ';') })
	}
}

// FuzzParse: no bytes make a reader do more than refuse, and what it reads is clean, in order, and can be written.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, strings.Contains(path, Recipients), byte(';'), strings.Contains(path, "macroman"))
	}
	f.Fuzz(func(t *testing.T, data []byte, recipients bool, delimiter byte, mac bool) {
		format, table := Import, charset.CP850
		if recipients {
			format = Recipients
		}
		if mac {
			table = charset.MacRoman
		}
		if !strings.Contains(delimiters, string(rune(delimiter))) {
			delimiter = '\t'
		}
		var read File
		var err error
		bounds.Allocation(t, len(data), func() { read, err = Read(data, format, Format{Table: table, Delimiter: delimiter}) })
		if err != nil {
			return
		}
		if !slices.IsSortedFunc(read.Changes, func(a, b Change) int { return int(a.Line - b.Line) }) {
			t.Error("lines are out of order")
		}
		for _, c := range read.Changes {
			if c.Op == Replace {
				if _, err := mail.ParsePattern(c.Name); err != nil {
					t.Errorf("line %d: %v", c.Line, err)
				}
				continue
			}
			if c.Address == "" {
				continue
			}
			if e, err := directory.NewEntry(c.Name, c.Address); err != nil || e.Name != c.Name || e.Address.String() != c.Address {
				t.Errorf("line %d: %q, %s is no entry: %v", c.Line, c.Name, c.Address, err)
			}
		}
		if _, err := read.Steps(directory.List{}, table); err != nil && err.Error() == "" {
			t.Error("a fault without words")
		}
	})
}
