package workbench

import (
	"bytes"
	"strings"
	"testing"
)

// TestMappings: the table that is printed can be put into a spool as it is, and a fault in one is named with its line.
func TestMappings(t *testing.T) {
	text := Files{}.Mappings()
	types, err := Files{}.CheckMappings(text)
	if want := bytes.Count(text, []byte("\n.")); err != nil || types != want || want < 30 {
		t.Errorf("%d types of %d, %v", types, want, err)
	}
	text[0] = '!'
	if other := (Files{}).Mappings(); other[0] == '!' {
		t.Error("whoever gets the table can change that of others")
	}
	if _, err := (Files{}).CheckMappings([]byte("# mine\n.TXT=Text:TEXT:MSWD:Txt\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a kind that does not exist: %v", err)
	}
}
