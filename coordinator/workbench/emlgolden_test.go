package workbench

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/mmff"
)

var update = flag.Bool("update", false, "write the golden files new")

// TestOddMail turns mail as it comes, in testdata/eml, into message files: what becomes of each, and what is said to be lost,
// stands beside it in its .golden.
func TestOddMail(t *testing.T) {
	names, err := filepath.Glob("testdata/eml/*.eml")
	if err != nil || len(names) < 40 {
		t.Fatalf("%d mails, %v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, losses, err := Files{}.FromEML(data, defaults)
		var b strings.Builder
		fmt.Fprintf(&b, "error: %v\n", err)
		for _, l := range losses {
			fmt.Fprintf(&b, "lost: %s\n", l)
		}
		if err == nil {
			// Every line of the file on its own; a lone CR or LF, and whatever is not ASCII, as it would stand in Go.
			for _, line := range strings.SplitAfter(string(file), "\r\n") {
				fmt.Fprintf(&b, "%q\n", line)
			}
			if read, err := mmff.Parse(file); err != nil || len(read.Messages) != 1 {
				t.Errorf("%s: what was written reads as %d messages, with %v", name, len(read.Messages), err)
			}
		}
		golden := strings.TrimSuffix(name, ".eml") + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
