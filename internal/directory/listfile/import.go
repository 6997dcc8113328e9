package listfile

import (
	"bytes"
	"strings"

	"sidegate/coordinator/convert/charset"
	"sidegate/internal/mail"
)

// The columns of a line in fixed form, from 0.
const (
	aliasAt   = 2
	aliasEnd  = 32
	addressAt = 33
	// MaxAlias is how many characters an alias has at most (KB Q96001).
	MaxAlias = aliasEnd - aliasAt
)

// ParseImport reads an import file in a code page. The error names every fault, up to twenty.
func ParseImport(data []byte, t *charset.Table) (File, error) {
	l, err := newLines(data, t)
	if err != nil {
		return File{}, err
	}
	f := File{Changes: l.room(func(raw []byte) bool { return strings.IndexByte("AaDdMmRr", raw[0]) >= 0 })}
	var bad faults
	short := 0
	for raw, ok := l.next(); ok && !bad.enough(); raw, ok = l.next() {
		c, ignored, err := l.importLine(raw)
		switch {
		case err != nil:
			bad.add(err)
		case ignored:
			f.Ignored++
		case c.Op != 0:
			if c.Address == "" {
				short++
			}
			if err := l.full(len(f.Changes), short-1); err != nil {
				bad.add(err)
				return File{}, bad.err()
			}
			f.Changes = append(f.Changes, c)
		}
	}
	if err := bad.err(); err != nil {
		return File{}, err
	}
	return f, nil
}

// importLine reads one line: a change, one that is read over, or nothing.
func (l *lines) importLine(raw []byte) (c Change, ignored bool, err *Error) {
	if err := l.check(raw); err != nil {
		return Change{}, false, err
	}
	if len(bytes.TrimSpace(raw)) == 0 || raw[0] == '#' {
		return Change{}, false, nil
	}
	code := Op(raw[0] &^ 0x20) // letters in either case
	switch raw[0] {
	case '-', 'T', 't':
		return Change{}, true, nil
	}
	switch code {
	case Add, Modify, Delete, Replace:
	default:
		return Change{}, false, fault(l.number, 1, "begins with %q instead of A, D, M, R, T, - or #", l.decode(raw[:1]))
	}
	if len(raw) > 1 && raw[1] != ' ' && raw[1] != '\t' {
		return Change{}, false, fault(l.number, 2, "a blank or a tab belongs behind the code %c", code)
	}
	if code == Replace {
		c, err := l.replaceLine(raw)
		return c, false, err
	}
	c, err = l.entryLine(code, raw)
	return c, false, err
}

// entryLine reads a line with an alias and an address, in columns or with tabs.
func (l *lines) entryLine(code Op, raw []byte) (Change, *Error) {
	alias, address, at, err := l.split(raw)
	if err != nil {
		return Change{}, err
	}
	c := Change{Op: code, Line: l.number}
	if len(bytes.TrimSpace(address)) == 0 {
		if code != Delete {
			return Change{}, fault(l.number, at, "the address is missing")
		}
		c.Name = strings.TrimSpace(l.decode(alias))
		if c.Name == "" {
			return Change{}, fault(l.number, aliasAt+1, "the alias is missing")
		}
		return c, nil
	}
	text := l.address(address)
	if !typed(text) {
		return Change{}, fault(l.number, at, "the address %q has no type; it is written TYPE:address, such as PCM:NET/PO/USER", text)
	}
	e, err := entry(l.number, l.decode(alias), text, aliasAt+1, at)
	c.Name, c.Address = e.Name, e.Address.String()
	return c, err
}

// split takes a line apart: alias, address, and the column at which the address begins or should. Blanks and tabs at the end
// of a line separate nothing.
func (l *lines) split(raw []byte) (alias, address []byte, at int, err *Error) {
	line := bytes.TrimRight(raw[min(aliasAt, len(raw)):], " \t")
	if i := bytes.IndexByte(line, '\t'); i >= 0 {
		alias, address = line[:i], line[i+1:]
		if j := bytes.IndexByte(address, '\t'); j >= 0 {
			return nil, nil, 0, fault(l.number, aliasAt+i+j+2, "there is a third tab, which separates nothing")
		}
		return alias, address, aliasAt + i + 2, nil
	}
	if len(line) <= MaxAlias || raw[1] == '\t' && bytes.IndexByte(raw[aliasAt:], '\t') >= 0 {
		return line, nil, addressAt + 1, nil
	}
	if raw[aliasEnd] != ' ' {
		return nil, nil, 0, fault(l.number, aliasEnd+1, "the alias goes on beyond its %d characters; the address begins in column %d", MaxAlias, addressAt+1)
	}
	return raw[aliasAt:aliasEnd], raw[addressAt:], addressAt + 1, nil
}

// replaceLine reads the name of a list.
func (l *lines) replaceLine(raw []byte) (Change, *Error) {
	name := l.address(raw[min(aliasAt, len(raw)):])
	pattern, ok := listPattern(name)
	if !ok {
		return Change{}, fault(l.number, aliasAt+1, "%q names no list; write PCM:NET/PO, MSMAIL:Server or TYPE:", name)
	}
	return Change{Op: Replace, Line: l.number, Name: pattern}, nil
}

// listPattern is the pattern that covers a list.
func listPattern(name string) (string, bool) {
	kind, list, ok := strings.Cut(name, ":")
	if !ok || strings.Contains(list, "*") {
		return "", false
	}
	switch strings.ToUpper(kind) {
	case mail.TypePC, "PCM", "MS":
		name = mail.TypePC + ":" + list + "/*"
	case mail.TypeMac, "MSA":
		name = mail.TypeMac + ":*@" + list
	default:
		if list != "" {
			return "", false
		}
		name = kind + ":*"
	}
	p, err := mail.ParsePattern(name)
	return p.String(), err == nil
}

// listOf is the name of the list that an address belongs to.
func listOf(a mail.Address) string {
	parts := a.Parts()
	switch a.Type {
	case mail.TypePC:
		return "PCM:" + parts[0] + "/" + parts[1]
	case mail.TypeMac:
		return mail.TypeMac + ":" + parts[0]
	}
	return a.Type + ":"
}
