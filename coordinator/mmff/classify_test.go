package mmff

import (
	"fmt"
	"strings"
	"testing"
)

// TestHandshakeVariants: hundreds of liveness files, and none is mail, bad or foreign (KB Q152477).
func TestHandshakeVariants(t *testing.T) {
	variants := handshakeVariants()
	if len(variants) < 500 {
		t.Fatalf("only %d variants", len(variants))
	}
	for name, data := range variants {
		if kind := Classify([]byte(data)); kind != KindHandshake {
			t.Errorf("%s is %s: %q", name, kind, data)
		}
	}
}

// TestMailVariants puts what makes a mail into each handshake, at each line: none may stay a handshake.
func TestMailVariants(t *testing.T) {
	count := 0
	for name, data := range handshakeVariants() {
		for _, mail := range []string{"TO:a/b/c", "to:a/b/c", "To :a/b/c", "CC:a/b/c", "ATTACHMENT:a 1", "attachments:a 1", "XATTACH:a", "XTEXT:a", "TEXT:1"} {
			for i, c := range data {
				if c != '\r' && c != '\n' {
					continue
				}
				odd := data[:i+1] + mail + "\r\n" + data[i+1:]
				if kind := Classify([]byte(odd)); kind == KindHandshake || kind == KindEmpty {
					t.Errorf("%s with %s at %d is %s: %q", name, mail, i, kind, odd)
				}
				count++
			}
		}
	}
	t.Logf("%d variants", count)
}

// TestOddMails: small and odd mails in every line end and padding are mail.
func TestOddMails(t *testing.T) {
	headers := map[string][]string{
		"least": {"VERSION:3.00", "TO:a/b/c", "FROM:d/e/f"}, "sender first": {"VERSION:3.00", "FROM:d/e/f", "TO:a/b/c"},
		"cc": {"VERSION:3.00", "CC:a/b/c", "FROM:d/e/f"}, "lower": {"version:3.00", "to:a/b/c", "from:d/e/f"},
		"called handshake": {"VERSION:3.00", "SUBJECT:Handshake", "TO:a/b/c", "FROM:d/e/f"},
		"many recipients":  {"VERSION:3.00", "TO:a/b/c" + strings.Repeat("\nTO:a/b/c", 30), "FROM:d/e/f"},
	}
	bodies := []string{"", "\r\n", "\x00", "VERSION:3.00\r\n", "VERSION:3.00\r\nTEXT:0\r\n", strings.Repeat("\x00", 512), "\x1A"}
	count := 0
	for name, header := range headers {
		for _, eol := range []string{"\r", "\n", "\r\n"} {
			for _, body := range bodies {
				for _, pad := range []string{"", "\r\n", "\x1A", strings.Repeat("\x00", 64)} {
					data := mailText(eol, strings.Split(strings.Join(header, "\n"), "\n"), body) + pad
					if kind := Classify([]byte(data)); kind != KindMail {
						t.Errorf("%s is %s: %q", name, kind, data)
					}
					count++
				}
			}
		}
	}
	if count < 500 {
		t.Errorf("only %d mails", count)
	}
}

// TestHandshakeSize: 512 bytes are the limit, whatever they are.
func TestHandshakeSize(t *testing.T) {
	for _, pad := range []string{" ", "\n", "\x00", "\x1A"} {
		for n, want := range map[int]Kind{512: KindHandshake, 513: KindIncomplete} {
			head := "VERSION:3.00\r\n"
			if kind := Classify([]byte(head + strings.Repeat(pad, n-len(head)))); kind != want {
				t.Errorf("%d bytes padded with %q are %s, want %s", n, pad, kind, want)
			}
		}
	}
}

// TestInspect: the file comes with the kinds that have one.
func TestInspect(t *testing.T) {
	for data, want := range map[string]Kind{
		"": KindEmpty, "VERSION:3.00\r\n": KindHandshake, "<html></html>": KindForeign,
		mailText("\n", envelope, "x"): KindMail, mailText("\n", envelope, "x") + "y": KindBad, lines("\n", envelope...): KindIncomplete,
	} {
		kind, f, err := Parser{}.Inspect([]byte(data))
		parsed := kind == KindMail || kind == KindBad || kind == KindIncomplete
		if kind != want || (f != nil) != parsed || (err != nil) != (parsed && kind != KindMail) {
			t.Errorf("%q: %s, %v, %v", data, kind, f, err)
		}
	}
}

func ExampleClassify() {
	for _, data := range []string{
		"VERSION:3.00\r\n",
		"VERSION:3.00\r\nTO:NET/PO/USER\r\nFROM:NET/PO/ADMIN\r\nTEXT:5\r\nHello",
		"VERSION:3.00\r\nTO:NET/PO/USER\r\nFROM:NET/PO/ADMIN\r\nTEXT:5\r\nHel",
	} {
		fmt.Println(Classify([]byte(data)))
	}
	// Output:
	// handshake
	// mail
	// incomplete
}
