package layout

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sidegate/internal/config"
)

// reference is the page that is written from the help texts. make check holds it to them.
const reference = "../../docs/commands.md"

// tracked is the text of all files that belong to the project but the documents.
func tracked(t *testing.T) string {
	t.Helper()
	list := exec.Command("git", "ls-files", "*.go", "*.sh", "*.yaml", "*Dockerfile", "Makefile", ".ci/run")
	list.Dir = "../.."
	names, err := list.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	var text strings.Builder
	for name := range strings.FieldsSeq(string(names)) {
		b, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		text.Write(b)
	}
	return text.String()
}

// TestNamesInDocumentsExist: flags, variables, metrics and services that documents name are those of the programs.
func TestNamesInDocumentsExist(t *testing.T) {
	docs := documents(t)
	flags := found(docs[reference], `--([a-z][a-z0-9-]+)`)
	flags["time-style"] = true // of ls
	maps.Copy(flags, found(source(t, "internal/bench"), `flag\.\w+\(&?[\w.]*,? ?"([a-z0-9-]+)"`))
	variables := found(tracked(t)+docs[reference], `\b((?:SIDEGATE|PCSIDE|MACSIDE|COORDINATOR)_[A-Z_]*[A-Z])\b`)
	known, code := metrics(t), source(t, "internal")
	for name, text := range docs {
		if name == reference {
			continue
		}
		for _, c := range []struct {
			what    string
			said    map[string]bool
			isThere func(string) bool
		}{
			{"flag", found(text, `(?:^|[^-\w])--([a-z][a-z0-9-]+)`), func(n string) bool { return flags[n] }},
			{"variable", found(text, `\b((?:SIDEGATE|PCSIDE|MACSIDE|COORDINATOR)_[A-Z_]*[A-Z])\b`), func(n string) bool { return variables[n] }},
			{"metric", found(text, `\b(sidegate_\w+)`), func(n string) bool { return known[n] }},
			{"service", found(text, `\b([A-Z]\w+Service)\b`), func(n string) bool { return strings.HasPrefix(n, "Test") || strings.Contains(code, "sidegate.v1."+n) }},
		} {
			for _, n := range slices.Sorted(maps.Keys(c.said)) {
				if !c.isThere(n) {
					t.Errorf("%s names the %s %s, which there is not", name, c.what, n)
				}
			}
		}
	}
}

var functions = regexp.MustCompile("`((?:internal|coordinator|pcside|macside)/[a-z/]+)`: ((?:(?:[A-Z]\\w+|\\w+\\.\\w+)(?:, |\\b))+)")

// TestFunctionsInArchitectureExist: where ARCHITECTURE.md says that a step is done, there it is.
func TestFunctionsInArchitectureExist(t *testing.T) {
	n := 0
	for _, m := range functions.FindAllStringSubmatch(documents(t)["../../ARCHITECTURE.md"], -1) {
		code := source(t, m[1])
		for name := range strings.SplitSeq(strings.TrimSuffix(m[2], ", "), ", ") {
			n++
			holder, method, ok := strings.Cut(name, ".")
			if !ok {
				holder, method = `\w+`, name
			}
			if !regexp.MustCompile(`(?m)^func \(\w+ \*?` + holder + `\) ` + method + `\(`).MatchString(code) {
				t.Errorf("ARCHITECTURE.md names %s in %s, which is not there", name, m[1])
			}
		}
	}
	if n < 10 {
		t.Errorf("ARCHITECTURE.md names only %d functions", n)
	}
}

// TestPorts: the README says where the programs listen and what their variables begin with.
func TestPorts(t *testing.T) {
	text := documents(t)["../../README.md"]
	for _, program := range config.Programs() {
		c := config.Default(program)
		port := func(addr string) string { return addr[strings.LastIndex(addr, ":")+1:] }
		row := fmt.Sprintf("| %s | %s | %s |", program, port(c.Listen), port(c.HTTP))
		if !strings.Contains(text, row) || !strings.Contains(text, "`"+strings.TrimSuffix(config.Env(program, "x"), "X")+"`") {
			t.Errorf("README.md lacks %q, or the prefix of its variables", row)
		}
	}
}
