package tnef

import (
	"strings"
	"testing"
)

func TestClass(t *testing.T) {
	other, class := attr(1, 8, 0x9006, "\x00\x00\x01\x00"), func(text string) string { return attr(1, 7, messageClass, text) }
	for _, c := range []struct{ name, data, want string }{
		{"a request", begin + other + class("IPM.Microsoft Schedule.MtgReq\x00") + file("A.TXT", "one"), "IPM.Microsoft Schedule.MtgReq"},
		{"without an end mark", begin + class("IPM.Note"), "IPM.Note"},
		{"none", begin + other + file("A.TXT", "one"), ""},
		{"of an attachment", begin + attr(2, 7, messageClass, "IPM.Note"), ""},
		{"too long", begin + class(strings.Repeat("x", 65)), ""},
		{"not printable", begin + class("IPM\x1b[2J"), ""},
		{"behind damage", begin + other[:len(other)-1] + "\xff" + class("IPM.Note"), ""},
		{"no TNEF", "IPM.Note", ""},
		{"nothing", "", ""},
	} {
		if got := Class([]byte(c.data)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
