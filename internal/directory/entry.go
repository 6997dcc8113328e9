package directory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"sidegate/internal/mail"
)

// Bounds on a list.
const (
	// MaxName bounds a friendly name, in bytes.
	MaxName = 256
	// MaxEntries is how many entries a list holds: what one file of the old system did (KB Q119044).
	MaxEntries = 65_535
	// MaxBytes bounds the names and addresses of a list together.
	MaxBytes = 8 << 20
)

// Entry is one person, or whatever else bears a name and reads mail.
type Entry struct {
	Name    string // friendly name, as people write it; never empty
	Address mail.Address
}

// NewEntry makes an entry of a name and an address in any of their spellings.
func NewEntry(name, address string) (Entry, error) {
	a, err := mail.ParseAddress(address)
	if err != nil {
		return Entry{}, err
	}
	return EntryOf(name, a)
}

// EntryOf makes an entry. The name is composed, and every run of blanks in it is one. An address that begins or ends with a
// blank is refused: no file keeps it.
func EntryOf(name string, a mail.Address) (Entry, error) {
	name, err := CleanName(name)
	if err != nil {
		return Entry{}, err
	}
	if strings.TrimSpace(a.Value) != a.Value {
		return Entry{}, fmt.Errorf("address %q begins or ends with a blank", a)
	}
	return Entry{Name: name, Address: a}, nil
}

// CleanName checks a friendly name and returns it in the one form in which names are kept.
func CleanName(name string) (string, error) {
	if len(name) > MaxName {
		return "", fmt.Errorf("name has %d bytes, the most is %d", len(name), MaxName)
	}
	if !utf8.ValidString(name) {
		return "", fmt.Errorf("name %q is not valid UTF-8", name)
	}
	for _, r := range name {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return "", fmt.Errorf("name %q holds the control character %U", name, r)
		}
	}
	clean := norm.NFC.String(oneBlank(name))
	switch {
	case clean == "":
		return "", fmt.Errorf("name is empty")
	case len(clean) > MaxName:
		return "", fmt.Errorf("name has %d bytes in composed form, the most is %d", len(clean), MaxName)
	}
	return clean, nil
}

// oneBlank makes every run of blanks one, and none of those at the ends.
func oneBlank(s string) string {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "  ") && !strings.ContainsFunc(s, oddBlank) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for word := range strings.FieldsSeq(s) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	return b.String()
}

func oddBlank(r rune) bool { return r != ' ' && unicode.IsSpace(r) }

// Key is equal for entries of one address.
func (e Entry) Key() string { return e.Address.Key() }

// UserName is the part of the address that names the person: USER of NET/PO/USER, user of user@server. An address of
// another type is all name.
func (e Entry) UserName() string {
	parts := e.Address.Parts()
	return parts[len(parts)-1]
}

func (e Entry) size() int { return len(e.Name) + len(e.Address.Type) + len(e.Address.Value) + 1 }

// fold is the form in which names are compared: both old systems ignore letter case.
func fold(name string) string {
	return strings.ToLower(norm.NFC.String(oneBlank(name)))
}

// place is where an entry stands in a list.
func place(e Entry) Place { return Place{name: fold(e.Name), key: e.Key()} }

// compare is the order of lists: by name, then by address.
func compare(a, b Place) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.key, b.key)) }

// ByAddress sorts entries by the keys of their addresses.
func ByAddress(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Key(), b.Key()) })
}
