package listfile

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
)

// Bounds of a file.
const (
	MaxSize    = 32 << 20
	maxLine    = 2048    // bytes
	maxChanges = 100_000 // lines that do something, more than a list holds
	maxShort   = 3000    // of them, those without an address
	maxErrors  = 20
)

// Op is what a line does.
type Op byte

// What lines do, by their codes.
const (
	Add     Op = 'A'
	Modify  Op = 'M'
	Delete  Op = 'D'
	Replace Op = 'R'
)

// Change is one line that does something.
type Change struct {
	Line int32
	Op   Op
	// Name is the alias. Of Replace it is the pattern that covers the list.
	Name string
	// Address is one that can be parsed, or empty: for Replace, and for a Delete that names an alias alone.
	Address string
}

// File is a whole file.
type File struct {
	Changes []Change
	// Ignored counts the lines of templates and details.
	Ignored int
}

// Error is one fault of a file.
type Error struct {
	Line    int
	Column  int // from 1; 0 if the fault has none
	Problem string
}

func (e *Error) Error() string {
	if e.Column > 0 {
		return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Problem)
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Problem)
}

func fault(line int32, column int, format string, args ...any) *Error {
	return &Error{Line: int(line), Column: column, Problem: fmt.Sprintf(format, args...)}
}

// faults collects what is wrong, as far as anybody wants to read it.
type faults struct{ list []error }

func (f *faults) add(e *Error) { f.list = append(f.list, e) }

// enough reports whether the rest is not looked at any more.
func (f *faults) enough() bool { return len(f.list) >= maxErrors }

func (f *faults) err() error {
	if f.enough() {
		return errors.Join(append(f.list, errors.New("what follows was not looked at"))...)
	}
	return errors.Join(f.list...)
}

// typed reports whether an address begins with a type.
func typed(text string) bool {
	i := strings.IndexByte(text, ':')
	return i > 0 && i <= 16 && !strings.ContainsFunc(text[:i], func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// entry makes an entry of what a line says.
func entry(line int32, name, address string, nameAt, addressAt int) (directory.Entry, *Error) {
	a, err := mail.ParseAddress(address)
	if err != nil {
		return directory.Entry{}, fault(line, addressAt, "%v", err)
	}
	a.Value = strings.TrimSpace(a.Value) // blanks fill the columns
	e, err := directory.EntryOf(strings.TrimSpace(name), a)
	if err != nil {
		return directory.Entry{}, fault(line, nameAt, "%v", err)
	}
	return e, nil
}
