package workbench

import (
	"os"
	"path/filepath"
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
