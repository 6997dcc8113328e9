package layout

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const casesFile = "../../docs/legacy-cases.md"

// mostNotDone is how many rows may say that something is missing. It may only become less.
const mostNotDone = 9

// caseIDs are all rows, by section.
func caseIDs() (ids []string) {
	for _, s := range []struct {
		letter string
		n      int
	}{{"S", 20}, {"Q", 21}, {"P", 13}, {"A", 25}, {"C", 22}, {"R", 10}, {"D", 22}, {"X", 18}, {"T", 10}, {"F", 58}} {
		for i := range s.n {
			ids = append(ids, fmt.Sprintf("%s%02d", s.letter, i+1))
		}
	}
	return ids
}

// legacyCase is one row.
type legacyCase struct{ then, now, shown string }

var caseRow = regexp.MustCompile(`^\| ([A-Z]\d\d) \| (.*) \|$`)

func legacyCases(t *testing.T) map[string]legacyCase {
	t.Helper()
	b, err := os.ReadFile(casesFile)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]legacyCase{}
	for line := range strings.Lines(string(b)) {
		m := caseRow.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		cells := strings.Split(m[2], " | ")
		if len(cells) != 3 {
			t.Errorf("%s has %d cells after its ID, want 3", m[1], len(cells))
			continue
		}
		if _, twice := rows[m[1]]; twice {
			t.Errorf("%s is there twice", m[1])
		}
		rows[m[1]] = legacyCase{strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])}
	}
	return rows
}

var testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)

// testsByPackage are the tests there are.
func testsByPackage(t *testing.T) map[string][]string {
	t.Helper()
	tests := map[string][]string{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel("../..", filepath.Dir(path))
		for _, m := range testFunc.FindAllStringSubmatch(string(b), -1) {
			tests[filepath.ToSlash(pkg)] = append(tests[filepath.ToSlash(pkg)], m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}

var (
	namedTest = regexp.MustCompile("`([a-z0-9/]+): ((?:Test|Fuzz)\\w+)`")
	onlyTests = regexp.MustCompile("^(`[a-z0-9/]+: (?:Test|Fuzz)\\w+` ?)+$")
	reasoned  = regexp.MustCompile(`^\*\*(cannot apply|not done yet|not done):\*\* \S.{9}`)
)

// TestLegacyCasesAreAnswered: every old failure and feature has a row, every row a test that exists or a reason, and the
// rows that say that something is missing do not become more.
func TestLegacyCasesAreAnswered(t *testing.T) {
	rows, tests := legacyCases(t), testsByPackage(t)
	var missing []string
	for _, id := range caseIDs() {
		row, ok := rows[id]
		if !ok {
			t.Errorf("%s is missing in %s", id, filepath.Base(casesFile))
			continue
		}
		reason := reasoned.FindStringSubmatch(row.shown)
		switch {
		case row.then == "":
			t.Errorf("%s does not say what it is about", id)
		case reason == nil && !onlyTests.MatchString(row.shown):
			t.Errorf("%s names neither tests alone nor a reason: %s", id, row.shown)
		case reason != nil && (reason[1] == "not done") != (id[0] == 'F') && reason[1] != "cannot apply":
			t.Errorf("%s: features are not done, cases not done yet", id)
		case reason != nil && reason[1] != "cannot apply":
			missing = append(missing, id)
		}
		for _, m := range namedTest.FindAllStringSubmatch(row.now+row.shown, -1) {
			if !slices.Contains(tests[m[1]], m[2]) {
				t.Errorf("%s names %s in %s, which does not exist", id, m[2], m[1])
			}
		}
	}
	for id := range rows {
		if !slices.Contains(caseIDs(), id) {
			t.Errorf("%s is not in the list of this test", id)
		}
	}
	t.Logf("%d of %d rows are not done (yet): %s", len(missing), len(rows), strings.Join(missing, " "))
	if len(missing) > mostNotDone {
		t.Errorf("%d rows are not done, at most %d may be", len(missing), mostNotDone)
	}
}
