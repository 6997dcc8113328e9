package mmff

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAddressLines: in every line end, between other fields, in any case; and nothing behind TEXT counts.
func TestAddressLines(t *testing.T) {
	for _, eol := range []string{"\r\n", "\r", "\n"} {
		data := strings.Join([]string{"VERSION:3.00", "SUBJECT:x", "TO:N/P/A", "FROM:N/P/B", "", "to :N/P/C", "CC:N/P/D", "TEXT:8", "TO:N/P/E"}, eol)
		f, err := Parse([]byte(data))
		if err != nil {
			t.Fatalf("%q: %v", eol, err)
		}
		m := f.Messages[0]
		to, cc := m.AddressLines()
		if diff := cmp.Diff([][]int{{3, 6}, {7}}, [][]int{to, cc}); diff != "" || len(m.To) != 2 || len(m.Cc) != 1 {
			t.Errorf("%q: %d and %d addresses (-want +got):\n%s", eol, len(m.To), len(m.Cc), diff)
		}
	}
	if to, cc := (&Message{To: []string{"N/P/A"}}).AddressLines(); to != nil || cc != nil {
		t.Error("a message that was not parsed has lines")
	}
}

// TestAddressLinesOfTheCorpus: every address of a sound message has its line, and it is the line that holds it.
func TestAddressLinesOfTheCorpus(t *testing.T) {
	checked := 0
	for _, c := range corpus() {
		for _, s := range c.samples {
			f, err := Parse([]byte(s.data))
			if err != nil {
				continue
			}
			for _, m := range f.Messages {
				to, cc := m.AddressLines()
				if len(to) != len(m.To) || len(cc) != len(m.Cc) {
					t.Errorf("%s/%s: %d and %d lines for %d and %d addresses", c.dir, s.name, len(to), len(cc), len(m.To), len(m.Cc))
					continue
				}
				raw, _ := m.Original()
				all := strings.Split(string(raw), m.EOL.Sequence())
				for i, n := range to {
					if checked++; !strings.Contains(all[n-1], m.To[i]) {
						t.Errorf("%s/%s: line %d is %q, not TO %q", c.dir, s.name, n, all[n-1], m.To[i])
					}
				}
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d addresses were checked", checked)
	}
}
