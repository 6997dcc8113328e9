package layout

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func documents(t *testing.T) map[string]string {
	t.Helper()
	docs := map[string]string{}
	for _, glob := range []string{"../../*.md", "../../docs/*.md"} {
		names, err := filepath.Glob(glob)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			docs[name] = string(b)
		}
	}
	for _, must := range []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"} {
		if docs["../../"+must] == "" {
			t.Errorf("%s is missing", must)
		}
	}
	return docs
}

var link = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for name, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
			}
		}
	}
}

var makeCommand = regexp.MustCompile("`make ([a-z0-9-]+)|(?m)^make ([a-z0-9-]+)")

func TestMakeTargetsExist(t *testing.T) {
	b, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range documents(t) {
		for _, m := range makeCommand.FindAllStringSubmatch(text, -1) {
			target := m[1] + m[2]
			if !regexp.MustCompile(`(?m)^` + target + `:`).Match(b) {
				t.Errorf("%s speaks of make %s, which the Makefile lacks", name, target)
			}
		}
	}
}

var packageName = regexp.MustCompile("`((?:internal|coordinator|pcside|macside|proto|deploy|docs|tools)(?:/[a-z0-9_.-]+)+/?)`")

func TestFoldersNamedInDocumentsExist(t *testing.T) {
	for name, text := range documents(t) {
		for _, m := range packageName.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join("../..", m[1])); err != nil && !strings.HasPrefix(m[1], "deploy/pki") && !strings.HasPrefix(m[1], "deploy/spool") {
				t.Errorf("%s names %s: %v", name, m[1], err)
			}
		}
	}
}
