package workbench

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sidegate/coordinator/mmff"
	"sidegate/internal/bounds"
	"sidegate/internal/cli"
	"sidegate/internal/foreign"
)

var defaults = cli.MMFFOptions{CodePage: "850", LineEnd: "crlf", Zone: "UTC"}

const letter = "VERSION:3.00\r\nTO:CSI:NET/PO/USER\r\nTO:MSMAIL:John Chen@San Francisco Marketing\r\nFROM:MSMAIL:bob@Design\r\n" +
	"DATE:1994-04-04\r\nTIME:13:10\r\nSUBJECT:Gr\x81\xe1e: 50\xf5\r\nPRIORITY:R\r\nATTACHMENT:READ ME.TXT 5\r\nTEXT:14\r\nFrom here\r\n.\r\nab\r\nc"

func TestEMLAndBack(t *testing.T) {
	made, losses, err := Files{}.ToEML([]byte(letter), defaults)
	if err != nil || len(made) != 1 || len(losses) != 0 {
		t.Fatalf("to eml: %d messages, losses %v, %v", len(made), losses, err)
	}
	back, losses, err := Files{}.FromEML(made[0], defaults)
	if err != nil || len(losses) != 0 {
		t.Fatalf("from eml: losses %v, %v", losses, err)
	}
	if string(back) != letter {
		t.Errorf("there and back:\n%q\nwant\n%q", back, letter)
	}
}

// TestPythonReadsEML holds what we write against a parser that is not ours.
func TestPythonReadsEML(t *testing.T) {
	python := foreign.Need(t, "python3", "python3")
	made, _, err := Files{}.ToEML([]byte(letter), defaults)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", `
import sys, json, email, email.policy
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
print(json.dumps({"subject": m["subject"], "from": m["from"].addresses[0].username, "to": [a.username for a in m["to"].addresses],
  "body": m.get_body().get_content(), "files": [[a.get_filename(), a.get_content().decode("latin-1")] for a in m.iter_attachments()],
  "defects": [str(d) for d in m.defects]}))`)
	cmd.Stdin = bytes.NewReader(made[0])
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Subject, From, Body string
		To, Defects         []string
		Files               [][]string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if got.Subject != "Grüße: 50§" || got.From != "MSMAIL:bob@Design" || strings.ReplaceAll(got.Body, "\r\n", "\n") != "From here\n.\n" || len(got.Defects) != 0 ||
		!slices.Equal(got.To, []string{"CSI:NET/PO/USER", "MSMAIL:John Chen@San Francisco Marketing"}) ||
		len(got.Files) != 1 || !slices.Equal(got.Files[0], []string{"READ ME.TXT", "ab\r\nc"}) {
		t.Errorf("Python reads %q", got)
	}
}

// TestCorpusThroughEML takes every sound file of the corpus there and back: addresses, subject, body and attachments
// must be the same.
func TestCorpusThroughEML(t *testing.T) {
	n := 0
	err := filepath.WalkDir("../mmff/testdata", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".mmff" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := mmff.Parse(data)
		if err != nil || len(f.Messages) != 1 || f.Messages[0].XText != nil || len(f.Messages[0].To) == 0 || f.Messages[0].From == "" {
			return nil
		}
		made, _, err := Files{}.ToEML(data, defaults)
		if err != nil {
			t.Errorf("%s: to eml: %v", path, err)
			return nil
		}
		back, _, err := Files{}.FromEML(made[0], defaults)
		if err != nil {
			t.Errorf("%s: from eml: %v", path, err)
			return nil
		}
		compare(t, path, f.Messages[0], back)
		n++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 100 {
		t.Errorf("only %d files went there and back", n)
	}
}

func compare(t *testing.T, path string, want *mmff.Message, data []byte) {
	f, err := mmff.Parse(data)
	if err != nil {
		t.Errorf("%s: written file: %v", path, err)
		return
	}
	got := f.Messages[0]
	c, err := begin(defaults)
	if err != nil {
		t.Fatal(err)
	}
	line := func(text string) string { return c.oneLine("", c.table.Decode(text)) }
	if line(got.Subject) != line(want.Subject) || line(got.Priority) != line(want.Priority) {
		t.Errorf("%s: subject %q, want %q; priority %q, want %q", path, got.Subject, want.Subject, got.Priority, want.Priority)
	}
	if len(got.To) != len(want.To) || len(got.Cc) != len(want.Cc) || len(got.Fields) != len(want.Fields) && len(got.Fields) > 0 {
		t.Errorf("%s: %d TO, %d CC and %d fields, want %d, %d and %d", path, len(got.To), len(got.Cc), len(got.Fields), len(want.To), len(want.Cc), len(want.Fields))
	}
	if !bytes.Equal(lines(got.Body), bytes.TrimRight(lines(want.Body), "")) {
		t.Errorf("%s: body %q, want %q", path, got.Body, want.Body)
	}
	if len(got.Attachments) != len(want.Attachments) {
		t.Errorf("%s: %d attachments, want %d", path, len(got.Attachments), len(want.Attachments))
		return
	}
	for i, a := range want.Attachments {
		if !bytes.Equal(got.Attachments[i].Content, a.Content) {
			t.Errorf("%s: attachment %d differs", path, i)
		}
	}
}

func TestMailboxQuotesFrom(t *testing.T) {
	made, _, err := Files{}.ToEML([]byte(letter), defaults)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	box := Files{}.Mailbox(&out)
	for range 2 {
		if err := box.Add(made[0]); err != nil {
			t.Fatal(err)
		}
	}
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count("\n"+out.String(), "\nFrom "); n != 2 {
		t.Errorf("%d messages begin in the mailbox, want 2", n)
	}
	if !strings.Contains(out.String(), "\n>From here\n") {
		t.Error("a line that begins with From is not quoted")
	}
}

func FuzzFromEML(f *testing.F) {
	made, _, err := Files{}.ToEML([]byte(letter), defaults)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(made[0])
	f.Add([]byte("From: a@b\r\nTo: c@d\r\n\r\nbody"))
	names, err := filepath.Glob("testdata/eml/*.eml")
	if err != nil || len(names) < 40 {
		f.Fatalf("%d mails, %v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var file []byte
		var err error
		bounds.Allocation(t, len(data), func() { file, _, err = Files{}.FromEML(data, defaults) })
		if err != nil {
			return
		}
		read, err := mmff.Parse(file)
		if err != nil || len(read.Messages) != 1 {
			t.Fatalf("a file of %d messages was written: %v\n%q", len(read.Messages), err, file)
		}
		if m := read.Messages[0]; m.From == "" || len(m.To)+len(m.Cc) == 0 {
			t.Fatalf("nobody sends it, or to nobody: %q", file)
		}
	})
}

// TestAHandshakeIsNoFailure: a pile from an old spool nearly always holds some.
func TestAHandshakeIsNoFailure(t *testing.T) {
	for _, data := range []string{"", "VERSION:3.00\r\nTEXT:0\r\n"} {
		made, losses, err := Files{}.ToEML([]byte(data), cli.MMFFOptions{})
		if len(made) != 0 || len(losses) != 1 || !strings.Contains(losses[0], "handshake") || err != nil {
			t.Errorf("%q becomes %q, %q, %v", data, made, losses, err)
		}
	}
}
