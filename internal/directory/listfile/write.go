package listfile

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"sidegate/coordinator/convert/charset"
	"sidegate/internal/directory"
	"sidegate/internal/mail"
)

// Format says how a file is written.
type Format struct {
	Table *charset.Table
	EOL   string // "\r\n", "\r" or "\n"
	// Delimiter stands between the fields of a recipients file.
	Delimiter byte
}

// Table is the code page of a name. One with pictures for control characters is none for a text file.
func Table(name string) (*charset.Table, error) {
	t, err := charset.Lookup(name)
	if err == nil && t.Has('☺') {
		err = fmt.Errorf("%q has pictures for control characters, which no text file can hold", name)
	}
	return t, err
}

// WriteImport writes entries as an import file that replaces the lists they belong to, list by list, each in the order of
// its aliases. What the code page cannot show of names is replaced, and counted; addresses are written so that they come
// back (KB Q175041). A list that somebody in left belongs to, who is not written, is only added to: to replace it would take
// them out.
func WriteImport(w io.Writer, entries, left []directory.Entry, f Format) (charset.Loss, error) {
	b := bufio.NewWriter(w)
	alias, loss := aliases(entries, f.Table)
	part := map[string]bool{}
	for _, e := range left {
		part[strings.ToLower(listOf(e.Address))] = true
	}
	list := ""
	for _, e := range sorted(entries) {
		if now := listOf(e.Address); !strings.EqualFold(now, list) {
			list = now
			head := "R"
			if part[strings.ToLower(list)] {
				head = "# part of"
			}
			fmt.Fprintf(b, "%s %s%s", head, f.Table.EncodeAddress(list), f.EOL)
		}
		a := alias[e.Key()]
		if a == "" {
			return loss, fmt.Errorf("the name %q of %s leaves no alias in code page %s", e.Name, e.Address, f.Table.Name())
		}
		address := typedAddress(e.Address)
		if strings.TrimSpace(address) != address {
			return loss, fmt.Errorf("the address %q of %s ends in a blank, which no file keeps", e.Address, e.Name)
		}
		blanks := strings.Repeat(" ", MaxAlias-len(a)) // of bytes: what looks like UTF-8 is none
		fmt.Fprintf(b, "A %s%s %s%s", a, blanks, f.Table.EncodeAddress(address), f.EOL)
	}
	return loss, b.Flush()
}

// sorted orders entries by list, and in each by name.
func sorted(entries []directory.Entry) []directory.Entry {
	out := slices.Clone(entries)
	slices.SortStableFunc(out, func(a, b directory.Entry) int {
		return cmp.Or(strings.Compare(strings.ToLower(listOf(a.Address)), strings.ToLower(listOf(b.Address))),
			strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.Key(), b.Key()))
	})
	return out
}

// typedAddress is an address as it stands in a file: a postoffice of the PC is PCM there.
func typedAddress(a mail.Address) string {
	if a.Type == mail.TypePC {
		return "PCM:" + a.Value
	}
	return a.Type + ":" + a.Value
}

// WriteRecipients writes entries as a recipients file, by name. A name or an address that holds the delimiter is an error,
// because nothing can protect it.
func WriteRecipients(w io.Writer, entries []directory.Entry, f Format) (charset.Loss, error) {
	b := bufio.NewWriter(w)
	var loss charset.Loss
	for _, e := range entries {
		name, lost := f.Table.Encode(e.Name)
		loss.Merge(lost)
		kind := e.Address.Type
		if kind == mail.TypePC {
			kind = "MS"
		}
		address := f.Table.EncodeAddress(e.Address.Value)
		if strings.IndexByte(name+address, f.Delimiter) >= 0 {
			return loss, fmt.Errorf("%q, %s: holds %q, which stands between the fields; choose another one", e.Name, e.Address, f.Delimiter)
		}
		fmt.Fprintf(b, "%s%c%s%c%s%s", name, f.Delimiter, kind, f.Delimiter, address, f.EOL)
	}
	return loss, b.Flush()
}
