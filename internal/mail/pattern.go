package mail

import (
	"fmt"
	"strings"
)

// Pattern is an address with * for any of its parts, or * alone for every address: NET/PO/*, *@Marketing,
// MACNET/MACPO/T60009HO, SMTP:*.
type Pattern struct {
	typ   string // empty for every address
	parts []string
	text  string
}

// ParsePattern reads a pattern.
func ParsePattern(text string) (Pattern, error) {
	if text == "*" {
		return Pattern{text: text}, nil
	}
	a, err := ParseAddress(text)
	if err != nil {
		return Pattern{}, fmt.Errorf("pattern: %w", err)
	}
	parts := a.Parts()
	for i, p := range parts {
		if p != "*" && strings.Contains(p, "*") {
			return Pattern{}, fmt.Errorf("pattern %q: * stands for a whole part, not for a piece of %q", text, p)
		}
		parts[i] = strings.ToLower(p)
	}
	return Pattern{typ: a.Type, parts: parts, text: a.String()}, nil
}

// MustPattern is ParsePattern for patterns written in source text; it panics on a bad one.
func MustPattern(text string) Pattern {
	p, err := ParsePattern(text)
	if err != nil {
		panic(err)
	}
	return p
}

// String is the text that ParsePattern reads back as p.
func (p Pattern) String() string { return p.text }

// Match reports whether p covers a.
func (p Pattern) Match(a Address) bool {
	if p.typ == "" {
		return p.text == "*" && !a.IsZero()
	}
	if p.typ != a.Type {
		return false
	}
	parts := a.Parts()
	if len(parts) != len(p.parts) {
		return false
	}
	for i, want := range p.parts {
		if want != "*" && want != strings.ToLower(parts[i]) {
			return false
		}
	}
	return true
}

// Fixed counts the parts that are not open, for choosing the more specific of two patterns: -1 for * alone, and one
// more than any count of parts for an exact address.
func (p Pattern) Fixed() int {
	if p.typ == "" {
		return -1
	}
	n := 0
	for _, part := range p.parts {
		if part != "*" {
			n++
		}
	}
	if n == len(p.parts) {
		return exactFixed
	}
	return n
}

const exactFixed = 4

// Exact reports whether p covers one address only.
func (p Pattern) Exact() bool { return p.Fixed() == exactFixed }
