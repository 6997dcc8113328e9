package config

import (
	"errors"
	"fmt"
	"strings"
)

// Sources are where Load looks for values.
type Sources struct {
	// Flags are the values given on the command line, by key. A setting that is no list has one.
	Flags map[string][]string
	// Env looks up a variable of the environment, as os.LookupEnv does. Nil: there is none.
	Env func(string) (string, bool)
	// File is the path of a file, empty for the one the environment names (PCSIDE_CONFIG), if it names one.
	File string
}

// Load gathers the settings of a program. The error joins everything that is wrong, one sentence each, saying which
// flag, variable or line of the file is meant. Validate has still to be called.
func Load(program string, s Sources) (*Config, error) {
	if s.Env == nil {
		s.Env = noEnv
	}
	c := defaults(program, s.Env)
	c.sources, c.origin = s, map[string]string{}
	errs := []error{c.takeFile(s)}
	for _, set := range Settings(program) {
		if text, ok := s.Env(Env(program, set.Key)); ok && text != "" {
			texts := []string{text}
			if set.List {
				texts = splitList(text)
			}
			errs = append(errs, c.take(set, texts, Env(program, set.Key)))
		}
	}
	for _, set := range Settings(program) {
		if texts, ok := s.Flags[set.Key]; ok {
			errs = append(errs, c.take(set, texts, "--"+set.Key))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

// Reload gathers the settings again from where they came from, as SIGHUP asks for. The receiver does not change.
func (c *Config) Reload() (*Config, error) { return Load(c.Program, c.sources) }

// File is the path of the file the settings were read from, empty if there was none.
func (c *Config) File() string {
	if c.sources.File != "" || c.sources.Env == nil {
		return c.sources.File
	}
	path, _ := c.sources.Env(Env(c.Program, "config"))
	return path
}

func (c *Config) takeFile(s Sources) error {
	path := c.File()
	if path == "" {
		return nil
	}
	entries, err := readFile(path)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		set, ok := setting(c.Program, e.key)
		if !ok {
			errs = append(errs, fmt.Errorf("%s:%d: unknown key %q%s", path, e.line, e.key, hint(c.Program, e.key)))
			continue
		}
		if len(e.values) != 1 && !set.List {
			errs = append(errs, fmt.Errorf("%s:%d: %s: wants one value, not a list", path, e.line, e.key))
			continue
		}
		errs = append(errs, c.take(set, e.values, fmt.Sprintf("%s:%d: %s", path, e.line, e.key)))
	}
	return errors.Join(errs...)
}

// take puts the texts into a setting and remembers where they came from.
func (c *Config) take(s Setting, texts []string, origin string) error {
	if err := s.field(c).set(texts); err != nil {
		return fmt.Errorf("%s: %w", origin, err)
	}
	c.origin[s.Key] = origin
	return nil
}

// where names a setting in an error: as it was given, else by its flag.
func (c *Config) where(key string) string {
	if o, ok := c.origin[key]; ok {
		return o
	}
	return "--" + key
}

// splitList parts the value of a variable at line ends if it has any, else at commas.
func splitList(text string) []string {
	sep := ","
	if strings.Contains(text, "\n") {
		sep = "\n"
	}
	var parts []string
	for part := range strings.SplitSeq(text, sep) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// hint proposes the setting somebody may have meant.
func hint(program, key string) string {
	for _, s := range Settings(program) {
		if s.Key+"s" == key || strings.EqualFold(strings.ReplaceAll(key, "_", "-"), s.Key) || oneSlip(key, s.Key) {
			return fmt.Sprintf(", did you mean %s?", s.Key)
		}
	}
	for _, s := range table() {
		switch {
		case s.Key != key:
		case s.spool:
			return ", which only a coordinator has"
		case s.side:
			return ", which only a side has"
		}
	}
	return ""
}

// oneSlip reports whether a is b with one character too many, too few, wrong, or two swapped.
func oneSlip(a, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	restA, restB := a[i:], b[i:]
	switch {
	case restA == "" || restB == "":
		return len(restA)+len(restB) == 1
	case restA[1:] == restB[1:] || restA[1:] == restB || restA == restB[1:]:
		return true
	}
	return len(restA) > 1 && len(restB) > 1 && restA[0] == restB[1] && restA[1] == restB[0] && restA[2:] == restB[2:]
}
