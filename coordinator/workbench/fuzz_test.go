package workbench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sidegate/coordinator/mmff"
	"sidegate/internal/bounds"
	"sidegate/internal/cli"
)

// files gives a fuzzer the corpus of message files.
func files(f *testing.F) {
	names, err := filepath.Glob("../mmff/testdata/*/*.mmff")
	if err != nil || len(names) < 200 {
		f.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 4096 {
			f.Add(data)
		}
	}
}

// FuzzShow: any file is shown, each error in the shape of the old programs.
func FuzzShow(f *testing.F) {
	files(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var shown cli.MMFFFile
		bounds.Allocation(t, 2*len(data), func() { shown = Files{}.Show("MMFF1.MSG", data, defaults) })
		if sound := shown.Kind == "mail" || shown.Kind == "handshake"; sound != (len(shown.Errors) == 0) {
			t.Fatalf("%s with the errors %+v", shown.Kind, shown.Errors)
		}
		for _, e := range shown.Errors {
			if !oldShape.MatchString(e.Text) || strings.ContainsAny(e.Text, "\r\n\x00") {
				t.Fatalf("error %q", e.Text)
			}
		}
	})
}

// FuzzToEML: every sound message becomes one that is read again, with the same sender, attachments and text.
func FuzzToEML(f *testing.F) {
	files(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		made, _, err := Files{}.ToEML(data, defaults)
		if err != nil {
			return
		}
		if kind := mmff.Classify(data); kind == mmff.KindHandshake || kind == mmff.KindEmpty {
			if len(made) > 0 {
				t.Fatalf("%d messages of a handshake", len(made))
			}
			return
		}
		file, err := mmff.Parse(data)
		if err != nil || len(made) != len(file.Messages) {
			t.Fatalf("%d of %d messages: %v", len(made), len(file.Messages), err)
		}
		for i, eml := range made {
			back, _, err := Files{}.FromEML(eml, defaults)
			if err != nil {
				t.Fatalf("from eml: %v\n%q", err, eml)
			}
			compare(t, "the message", file.Messages[i], back)
		}
	})
}
