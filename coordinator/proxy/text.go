package proxy

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"sidegate/internal/mail"
)

// Bounds of what is read.
const (
	MaxText = 16 << 20 // bytes of a text
	maxLine = mail.MaxAddress + 32
	minLine = len("AA0000AA live a@b") // of an ID
)

// The words that begin the parts of a text.
const (
	serversWord = "SERVERS"
	idsWord     = "IDS"
)

// Table is a map as a text has it.
type Table struct {
	Servers []Server
	IDs     []Proxy
}

// Server is a server with its code. A server may have several.
type Server struct {
	Code string
	Name string
	line int
}

// LineError says what is wrong with a line of a text.
type LineError struct {
	Line    int // from 1
	Problem string
}

func (e *LineError) Error() string { return fmt.Sprintf("proxy: line %d: %s", e.Line, e.Problem) }

func fault(line int, format string, args ...any) error {
	return &LineError{Line: line, Problem: fmt.Sprintf(format, args...)}
}

// Parse reads a text; see the package comment. Errors are *LineError.
func Parse(data []byte) (*Table, error) {
	if len(data) > MaxText {
		return nil, fault(1, "the text has %d bytes, the most is %d", len(data), MaxText)
	}
	data = oneLineEnd(data)
	if i := invalidUTF8(data); i >= 0 {
		return nil, fault(1+bytes.Count(data[:i], []byte{'\n'}), "is not UTF-8")
	}
	text := string(data)
	p := parser{table: &Table{IDs: make([]Proxy, 0, countIDs(text))}, codes: map[string]Server{}}
	for line := range strings.Lines(text) {
		p.line++
		if err := p.read(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, err
		}
	}
	return p.table, p.table.check()
}

// oneLineEnd makes every line end LF.
func oneLineEnd(data []byte) []byte {
	if bytes.IndexByte(data, '\r') < 0 {
		return data
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
}

// countIDs is how many lines may hold an ID, so that their list is made once.
func countIDs(text string) int {
	n := 0
	for line := range strings.Lines(text) {
		if len(line) >= minLine && line[0] != ';' {
			n++
		}
	}
	return n
}

func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

type parser struct {
	table *Table
	codes map[string]Server
	line  int
	part  string
}

func (p *parser) read(line string) error {
	switch {
	case line == "" || line[0] == ';':
		return nil
	case len(line) > maxLine:
		return fault(p.line, "has %d bytes, the most is %d", len(line), maxLine)
	case line == serversWord && p.part == "", line == idsWord && p.part == serversWord:
		p.part = line
		return nil
	case line == serversWord || line == idsWord:
		return fault(p.line, "%s is out of place: %s comes first, then %s, once each", line, serversWord, idsWord)
	case p.part == serversWord:
		return p.server(line)
	case p.part == idsWord:
		return p.proxy(line)
	}
	return fault(p.line, "%s is missing before it", serversWord)
}

func (p *parser) server(line string) error {
	code, name, ok := strings.Cut(line, " ")
	if !ok || name == "" {
		return fault(p.line, "is not CODE SERVER")
	}
	if len(code) != codeSize || !plain(code) {
		return fault(p.line, "%q is not a server code of %d letters and digits, in upper case", code, codeSize)
	}
	if a, err := native("x@" + name); err != nil || a.Parts()[0] != name {
		return fault(p.line, "%q is not the name of a server", name)
	}
	if other, twice := p.codes[code]; twice {
		return fault(p.line, "the code %s was declared in line %d", code, other.line)
	}
	s := Server{Code: code, Name: name, line: p.line}
	p.codes[code] = s
	p.table.Servers = append(p.table.Servers, s)
	return nil
}

func (p *parser) proxy(line string) error {
	id, rest, _ := strings.Cut(line, " ")
	word, address, ok := strings.Cut(rest, " ")
	if !ok {
		return fault(p.line, "is not ID STATE ADDRESS")
	}
	if _, err := parseID(id); err != nil {
		return fault(p.line, "%v", err)
	}
	state, err := parseState(word)
	if err != nil {
		return fault(p.line, "%v", err)
	}
	a, err := native(address)
	if err != nil {
		return fault(p.line, "%v", err)
	}
	proxy := Proxy{ID: id, State: state, Address: a, line: p.line}
	s, known := p.codes[id[:codeSize]]
	if !known {
		return fault(p.line, "the server code %s of the ID %s is not declared", id[:codeSize], id)
	}
	if !strings.EqualFold(s.Name, proxy.server()) {
		return fault(p.line, "the code %s is that of the server %s, not of %s", s.Code, s.Name, proxy.server())
	}
	p.table.IDs = append(p.table.IDs, proxy)
	return nil
}

// check finds the first line that stands for an ID that an earlier one stands for.
func (t *Table) check() error {
	order := make([]*Proxy, len(t.IDs))
	for i := range t.IDs {
		order[i] = &t.IDs[i]
	}
	slices.SortFunc(order, func(p, q *Proxy) int { return cmp.Or(strings.Compare(p.ID, q.ID), cmp.Compare(p.line, q.line)) })
	var again, before *Proxy
	for i := 1; i < len(order); i++ {
		if p := order[i]; order[i-1].ID == p.ID && (again == nil || p.line < again.line) {
			again, before = p, order[i-1]
		}
	}
	if again == nil {
		return nil
	}
	return fault(again.line, "the ID %s stands in line %d already", again.ID, before.line)
}

// Write writes the text that Parse reads.
func (t *Table) Write(w io.Writer) error {
	b := []byte("; Proxy addresses: server codes, then IDs with their state and address. No ID is ever given to anybody else.\n" + serversWord + "\n")
	for _, s := range t.Servers {
		b = fmt.Appendf(b, "%s %s\n", s.Code, s.Name)
	}
	b = append(b, idsWord+"\n"...)
	for _, p := range t.IDs {
		b = fmt.Appendf(b, "%s %s %s\n", p.ID, p.State, p.Address.Value)
		if len(b) > 64<<10 {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err := w.Write(b)
	return err
}
