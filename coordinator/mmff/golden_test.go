package mmff

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata from corpus and from what the package does")

// TestGolden decodes every file of testdata, compares with the .golden beside it, and checks that the file repeats itself.
func TestGolden(t *testing.T) {
	if *update {
		writeCorpus(t)
	}
	inputs, err := filepath.Glob("testdata/*/*.mmff")
	if err != nil || len(inputs) < 400 {
		t.Fatalf("%d inputs (%v), want at least 400", len(inputs), err)
	}
	for _, path := range inputs {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		golden := strings.TrimSuffix(path, ".mmff") + ".golden"
		got := describe(data)
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
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// TestCorpus checks what the goldens cannot: that each sample is of the kind its author meant, and that testdata is whole.
func TestCorpus(t *testing.T) {
	files := map[string]bool{}
	for _, c := range corpus() {
		for _, s := range c.samples {
			path := filepath.Join("testdata", c.dir, s.name+".mmff")
			if files[path] {
				t.Errorf("%s stands twice in the corpus", path)
			}
			files[path] = true
			if data, err := os.ReadFile(path); err != nil || string(data) != s.data {
				t.Errorf("%s is not what the corpus says (%v): run with -update", path, err)
			}
			if got := Classify([]byte(s.data)); got != s.want {
				_, err := Parse([]byte(s.data))
				t.Errorf("%s is %s, want %s\n%v", path, got, s.want, err)
			}
			if f, _ := Parse([]byte(s.data)); !repeatsItself(f, s.data) {
				t.Errorf("%s does not repeat itself", path)
			}
		}
	}
	inputs, _ := filepath.Glob("testdata/*/*.mmff")
	for _, path := range inputs {
		if !files[path] {
			t.Errorf("%s is not in the corpus", path)
		}
	}
}

func repeatsItself(f *File, data string) bool {
	b, err := f.Bytes()
	return err == nil && string(b) == data
}

// writeCorpus writes the inputs and the line about each class.
func writeCorpus(t *testing.T) {
	t.Helper()
	for _, c := range corpus() {
		dir := filepath.Join("testdata", c.dir)
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		files := map[string]string{"README": c.about + "\n"}
		for _, s := range c.samples {
			files[s.name+".mmff"] = s.data
		}
		for name, data := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// describe prints what a file decodes to.
func describe(data []byte) string {
	var b bytes.Buffer
	kind, _, _ := Parser{}.Inspect(data)
	fmt.Fprintf(&b, "kind: %s\n", kind)
	f, err := Parse(data)
	fmt.Fprintf(&b, "line end: %s\n", f.EOL)
	for _, m := range f.Messages {
		describeMessage(&b, m)
	}
	fmt.Fprintf(&b, "trailing: %s\n", brief(f.Trailing))
	for _, n := range f.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	if err != nil {
		for _, e := range err.(Errors) {
			fmt.Fprintf(&b, "error: %s [offset %d, promised %d, present %d, temporary %v]\n", e, e.Offset, e.Promised, e.Present, e.Temporary())
		}
	}
	return b.String()
}

func describeMessage(b *bytes.Buffer, m *Message) {
	raw, offset := m.Original()
	fmt.Fprintf(b, "message %d: offset %d, %d bytes, %s, partial %v, extended %v\n", m.Ordinal, offset, len(raw), m.EOL, m.Partial, m.Extended())
	fmt.Fprintf(b, "  version: %q\n", m.Version)
	for _, to := range m.To {
		fmt.Fprintf(b, "  to: %q %s\n", to, describeAddress(to))
	}
	for _, cc := range m.Cc {
		fmt.Fprintf(b, "  cc: %q %s\n", cc, describeAddress(cc))
	}
	fmt.Fprintf(b, "  from: %q %s\n", m.From, describeAddress(m.From))
	fmt.Fprintf(b, "  date: %q, time: %q, priority: %q\n  subject: %s\n", m.Date, m.Time, m.Priority, brief([]byte(m.Subject)))
	for _, a := range m.Attachments {
		fmt.Fprintf(b, "  attachment in line %d: %s %q, %d counted: %s\n", a.Line, a.Token, a.Name, a.Size, brief(a.Content))
	}
	for _, r := range m.References() {
		fmt.Fprintf(b, "  reference in line %d: %s %q is %q, called %q\n", r.Line, r.Token, r.Tail, r.Physical(), r.Logical())
	}
	for _, x := range m.Ext {
		fmt.Fprintf(b, "  ext in line %d: type %q, n %d (counted %v), name %q, value %q\n", x.Line, x.Type, x.N, x.Counted, x.Name, x.Value)
	}
	for _, f := range m.Fields {
		fmt.Fprintf(b, "  field in line %d: %q = %q\n", f.Line, f.Name, f.Value)
	}
	head, _ := m.PrintedHeader()
	fmt.Fprintf(b, "  body (printed header of %d bytes): %s\n", len(head), brief(m.Body))
}

func describeAddress(raw string) string {
	a, err := ParseAddress(raw)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %q", a.Type, a.Value)
}

// brief prints bytes, and of many only how many and how they begin and end.
func brief(b []byte) string {
	if len(b) <= 600 {
		return fmt.Sprintf("%d %q", len(b), b)
	}
	return fmt.Sprintf("%d %q ... %q", len(b), b[:100], b[len(b)-100:])
}
