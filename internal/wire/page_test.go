package wire

import (
	"strings"
	"testing"
)

// FuzzToken: a token is taken for what it was made for, or refused.
func FuzzToken(f *testing.F) {
	f.Add("mailboxes", "MSMAIL:ann@shop", "")
	f.Add("messages/true/x", "17", "AQ")
	f.Add("", "", strings.Repeat("A", 3000))
	f.Fuzz(func(t *testing.T, list, position, garbage string) {
		if len(position) > 1000 {
			return
		}
		token := PageToken(list, position)
		if got, err := ParsePageToken(list, token); err != nil || got != position {
			t.Fatalf("ParsePageToken(PageToken(%q)) = %q, %v", position, got, err)
		}
		if _, err := ParsePageToken(list+"/other", token); err == nil {
			t.Fatal("a token of another list was taken")
		}
		if got, err := ParsePageToken(list, garbage); err == nil && garbage != "" && PageToken(list, got) != garbage {
			t.Fatalf("%q was read as %q", garbage, got)
		}
	})
}
