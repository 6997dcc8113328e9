package layout

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	layerRow  = regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|")
	codeQuote = regexp.MustCompile("`([^`]+)`")
)

// TestLayersNameEveryPackage: the tables of ARCHITECTURE.md hold every package there is, once, each table from the lowest floor up.
func TestLayersNameEveryPackage(t *testing.T) {
	b, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(b), "\n## Layers\n")
	text, _, _ = strings.Cut(text, "\n## ")
	rows := map[string]int{}
	for table := range strings.SplitSeq(text, "| package |") {
		highest := 0
		for _, row := range layerRow.FindAllStringSubmatch(table, -1) {
			below := highest
			for _, m := range codeQuote.FindAllStringSubmatch(row[1], -1) {
				rows[m[1]]++
				at := floorOf(m[1])
				if at < below {
					t.Errorf("%s is no package, or stands below a row of a higher floor", m[1])
				}
				highest = max(highest, at)
			}
		}
	}
	for _, name := range slices.Concat(floors...) {
		if rows[name] != 1 {
			t.Errorf("%s has %d places in the layers of ARCHITECTURE.md, want 1", name, rows[name])
		}
	}
}
