package listfile

import (
	"bytes"
	"fmt"
	"strings"

	"sidegate/coordinator/convert/charset"
)

// delimiters are what may stand between the fields of a recipients file: nothing that an address needs.
const delimiters = "\t;,|~^#!"

// Delimiter checks what is to stand between the fields of a recipients file.
func Delimiter(text string) (byte, error) {
	if len(text) != 1 || !strings.Contains(delimiters, text) {
		return 0, fmt.Errorf("%q cannot stand between fields; a tab can, and one of %s", text, strings.Join(strings.Split(delimiters[1:], ""), " "))
	}
	return text[0], nil
}

// ParseRecipients reads a recipients file in a code page. Every line adds an entry. The error names every fault, up to
// twenty.
func ParseRecipients(data []byte, t *charset.Table, delimiter byte) (File, error) {
	l, err := newLines(data, t)
	if err != nil {
		return File{}, err
	}
	f := File{Changes: l.room(func([]byte) bool { return true })}
	var bad faults
	for raw, ok := l.next(); ok && !bad.enough(); raw, ok = l.next() {
		if len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		c, err := l.recipientLine(raw, delimiter)
		if err != nil {
			bad.add(err)
			continue
		}
		if err := l.full(len(f.Changes), 0); err != nil {
			bad.add(err)
			return File{}, bad.err()
		}
		f.Changes = append(f.Changes, c)
	}
	if err := bad.err(); err != nil {
		return File{}, err
	}
	return f, nil
}

// recipientLine reads name, type and address, or name and address.
func (l *lines) recipientLine(raw []byte, delimiter byte) (Change, *Error) {
	if err := l.check(raw); err != nil {
		return Change{}, err
	}
	fields := bytes.Count(raw, []byte{delimiter}) + 1
	if fields != 2 && fields != 3 {
		return Change{}, fault(l.number, 0, "wants name and address, or name, type and address, with %q between them, and not %d in all", delimiter, fields)
	}
	name, address, _ := bytes.Cut(raw, []byte{delimiter})
	at := len(name) + 2
	var text string
	if fields == 2 {
		text = l.address(address)
	} else {
		kind, value, _ := bytes.Cut(address, []byte{delimiter})
		text = string(bytes.TrimSpace(kind)) + ":" + l.address(value)
		if !typed(text) {
			return Change{}, fault(l.number, at, "%q is no type of address, such as MS or MSMAIL", bytes.TrimSpace(kind))
		}
	}
	e, err := entry(l.number, l.decode(name), text, 1, at)
	return Change{Op: Add, Line: l.number, Name: e.Name, Address: e.Address.String()}, err
}
