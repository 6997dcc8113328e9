package acceptance

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sidegate/internal/config"
)

var (
	quoted  = regexp.MustCompile("`([^`\n]+)`")
	aWord   = regexp.MustCompile(`^[a-z][a-z-]*$`)
	listing = regexp.MustCompile(`(?m)^   ([a-z-]+)`)
)

// TestCommandsInTexts: what the documents name in passing, such as `coordinator spool resume`, or `mailbox alias` of whichever
// program has it, is a command, and takes the flags that stand with it.
func TestCommandsInTexts(t *testing.T) {
	var first []string
	for _, program := range config.Programs() {
		_, commands, _ := strings.Cut(command(program, "", "--help").out, "COMMANDS:")
		for _, m := range listing.FindAllStringSubmatch(commands, -1) {
			first = append(first, m[1])
		}
	}
	tried := map[string]bool{}
	for _, glob := range []string{"../../*.md", "../../docs/*.md"} {
		pages, err := filepath.Glob(glob)
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range pages {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
				args := words(strings.TrimPrefix(m[1], "bin/"))
				programs := config.Programs()
				if slices.Contains(programs, args[0]) {
					programs, args = args[:1], args[1:]
				} else if !slices.Contains(first, args[0]) {
					continue
				}
				if key := strings.Join(append(programs, args...), " "); len(args) > 0 && !tried[key] {
					tried[key] = true
					helped(t, filepath.Base(page), m[1], programs, args)
				}
			}
		}
	}
	if len(tried) < 30 {
		t.Errorf("only %d commands were found: %v", len(tried), tried)
	}
}

// helped asks each of the programs about a command until one has it.
func helped(t *testing.T, page, shown string, programs, args []string) {
	t.Helper()
	n := 0
	for n < len(args) && aWord.MatchString(args[n]) {
		n++
	}
	for _, program := range programs {
		d := command(program, "", append(slices.Clone(args[:n]), "--help")...)
		if d.code != 0 {
			continue
		}
		for _, flag := range args[n:] {
			if strings.HasPrefix(flag, "--") && !strings.Contains(d.out, flag) {
				t.Errorf("%s: `%s`: there is no flag %s", page, shown, flag)
			}
		}
		return
	}
	t.Errorf("%s: `%s`: none of %v has that command", page, shown, programs)
}
