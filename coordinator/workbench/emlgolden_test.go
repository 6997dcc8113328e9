package workbench

import (
	"fmt"
	"strings"
	"testing"

	"sidegate/coordinator/mmff"
	"sidegate/internal/golden"
)

// TestOddMail turns mail as it comes, in testdata/eml, into message files: what becomes of each, and what is said to be lost,
// stands beside it in its .golden.
func TestOddMail(t *testing.T) {
	golden.Check(t, "testdata/eml", 42, func(data []byte) string {
		file, losses, err := Files{}.FromEML(data, defaults)
		var b strings.Builder
		fmt.Fprintf(&b, "error: %v\n", err)
		for _, l := range losses {
			fmt.Fprintf(&b, "lost: %s\n", l)
		}
		if err != nil {
			return b.String()
		}
		// Every line of the file on its own; a lone CR or LF, and whatever is not ASCII, as it would stand in Go.
		for _, line := range strings.SplitAfter(string(file), "\r\n") {
			fmt.Fprintf(&b, "%q\n", line)
		}
		if read, err := mmff.Parse(file); err != nil || len(read.Messages) != 1 {
			t.Errorf("%q: what was written reads as %d messages, with %v", data, len(read.Messages), err)
		}
		return b.String()
	})
}
