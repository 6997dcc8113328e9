// Package golden compares what decoders make of files with what they made of them before.
//
// The inputs of a test lie in its testdata, each beside a .golden that describes the result. go test -update writes the goldens
// new; whoever runs that reads the difference.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write inputs and golden files new")

// Inputs writes inputs that a test makes itself, on -update, and otherwise holds the files to them. Files that are there
// besides, such as those of other programs, stay.
func Inputs(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		path := filepath.Join(dir, name)
		if *update {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != string(data) {
			t.Errorf("%s is not what the test makes (%v): run it with -update", path, err)
		}
	}
}

// Check compares the description of every input in dir with its golden. There must be at least so many of them.
func Check(t testing.TB, dir string, least int, describe func(data []byte) string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	inputs := 0
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".golden" || e.IsDir() || e.Name() == "README.md" {
			continue
		}
		inputs++
		path := filepath.Join(dir, e.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file := strings.TrimSuffix(path, filepath.Ext(path)) + ".golden"
		got := describe(data)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if inputs < least {
		t.Errorf("%d inputs in %s, want at least %d", inputs, dir, least)
	}
}
