// Package mappings reads MAPPINGS.TXT, the table that tells the types of Macintosh files by the extensions of PC files and says
// which of them are text.
//
// A line is ".EXT=Comment:Type:Creator:Kind" (KB Q76093). The dot is required. The comment may hold anything but a colon. Type
// and creator have up to four characters, in which blanks count; shorter ones are filled with blanks, and an empty one is
// "????". Kind is Text, ANSI or Binary. A line that begins with # is a comment; blank lines mean nothing. Letter case counts
// in type and creator only. Lines end in CR LF, CR or LF.
//
// Reading is strict, because a table with a fault in it destroys files: every fault is named with its line, and a table with
// faults is not used.
package mappings

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
)

// Kind is how the content of a file is converted.
type Kind uint8

// The kinds of files.
const (
	Binary Kind = iota + 1 // not at all
	Text                   // between Mac Roman and code page 850
	ANSI                   // between Mac Roman and Windows-1252
)

// String is the kind as it is written in the table.
func (k Kind) String() string { return [...]string{"", "Binary", "Text", "ANSI"}[k] }

// Mapping is one line of the table.
type Mapping struct {
	Extension     string // upper case, without the dot
	Comment       string // as written
	Type, Creator [4]byte
	Kind          Kind
	Line          int
}

// Table is a whole file. It is never changed once read.
type Table struct {
	list  []Mapping
	byExt map[string]int
}

// Bounds of a table.
const (
	maxSize      = 1 << 20
	maxExtension = 31
	maxErrors    = 20
)

// Error is one fault of a table.
type Error struct {
	Line    int
	Problem string
}

func (e Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Problem) }

// Errors are the faults of a table in order, at most 20.
type Errors []Error

func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return "mappings: " + strings.Join(lines, "\nmappings: ")
}

// Parse reads a table. The error is of type Errors.
func Parse(data []byte) (*Table, error) {
	if len(data) > maxSize {
		return nil, Errors{{1, fmt.Sprintf("the table has %d bytes, the most is %d", len(data), maxSize)}}
	}
	t := &Table{byExt: make(map[string]int)}
	var faults Errors
	text := strings.TrimSuffix(strings.TrimPrefix(string(data), "\xEF\xBB\xBF"), "\x1A")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	for i, line := range strings.Split(text, "\n") {
		if blank := strings.TrimSpace(line); blank == "" || blank[0] == '#' {
			continue
		}
		if problem := t.add(i+1, line); problem != "" {
			faults = append(faults, Error{i + 1, problem})
			if len(faults) == maxErrors {
				break
			}
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return t, nil
}

// add reads one line and returns what is wrong with it.
func (t *Table) add(number int, line string) (problem string) {
	name, rest, ok := strings.Cut(line, "=")
	ext, dotted := strings.CutPrefix(strings.TrimSpace(name), ".")
	switch {
	case !ok:
		return "there is no = behind the extension"
	case !dotted:
		return "the extension does not begin with a dot"
	case ext == "" || len(ext) > maxExtension || strings.ContainsAny(ext, ". \t:/\\"):
		return fmt.Sprintf("%q cannot be an extension", "."+ext)
	}
	fields := strings.Split(rest, ":")
	if len(fields) != 4 {
		return fmt.Sprintf("there are %d colons instead of 3: write .EXT=Comment:Type:Creator:Kind", len(fields)-1)
	}
	m := Mapping{Extension: strings.ToUpper(ext), Comment: fields[0], Line: number}
	if m.Type, problem = code("type", fields[1]); problem != "" {
		return problem
	}
	if m.Creator, problem = code("creator", fields[2]); problem != "" {
		return problem
	}
	switch kind := strings.TrimSpace(fields[3]); {
	case strings.EqualFold(kind, "Text"):
		m.Kind = Text
	case strings.EqualFold(kind, "ANSI"):
		m.Kind = ANSI
	case strings.EqualFold(kind, "Binary"):
		m.Kind = Binary
	default:
		return fmt.Sprintf("the kind %q is not Text, ANSI or Binary", kind)
	}
	if i, again := t.byExt[m.Extension]; again {
		return fmt.Sprintf("the extension .%s stands in line %d already", m.Extension, t.list[i].Line)
	}
	t.byExt[m.Extension] = len(t.list)
	t.list = append(t.list, m)
	return ""
}

// code reads a type or creator.
func code(what, text string) (c [4]byte, problem string) {
	if len(text) > 4 {
		return c, fmt.Sprintf("the %s %q has more than four characters", what, text)
	}
	for _, b := range []byte(text) {
		if b < ' ' || b == 0x7F {
			return c, fmt.Sprintf("the %s %q holds a control character", what, text)
		}
	}
	if text == "" {
		text = "????"
	}
	copy(c[:], text+"    ")
	return c, ""
}

// Find is the mapping for the name of a file.
func (t *Table) Find(name string) (Mapping, bool) {
	i := strings.LastIndexByte(name, '.')
	if t == nil || i < 0 {
		return Mapping{}, false
	}
	at, ok := t.byExt[strings.ToUpper(name[i+1:])]
	if !ok {
		return Mapping{}, false
	}
	return t.list[at], true
}

// List is all mappings in their order. It must not be changed.
func (t *Table) List() []Mapping { return t.list }

//go:embed default.txt
var standard []byte

// DefaultText is Default as a file.
func DefaultText() []byte { return bytes.Clone(standard) }

// Default is the table of the old gateway with its known faults mended.
func Default() *Table {
	t, err := Parse(standard)
	if err != nil {
		panic(err) // a test reads it
	}
	return t
}
