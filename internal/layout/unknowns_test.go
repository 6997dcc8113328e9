package layout

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sidegate/internal/config"
)

const (
	unknownsFile = "../../docs/unknowns.md"
	// unknowns is how many things there are that nobody knows. A row goes when somebody has found out.
	unknowns = 22
)

var (
	unknownRow = regexp.MustCompile(`^\| (U\d\d) \| (.*) \|$`)
	namedFlag  = regexp.MustCompile("`--([a-z0-9-]+)`")
	noSetting  = regexp.MustCompile(`^\*\*none:\*\* \S.{20}`)
)

// TestUnknownsHaveASetting: what is unknown of the old files has a row, which says what is read and written, names a setting that
// a coordinator has or the reason why there is none, and tests that exist.
func TestUnknownsHaveASetting(t *testing.T) {
	b, err := os.ReadFile(unknownsFile)
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]bool{}
	for _, s := range config.Settings(config.Coordinator) {
		flags[s.Key] = true
	}
	tests, n := testsByPackage(t), 0
	for line := range strings.Lines(string(b)) {
		row := unknownRow.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if row == nil {
			continue
		}
		n++
		cells := strings.Split(row[2], " | ")
		if id := fmt.Sprintf("U%02d", n); row[1] != id || len(cells) != 5 {
			t.Errorf("row %d is %s and has %d cells behind its ID; want %s and 5", n, row[1], len(cells), id)
			continue
		}
		setting, shown := cells[3], cells[4]
		if !noSetting.MatchString(setting) && !namedFlag.MatchString(setting) {
			t.Errorf("%s names neither a setting nor a reason why there is none: %s", row[1], setting)
		}
		for _, m := range namedFlag.FindAllStringSubmatch(line, -1) {
			if !flags[m[1]] {
				t.Errorf("%s names --%s, which a coordinator does not have", row[1], m[1])
			}
		}
		if !onlyTests.MatchString(shown) {
			t.Errorf("%s names no tests: %s", row[1], shown)
		}
		for _, m := range namedTest.FindAllStringSubmatch(shown, -1) {
			if !slices.Contains(tests[m[1]], m[2]) {
				t.Errorf("%s names %s in %s, which does not exist", row[1], m[2], m[1])
			}
		}
	}
	if n != unknowns {
		t.Errorf("%d rows, want %d", n, unknowns)
	}
}
