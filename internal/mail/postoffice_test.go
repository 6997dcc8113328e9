package mail

import (
	"fmt"
	"strings"
	"testing"
)

func TestPostoffice(t *testing.T) {
	for text, want := range map[string]string{
		"MACNET/MACPO": "MACNET/MACPO", "macnet/po1": "MACNET/PO1", "MACNET": "not NET/PO", "A/B/C": "letters and digits",
		"/PO": "letters and digits", "MACNETWORKS/PO": "letters and digits", "MÄC/PO": "letters and digits", "msmail/PO": "reserved",
		"NET/*": "letters and digits",
	} {
		p, err := ParsePostoffice(text)
		if got := fmt.Sprint(p, err); !strings.Contains(got, want) || (err == nil) != (p != Postoffice{}) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	macpo := Postoffice{"MACNET", "MACPO"}
	if a := macpo.Address("T60009HO"); a != MustAddress("MACNET/MACPO/T60009HO") {
		t.Errorf("address: %s", a)
	}
	for address, want := range map[string]string{
		"macnet/MacPO/t60009ho": "t60009ho", "MACNET/OTHER/X": "", "OTHER/MACPO/X": "", "bob@Marketing": "", "SMTP:MACNET/MACPO/X": "",
	} {
		if user, ok := macpo.User(MustAddress(address)); user != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", address, user, ok)
		}
	}
}
