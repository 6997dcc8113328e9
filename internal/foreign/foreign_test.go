package foreign

import (
	"fmt"
	"strings"
	"testing"
)

// witness remembers how it was ended.
type witness struct {
	testing.TB
	told string
}

func (w *witness) Helper()                          {}
func (w *witness) Skipf(format string, args ...any) { w.told = "skip: " + fmt.Sprintf(format, args...) }
func (w *witness) Fatalf(format string, args ...any) {
	w.told = "fail: " + fmt.Sprintf(format, args...)
}

func TestNeed(t *testing.T) {
	for _, c := range []struct{ ci, program, want string }{
		{"", "sh", ""},
		{"1", "sh", ""},
		{"", "no-such-program", "skip: NOT CHECKED against no-such-program"},
		{"1", "no-such-program", "fail: NOT CHECKED against no-such-program"},
	} {
		t.Setenv("SIDEGATE_CI", c.ci)
		w := &witness{}
		path := Need(w, c.program, "package")
		if !strings.HasPrefix(w.told, c.want) || (path == "") != (c.want != "") || (w.told == "") != (c.want == "") {
			t.Errorf("%s with %q: %q, %q", c.program, c.ci, path, w.told)
		}
	}
}
