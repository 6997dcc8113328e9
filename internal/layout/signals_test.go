package layout

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// source is the text of the Go files below a path that are neither tests nor for tests.
func source(t *testing.T, root string) string {
	t.Helper()
	var text strings.Builder
	err := filepath.WalkDir(filepath.Join("../..", root), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasSuffix(path, "test") {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".pb.go") {
			return err
		}
		b, err := os.ReadFile(path)
		text.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// found are the first groups of all matches that are not empty.
func found(text string, patterns ...string) map[string]bool {
	names := map[string]bool{}
	for _, p := range patterns {
		for _, m := range regexp.MustCompile(p).FindAllStringSubmatch(text, -1) {
			names[m[1]] = true
		}
	}
	return names
}

// section is what a page says under a heading, up to the next one of its rank.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, text, there := strings.Cut(string(b), "\n## "+heading+"\n")
	if !there {
		t.Fatalf("%s has no section %s", page, heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// metrics are the names of ours.
func metrics(t *testing.T) map[string]bool {
	t.Helper()
	names := found(source(t, "internal"), `Name: "(sidegate_\w+)"`)
	for name := range found(source(t, "internal/console"), `desc\("(\w+)"`) {
		names["sidegate_"+name] = true
	}
	return names
}

// TestSignals: docs/signals.md names every metric, condition, reason and HTTP path of the code, and no other.
func TestSignals(t *testing.T) {
	const page = "../../docs/signals.md"
	all := source(t, "internal") + source(t, "coordinator")
	reasons := section(t, page, "Reasons of bad mail and reports") + section(t, page, "Reasons of refused calls")
	for _, c := range []struct {
		what       string
		said, true map[string]bool
		least      int
	}{
		{"metric", found(section(t, page, "Metrics"), `(?m)^\| .(sidegate_\w+)`), metrics(t), 25},
		{"condition", found(section(t, page, "Conditions"), "(?m)^\\| `([a-z-]+)`"),
			found(source(t, "internal/liveness"), `Condition\w+ += "([a-z-]+)"`), 12},
		{"reason", found(reasons, "`([A-Z]{4,}[A-Z_]*|[A-Z]{2,}_[A-Z_]+)`"),
			found(all, `(?:Reason|withDetails|NewError)[^\n]*"([A-Z]{2,}_[A-Z_]+|[A-Z]{4,})"`), 60},
		{"HTTP path", found(section(t, page, "HTTP"), "`(/[a-z0-9/]*)`"), found(source(t, "internal/console"), `"GET (/[a-z0-9/]*)`), 10},
	} {
		if c.what == "condition" {
			maps.Copy(c.true, found(source(t, "coordinator/handshake"), `(?m)^\t[A-Z][A-Za-z]+ += "([a-z]+-[a-z]+)"`))
		}
		if len(c.true) < c.least {
			t.Errorf("the code has only %d of what is taken for a %s", len(c.true), c.what)
		}
		for _, name := range slices.Sorted(maps.Keys(c.true)) {
			if !c.said[name] && !strings.HasPrefix(name, "/debug/pprof/") {
				t.Errorf("%s %s is not in signals.md", c.what, name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(c.said)) {
			if !c.true[name] {
				t.Errorf("signals.md has a %s %s, which the code lacks", c.what, name)
			}
		}
	}
}
