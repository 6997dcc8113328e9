package mail

import (
	"strings"
	"testing"

	"sidegate/internal/bounds"
)

func TestParseAddress(t *testing.T) {
	for _, c := range []struct{ text, want, key string }{
		{"NET/PO/User", "NET/PO/User", "CSI:net/po/user"},
		{"CSI:NET/PO/USER", "NET/PO/USER", "CSI:net/po/user"},
		{"csi:net/po/$system", "net/po/$system", "CSI:net/po/$system"},
		{"PCM:NET/PO/USER", "NET/PO/USER", "CSI:net/po/user"}, // KB Q106623
		{"MS:NET/PO/USER", "NET/PO/USER", "CSI:net/po/user"},
		{"John Chen@San Francisco Marketing", "John Chen@San Francisco Marketing", "MSMAIL:john chen@san francisco marketing"},
		{"MSMAIL:UserID@Postoffice", "UserID@Postoffice", "MSMAIL:userid@postoffice"}, // KB Q94410
		{"MSA:bob@Marketing", "bob@Marketing", "MSMAIL:bob@marketing"},
		{"SMTP:bob@example.org", "SMTP:bob@example.org", "SMTP:bob@example.org"},
		{"MSMAIL:a/b/c@server", "MSMAIL:a/b/c@server", "MSMAIL:a/b/c@server"},
		{"MSMAIL:SMTP:x@server", "MSMAIL:SMTP:x@server", "MSMAIL:smtp:x@server"},
		{"FAX:555^0D1234", "FAX:555^0D1234", "FAX:555^0d1234"},
		{"3COM:Bob Jones:Sales:ACME", "3COM:Bob Jones:Sales:ACME", "3COM:bob jones:sales:acme"}, // KB Q94410
		{"x400:g=Bob;s=Jones;a= ;c=us", "X400:g=Bob;s=Jones;a= ;c=us", "X400:g=bob;s=jones;a= ;c=us"},
		{"12:30@Clock", "12:30@Clock", "MSMAIL:12:30@clock"},
		{"MSMAIL:3com:x@server", "MSMAIL:3com:x@server", "MSMAIL:3com:x@server"},
	} {
		a, err := ParseAddress(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if a.String() != c.want || a.Key() != c.key {
			t.Errorf("%q: got %q key %q, want %q key %q", c.text, a.String(), a.Key(), c.want, c.key)
		}
	}
}

func TestParseAddressRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "empty",
		"nobody":                                "user@server",
		"a//c":                                  "part of NET/PO/USER",
		"CSI:a/b":                               "NET/PO/USER",
		"@server":                               "user@server",
		"user@":                                 "user@server",
		"FAX:":                                  "nothing follows its type",
		"a/b/c\r\nTO:x/y/z":                     "control character",
		"bob\u0085@x":                           "control character",
		"\xff@x":                                "UTF-8",
		strings.Repeat("x", 600):                "the most is",
		"CSI:a/b/ ":                             "part of NET/PO/USER",
		"MSMAIL: @Marketing":                    "user@server",
		"bob\u2028@server":                      "control character",
		"MSA:FAX:x@" + strings.Repeat("y", 500): "has 513 bytes as MSMAIL, the most is 512",
	} {
		if _, err := ParseAddress(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, address string
		match            bool
		fixed            int
	}{
		{"*", "a/b/c", true, -1},
		{"NET/PO/*", "net/po/anybody", true, 2},
		{"NET/PO/*", "NET/XX/anybody", false, 2},
		{"NET/*/*", "NET/XX/anybody", true, 1},
		{"MACNET/MACPO/T60009HO", "macnet/macpo/t60009ho", true, 4},
		{"*@Marketing", "bob@marketing", true, 1},
		{"*@Marketing", "MARKETING/x/y", false, 1},
		{"bob@*", "bob@anything", true, 1},
		{"SMTP:*", "SMTP:bob@example.org", true, 0},
		{"SMTP:*", "bob@example.org", false, 0},
		{"*/*/*", "a/b/c", true, 0},
	} {
		p, err := ParsePattern(c.pattern)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		if got := p.Match(MustAddress(c.address)); got != c.match {
			t.Errorf("%q matches %q: %v, want %v", c.pattern, c.address, got, c.match)
		}
		if got := p.Fixed(); got != c.fixed {
			t.Errorf("%q has %d fixed parts, want %d", c.pattern, got, c.fixed)
		}
		if again := MustPattern(p.String()); again.text != p.text {
			t.Errorf("%q reads back as %q", p.text, again.text)
		}
	}
}

func TestPatternRefusesPartOfAPart(t *testing.T) {
	for _, text := range []string{"NET/P*/x", "bo*@x", "", "plain"} {
		if _, err := ParsePattern(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{"NET/PO/USER", "MSMAIL:a b@c", "X400:c=us;a= ", "a:b:c@d", "CSI:a/b/c/d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var a Address
		var err error
		bounds.Allocation(t, len(text), func() { a, err = ParseAddress(text) })
		if err != nil {
			return
		}
		b, err := ParseAddress(a.String())
		if err != nil || a != b {
			t.Fatalf("%q reads as %+v, its text %q as %+v, %v", text, a, a.String(), b, err)
		}
	})
}
