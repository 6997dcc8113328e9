package listfile

import (
	"fmt"
	"strings"

	"sidegate/coordinator/convert/charset"
	"sidegate/internal/directory"
	"sidegate/internal/mail"
)

// Steps is what a file does to a list. Where it calls somebody by the alias the list's name would get, the name stays
// whole. Faults: an address that stands in two lines, unless one removes it and the next adds it again, a list that is replaced
// after something was put into it, and an alias alone that nobody bears, or several.
func (f File) Steps(now directory.List, t *charset.Table) ([]directory.Step, error) {
	p := plan{now: now, table: t, lines: map[string]Change{}, put: map[string]Change{}}
	for _, c := range f.Changes {
		if err := p.add(c); err != nil {
			p.bad.add(err)
		}
		if p.bad.enough() {
			break
		}
	}
	return p.steps, p.bad.err()
}

// plan turns lines into steps.
type plan struct {
	now   directory.List
	table *charset.Table
	steps []directory.Step
	lines map[string]Change // by key of the address, the last one about it
	put   map[string]Change // by list, the first one put into it
	named map[string][]directory.Entry
	bad   faults
}

func (p *plan) add(c Change) *Error {
	if c.Op == Replace {
		return p.replace(c)
	}
	a, err := p.address(c)
	if err != nil {
		return err
	}
	key := a.Key()
	if was, double := p.lines[key]; double && (was.Op != Delete || c.Op != Add) {
		return fault(c.Line, 0, "%s stands in line %d already", a, was.Line)
	}
	p.lines[key] = c
	if c.Op == Delete {
		p.steps = append(p.steps, directory.Step{Remove: &a})
		return nil
	}
	e := directory.Entry{Name: c.Name, Address: a}
	if was, known := p.now.Lookup(a); known && means(c.Name, was, p.table) {
		e = was
	}
	if list := strings.ToLower(listOf(a)); p.put[list].Line == 0 {
		p.put[list] = c
	}
	p.steps = append(p.steps, directory.Step{Put: &e})
	return nil
}

func (p *plan) replace(c Change) *Error {
	pattern, err := mail.ParsePattern(c.Name)
	if err != nil {
		return fault(c.Line, 0, "%v", err)
	}
	member, err := mail.ParseAddress(strings.Replace(c.Name, "*", "x", 1))
	if err != nil {
		return fault(c.Line, 0, "%v", err)
	}
	if earlier, ok := p.put[strings.ToLower(listOf(member))]; ok {
		return fault(c.Line, 0, "replaces a list that line %d has put %s into", earlier.Line, earlier.Address)
	}
	p.steps = append(p.steps, directory.Step{Replace: &pattern})
	return nil
}

// address is the address of a change, or of the one whose alias it names.
func (p *plan) address(c Change) (mail.Address, *Error) {
	if c.Address == "" {
		e, err := p.bearer(c)
		return e.Address, err
	}
	a, err := mail.ParseAddress(c.Address)
	if err != nil {
		return a, fault(c.Line, 0, "%v", err)
	}
	return a, nil
}

// bearer finds the one who is to be removed by alias alone.
func (p *plan) bearer(c Change) (directory.Entry, *Error) {
	if p.named == nil {
		p.named = map[string][]directory.Entry{}
		for e := range p.now.All() {
			for _, name := range calls(e, p.table) {
				p.named[name] = append(p.named[name], e)
			}
		}
	}
	found := p.named[strings.ToLower(c.Name)]
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return directory.Entry{}, fault(c.Line, 0, "nobody is called %q", c.Name)
	}
	return directory.Entry{}, fault(c.Line, 0, "%d entries are called %q; name the address, such as %s", len(found), c.Name, found[0].Address)
}

// Read parses a file of either format.
func Read(data []byte, format string, f Format) (File, error) {
	switch format {
	case Import:
		return ParseImport(data, f.Table)
	case Recipients:
		return ParseRecipients(data, f.Table, f.Delimiter)
	}
	return File{}, fmt.Errorf("%q is no format of a list; there are %s and %s", format, Import, Recipients)
}

// The formats by name.
const (
	Import     = "import"
	Recipients = "recipients"
)
