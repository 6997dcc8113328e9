package mmff

import (
	"errors"
	"testing"
)

func TestParseAddress(t *testing.T) {
	for _, c := range []struct {
		raw, kind, value string
		code, strict     int
	}{
		{"CSI:NET/PO/USER", "CSI", "NET/PO/USER", 0, 0},
		{"net/po/$system", "CSI", "net/po/$system", 0, 0},
		{"csi:net/po/$system", "CSI", "net/po/$system", 0, 0},
		{" CSI : NET/PO/USER", "CSI", "NET/PO/USER", 0, 0},
		{"PCM:NET/PO/USER", "CSI", "NET/PO/USER", 0, 151},
		{"MS:NET/PO/USER", "CSI", "NET/PO/USER", 0, 151},
		{"MSMail:UserID@Postoffice", "MSMAIL", "UserID@Postoffice", 0, 0},
		{"MSA:John Chen@San Francisco Marketing", "MSMAIL", "John Chen@San Francisco Marketing", 0, 0},
		{"MSMAIL:a@b@c", "MSMAIL", "a@b@c", 0, 0},
		{"SMTP:a@b.c", "SMTP", "a@b.c", 0, 0},
		{"X400:c=US;a= ;p=ORG", "X400", "c=US;a= ;p=ORG", 0, 0},
		{"FAX:555^0DAttention", "FAX", "555^0DAttention", 0, 0},
		{"MCI:A:B", "MCI", "A:B", 0, 0},
		{"MHS:x", "MHS", "x", 0, 0}, {"PROFS:x", "PROFS", "x", 0, 0}, {"SNADS:x", "SNADS", "x", 0, 0}, {"3COM:x", "3COM", "x", 0, 0},
		{"CSI:NETWORKNAME1/PO/USER", "CSI", "NETWORKNAME1/PO/USER", 0, 142},
		{"NET/PO/A:B", "CSI", "NET/PO/A:B", 0, 0},
		{"WARP:a/b/c", "WARP", "a/b/c", 151, 151},
		{"", "CSI", "", 142, 142},
		{":a/b/c", "CSI", ":a/b/c", 142, 142},
		{"CSI:", "CSI", "", 142, 142},
		{"CSI:a/b", "CSI", "a/b", 142, 142},
		{"CSI:a/b/c/d", "CSI", "a/b/c/d", 142, 142},
		{"CSI:a//c", "CSI", "a//c", 142, 142},
		{"MSMAIL:user", "MSMAIL", "user", 142, 142},
		{"MSMAIL:@server", "MSMAIL", "@server", 142, 142},
		{"SMTP:", "SMTP", "", 142, 142},
		{"CSI:a/b/c\rTO:d/e/f", "CSI", "a/b/c\rTO:d/e/f", 142, 142},
		{"CSI:a/b/\x00", "CSI", "a/b/\x00", 142, 142},
	} {
		a, err := ParseAddress(c.raw)
		if a.Raw != c.raw || a.Type != c.kind || a.Value != c.value || codeOf(err) != c.code {
			t.Errorf("%q: %+v, %v", c.raw, a, err)
		}
		if _, err := ParseAddressStrict(c.raw); codeOf(err) != c.strict {
			t.Errorf("%q strict: %v, want %d", c.raw, err, c.strict)
		}
	}
}

func codeOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

func TestAddressParts(t *testing.T) {
	a, _ := ParseAddress("CSI:NET/PO/USER")
	if n, p, u, ok := a.Mailbox(); n != "NET" || p != "PO" || u != "USER" || !ok {
		t.Error(n, p, u, ok)
	}
	if _, _, ok := a.Native(); ok {
		t.Error("a CSI address is not native")
	}
	a, _ = ParseAddress("MSMAIL:John@Home@Server")
	if u, s, ok := a.Native(); u != "John@Home" || s != "Server" || !ok {
		t.Error(u, s, ok)
	}
	if _, _, _, ok := a.Mailbox(); ok {
		t.Error("a native address is no mailbox")
	}
}
