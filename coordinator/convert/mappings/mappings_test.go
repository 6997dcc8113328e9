package mappings

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/bounds"
)

func TestDefault(t *testing.T) {
	table := Default()
	for _, c := range []struct {
		name, kind string
		ok         bool
	}{
		{"readme.txt", "TEXT MSWD Text", true},
		{"Plan.mpp", "MPP  MSPJ Binary", true},
		{"main.c", "TEXT MPS  Text", true},
		{"A.WK1", "TEXT XCEL Binary", true}, // KB Q76092
		{"A.WK3", "TEXT XCEL Binary", true},
		{"a.b.PDF", "TEXT CARO Binary", true}, // KB Q76093
		{"archive.sit", "", false},            // KB Q157948
		{"TXT", "", false},
		{"", "", false},
	} {
		m, ok := table.Find(c.name)
		if got := string(m.Type[:]) + " " + string(m.Creator[:]) + " " + m.Kind.String(); ok != c.ok || ok && got != c.kind {
			t.Errorf("%q: %s, %v", c.name, got, ok)
		}
	}
	if len(table.List()) != 34 {
		t.Errorf("%d mappings", len(table.List()))
	}
	if _, ok := (*Table)(nil).Find("a.txt"); ok {
		t.Error("no table found something")
	}
}

func TestParse(t *testing.T) {
	for _, eol := range []string{"\r\n", "\r", "\n"} {
		table, err := Parse([]byte(strings.Join([]string{"\xEF\xBB\xBF# comment", "", " \t", ".a=:A::ansi", " .B =two words=x:MPP :\xA5:Binary ", "\x1A"}, eol)))
		if err != nil {
			t.Errorf("%q: %v", eol, err)
			continue
		}
		want := []Mapping{
			{"A", "", [4]byte{'A', ' ', ' ', ' '}, [4]byte{'?', '?', '?', '?'}, ANSI, 4},
			{"B", "two words=x", [4]byte{'M', 'P', 'P', ' '}, [4]byte{0xA5, ' ', ' ', ' '}, Binary, 5},
		}
		if diff := cmp.Diff(want, table.List()); diff != "" {
			t.Errorf("%q: %s", eol, diff)
		}
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"TXT=Text:TEXT:MSWD:Text", "dot"},
		{".TXT Text:TEXT:MSWD:Text", "no ="},
		{".=Text:TEXT:MSWD:Text", "cannot be an extension"},
		{".A.B=Text:TEXT:MSWD:Text", "cannot be an extension"},
		{".TXT=Text:TEXT:MSWD", "2 colons"},
		{".TXT=Te:xt:TEXT:MSWD:Text", "4 colons"},
		{".TXT=Text:TEXTS:MSWD:Text", "four"},
		{".TXT=Text:TEXT:MSWOR:Text", "creator"},
		{".TXT=Text:TE\tT:MSWD:Text", "control"},
		{".TXT=Text:TEXT:MSWD:Texts", "kind"},
		{".TXT=Text:TEXT:MSWD:", "kind"},
		{".txt=Text:TEXT:MSWD:Text\n.TXT=Text:TEXT:MSWD:Text", "line 3 already"},
	} {
		_, err := Parse([]byte("# one\n\n" + c.line))
		var faults Errors
		if !errors.As(err, &faults) || len(faults) != 1 || !strings.Contains(err.Error(), c.want) || faults[0].Line != 3+strings.Count(c.line, "\n") {
			t.Errorf("%q: %v", c.line, err)
		}
	}
	_, err := Parse([]byte(strings.Repeat("x\n", 50)))
	if faults := (Errors)(nil); !errors.As(err, &faults) || len(faults) != maxErrors {
		t.Errorf("%v", err)
	}
	if _, err := Parse(make([]byte, maxSize+1)); err == nil {
		t.Error("a table of a mebibyte was read")
	}
}

func TestContent(t *testing.T) {
	text, ansi, binary := Mapping{Kind: Text}, Mapping{Kind: ANSI}, Mapping{Kind: Binary}
	for _, c := range []struct {
		name string
		m    Mapping
		pc   string
		mac  string
	}{
		{"text", text, "Gr\x81\xE1e\r\n\r\nend\r\n", "Gr\x9F\xA7e\r\rend\r"},
		{"ANSI", ansi, "Gr\xFC\xDFe \x80\r\n", "Gr\x9F\xA7e EUR\r"},
		{"binary", binary, "\r\n\x81\r", "\r\n\x81\r"},
		{"nothing", text, "", ""},
		{"UTF-8", text, "Gr\u00FC\u00DFe\r\n", "Gr\u00FC\u00DFe\r"},
		{"^Z at the end", text, "a\r\n\x1A", "a\r\x1A"},
	} {
		if got := c.m.ToMac([]byte(c.pc)); string(got.Data) != c.mac || got.Protected {
			t.Errorf("%s to the Macintosh: %q", c.name, got.Data)
		}
		if got := c.m.ToPC([]byte(c.mac)); !strings.Contains(c.mac, "EUR") && string(got.Data) != c.pc {
			t.Errorf("%s to the PC: %q", c.name, got.Data)
		}
	}
	// A text in the other form already, because its author knew (KB Q119051).
	if got := text.ToPC([]byte("a\r\nb\nc\rd")); string(got.Data) != "a\r\nb\r\nc\r\nd" {
		t.Errorf("line ends became %q", got.Data)
	}
	if got := ansi.ToMac([]byte("\x80\xA4")); string(got.Data) != "EUR\xDB" || got.Loss.Count != 1 {
		t.Errorf("%q, %d lost", got.Data, got.Loss.Count)
	}
}

func TestBinaryIsProtected(t *testing.T) {
	for _, c := range []struct {
		name, data string
		binary     bool
	}{
		{"Lotus worksheet", "\x00\x00\x02\x00\x06\x04", true}, // KB Q76092
		{"one NUL", "text\x00", true},
		{"zip", "PK\x03\x04", true},
		{"^Z in the middle", "a\x1Ab", true},
		{"^Z and a filled block", "a\r\n\x1A\x00\x00", false},
		{"printer codes", "\x1B[1mbold\x0C\x07\x08\x0B\ttab", false},
		{"accents", "\x80\xFF", false},
		{"DEL", "\x7F", true},
	} {
		if got := IsBinary([]byte(c.data)); got != c.binary {
			t.Errorf("%s: %v", c.name, got)
		}
		got := Mapping{Kind: Text}.ToMac([]byte(c.data))
		if c.binary && (!got.Protected || string(got.Data) != c.data) {
			t.Errorf("%s was changed to %q", c.name, got.Data)
		}
	}
}

func TestReload(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "INI.TXT"), filepath.Join(dir, "ROOT.TXT")
	s := Open(first, second)
	reload := func(wantChanged bool, wantPath string, wantErr string) {
		t.Helper()
		changed, path, err := s.Reload()
		if changed != wantChanged || path != wantPath || (err != nil) != (wantErr != "") || err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("changed %v, path %q, error %v", changed, path, err)
		}
	}
	put := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	has := func(name string, want bool) {
		t.Helper()
		if _, ok := s.Table().Find(name); ok != want {
			t.Errorf("%s: %v", name, ok)
		}
	}
	has("a.txt", true)
	reload(true, "", "")
	reload(false, "", "")
	put(second, ".X=:A:B:Binary")
	reload(true, second, "")
	has("a.x", true)
	has("a.txt", false)
	reload(false, second, "")
	put(second, ".Y=:A:B")
	reload(false, second, "ROOT.TXT: mappings: line 1")
	has("a.x", true)
	put(first, ".Z=:A:B:Text")
	reload(true, first, "")
	has("a.z", true)
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	put(second, ".Y=:A:B:Text")
	reload(true, second, "")
	has("a.y", true)
	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	reload(true, "", "")
	has("a.txt", true)
	if err := os.Mkdir(second, 0o700); err != nil {
		t.Fatal(err)
	}
	reload(false, "", "not a regular file")
	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	lower := filepath.Join(dir, "root.txt")
	put(lower, ".L=:A:B:Text")
	reload(true, lower, "")
	has("a.l", true)
}

func FuzzParse(f *testing.F) {
	f.Add(standard)
	f.Add([]byte(".A=:::text\r.B=x:y:z:q"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var table *Table
		var err error
		bounds.Allocation(t, len(data), func() { table, err = Parse(data) })
		if err != nil {
			return
		}
		for _, m := range table.List() {
			bounds.Allocation(t, len(data), func() { m.ToMac(data) })
			if got, ok := table.Find("name." + m.Extension); !ok || got != m {
				t.Fatalf("%+v is not found", m)
			}
			if c := m.ToPC(data); len(c.Data) > 4*len(data) || m.Kind == Binary && !bytes.Equal(c.Data, data) {
				t.Fatalf("%d bytes became %d", len(data), len(c.Data))
			}
		}
	})
}
