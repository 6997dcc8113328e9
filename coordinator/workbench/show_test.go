package workbench

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sidegate/internal/cli"
)

// TestShowKinds: whatever a file is, it is shown as what it is.
func TestShowKinds(t *testing.T) {
	for _, f := range []struct {
		name, data, kind string
		messages         int
	}{
		{"nothing", "", "handshake", 0},
		{"a handshake", "VERSION:3.00\r\n", "handshake", 0},
		{"a few bytes, which nobody else would drop there", "\x00\x01", "handshake", 0},
		{"bytes of something else", strings.Repeat("\x00\x01\x02 what is this", 50), "foreign", 0},
		{"text of something else", strings.Repeat("root:x:0:0:root:/root:/bin/bash\n", 50), "foreign", 0},
		{"mail", "VERSION:3.00\r\nTO:N/P/U\r\nFROM:a@b\r\nTEXT:2\r\nhi", "mail", 1},
		{"mail that is cut off", "VERSION:3.00\r\nTO:N/P/U\r\nFROM:a@b\r\nTEXT:20\r\nhi", "incomplete", 1},
		{"mail without a sender", "VERSION:3.00\r\nTO:N/P/U\r\nTEXT:2\r\nhi", "bad", 1},
	} {
		got := Files{}.Show(f.name, []byte(f.data), cli.MMFFOptions{CodePage: "850"})
		if got.Kind != f.kind || len(got.Messages) != f.messages || got.Messages == nil || got.Errors == nil {
			t.Errorf("%s is shown as %+v, want %s", f.name, got, f.kind)
		}
		if (f.kind != "mail" && f.kind != "handshake") != (len(got.Errors) > 0) {
			t.Errorf("%s: errors are %+v", f.name, got.Errors)
		}
	}
}

// oldShape is how the old programs told faults: number, message, line, words (KB Q118533).
var oldShape = regexp.MustCompile(`^[1-9][0-9]{1,2}-[0-9]+-[0-9]+ [A-Z0-9]`)

// TestOddFiles: what a person is told of files as they are found in old spools, word by word.
func TestOddFiles(t *testing.T) {
	const head = "VERSION:3.00\r\nTO:CSI:NET/PO/USER\r\nFROM:MSMAIL:bob@Design\r\n"
	for _, c := range []struct{ name, data, kind, errors, notes string }{
		{"an archive", "PK\x03\x04\x14\x00\x00\x00", "foreign", "143-1-1 This is no message file, it begins with PK", ""},
		{"a letter", "Dear Jim,\r\n\r\nplease call.\r\n", "foreign", `143-1-1 This is no message file, it begins with Dear Jim,\x0D\x0A\x0D\x0Aplease call.`, ""},
		{"internet mail", "From: a@example.org\r\nTo: b@c\r\n\r\nx", "bad", `143-1-1 No VERSION line, the file begins with From: a@example.org\x0D\x0ATo: b@c\x0D\x0A\x0D\x0Ax
143-1-4 The file ends in the header, in line 4, without a TEXT line`, "142-1-1 Bad address a@example.org\n142-1-2 Bad address b@c\n144-1-3 Blank line in the header"},
		{"the first line lost", head[14:] + "TEXT:1\r\nx", "bad", `143-1-1 No VERSION line, the file begins with TO:CSI:NET/PO/USER\x0D\x0AFROM:MSMAIL:bob@Design\x0D\x0ATEXT:1\x0D\x0Ax`, ""},
		{"a text longer than its count", head + "TEXT:1\r\nxy", "bad", "143-1-4 1 byte is left over at offset 67", ""},
		{"a text shorter than its count", head + "TEXT:12\r\nxy", "incomplete", "143-1-4 TEXT promises 12 bytes and 2 are present", ""},
		{"a count in words", head + "TEXT:ten\r\nxy", "bad", "140-1-4 Unknown error with token TEXT (has tail ten)", ""},
		{"an attachment without its count", head + "ATTACHMENT:Read Me\r\nTEXT:0\r\n", "bad", "140-1-4 Unknown error with token ATTACHMENT (has tail Read Me)", ""},
		{"a second attachment cut", head + "ATTACHMENT:A 1\r\nATTACHMENT:B 5\r\nTEXT:0\r\nabb", "incomplete", "143-1-5 ATTACHMENT promises 5 bytes and 2 are present", ""},
		{"translated line ends", strings.ReplaceAll(head, "\r", "") + "TEXT:5\na\n\n", "incomplete",
			"143-1-4 TEXT promises 5 bytes and 3 are present; the counts fit if lines end in CR LF, here they end in LF", ""},
		{"the end of the header lost", head, "incomplete", "143-1-3 The file ends in the header, in line 3, without a TEXT line", ""},
		{"nobody to send it to", "VERSION:3.00\r\nFROM:N/P/A\r\nTEXT:1\r\nx", "bad", "143-1-3 The message has no TO line", ""},
		{"a token in two words", head + "REPLY TO:x\r\nTEXT:0\r\n", "bad", "141-1-4 Cannot match token REPLY TO (has tail x)", ""},
		{"a line without a colon", head + "hello\r\nTEXT:0\r\n", "bad", "144-1-4 Cannot partition line hello", ""},
		{"a text that is elsewhere, where", head + "XTEXT:\r\n", "bad", "146-1-4 Bad or missing XTEXT file name", ""},
		{"a second message without a sender", head + "TEXT:1\r\nxVERSION:3.00\r\nTO:N/P/A\r\nTEXT:0\r\n", "bad", "143-2-3 The message has no FROM line", ""},
		{"a line too long", head + "SUBJECT:" + strings.Repeat("s", 70000) + "\r\nTEXT:0\r\n", "bad", "145-1-4 The line has 70008 bytes, more than the 65536 allowed", ""},
		{"an address nobody can have", "VERSION:3.00\r\nTO:WARP:x\r\nTO:N/P\r\n" + head[14:] + "TEXT:0\r\n", "mail", "",
			"151-1-2 Unknown service WARP (in address WARP:x)\n142-1-3 Bad address N/P"},
		{"a token nobody knows", head + "COLOUR:blue\r\nTEXT:0\r\n", "mail", "", "141-1-4 Cannot match token COLOUR (has tail blue)"},
		{"two subjects", head + "SUBJECT:a\r\nSUBJECT:b\r\nTEXT:0\r\n", "mail", "", "140-1-5 The first one counts, ignored is token SUBJECT (has tail b)"},
		{"a CR in the subject", head + "SUBJECT:a\rb\r\nTEXT:0\r\n", "mail", "", `140-1-4 Control character in token SUBJECT (has tail a\x0Db)`},
		{"a whole block of NULs", head + "TEXT:0\r\n" + strings.Repeat("\x00", 100), "mail", "", "143-1-0 NUL or ^Z behind the last message"},
		{"nothing but NULs", strings.Repeat("\x00", 600), "incomplete", "143-0-0 There is no message in the file", "143-0-0 NUL or ^Z behind the last message"},
	} {
		got := Files{}.Show(c.name, []byte(c.data), defaults)
		texts := func(list []cli.MMFFError) string {
			var out []string
			for _, e := range list {
				if !oldShape.MatchString(e.Text) || !strings.HasPrefix(e.Text, fmt.Sprintf("%d-%d-%d ", e.Code, e.Message, e.Line)) {
					t.Errorf("%s: %+v is not in the old shape", c.name, e)
				}
				out = append(out, e.Text)
			}
			return strings.Join(out, "\n")
		}
		if got.Kind != c.kind || texts(got.Errors) != c.errors || texts(got.Notes) != c.notes {
			t.Errorf("%s is %s\n%s\n%s\nwant %s\n%s\n%s", c.name, got.Kind, texts(got.Errors), texts(got.Notes), c.kind, c.errors, c.notes)
		}
	}
}

// TestShowReadsTheCorpus: no file of the corpus is too odd to be shown.
func TestShowReadsTheCorpus(t *testing.T) {
	names, err := filepath.Glob("../mmff/testdata/*/*.mmff")
	if err != nil || len(names) < 50 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		Files{}.Show(name, data, cli.MMFFOptions{})
		_, _, _ = Files{}.ToEML(data, cli.MMFFOptions{})
	}
}
