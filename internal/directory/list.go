package directory

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"sidegate/internal/mail"
)

// List is a directory: one entry per address, by name. It never changes, and may be read from several goroutines. The
// zero List is empty.
type List struct{ in *index }

// index is what a list holds, arranged for looking up.
type index struct {
	entries   []Entry
	places    []Place            // of entries, in their order
	addresses []string           // likewise, in small letters, for searching
	at        map[string]int     // by key of the address
	named     map[string][]int32 // by folded friendly name and by folded user name
}

// Place is a place in the order of a list; lists with and without the entry itself have it.
type Place struct{ name, key string }

// ErrTooMuch says that a list would have more than MaxEntries or MaxBytes.
var ErrTooMuch = errors.New("too large for a directory")

// NewList makes a list. Two entries of one address are an error; so is ErrTooMuch.
func NewList(entries []Entry) (List, error) {
	if len(entries) > MaxEntries {
		return List{}, fmt.Errorf("directory: %d entries, the most is %d: %w", len(entries), MaxEntries, ErrTooMuch)
	}
	size, seen := 0, make(map[string]Entry, len(entries))
	for _, e := range entries {
		key := e.Key()
		if was, double := seen[key]; double {
			return List{}, fmt.Errorf("directory: %s is listed as %q and as %q", e.Address, was.Name, e.Name)
		}
		seen[key] = e
		size += e.size()
	}
	if size > MaxBytes {
		return List{}, fmt.Errorf("directory: names and addresses of %d bytes, the most is %d: %w", size, MaxBytes, ErrTooMuch)
	}
	return build(entries), nil
}

// Merge makes a list of several, however long it gets. Of entries with one address the first counts.
func Merge(lists ...[]Entry) List {
	seen := map[string]bool{}
	var all []Entry
	for _, entries := range lists {
		for _, e := range entries {
			if key := e.Key(); !seen[key] {
				seen[key] = true
				all = append(all, e)
			}
		}
	}
	return build(all)
}

func build(entries []Entry) List {
	if len(entries) == 0 {
		return List{}
	}
	in := &index{
		entries: slices.Clone(entries), places: make([]Place, len(entries)), addresses: make([]string, len(entries)),
		at: make(map[string]int, len(entries)), named: make(map[string][]int32, len(entries)),
	}
	places := make(map[Entry]Place, len(entries))
	for _, e := range entries {
		places[e] = place(e)
	}
	slices.SortFunc(in.entries, func(a, b Entry) int { return compare(places[a], places[b]) })
	for i, e := range in.entries {
		at := places[e]
		in.places[i], in.addresses[i], in.at[at.key] = at, strings.ToLower(e.Address.String()), i
		in.name(at.name, i)
		if user := fold(e.UserName()); user != at.name {
			in.name(user, i)
		}
	}
	return List{in: in}
}

func (in *index) name(folded string, i int) { in.named[folded] = append(in.named[folded], int32(i)) }

// Len is how many entries there are.
func (l List) Len() int {
	if l.in == nil {
		return 0
	}
	return len(l.in.entries)
}

// All lists the entries by name.
func (l List) All() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for i := range l.Len() {
			if !yield(l.in.entries[i]) {
				return
			}
		}
	}
}

// Lookup finds the entry of an address.
func (l List) Lookup(a mail.Address) (Entry, bool) {
	if l.in == nil {
		return Entry{}, false
	}
	i, ok := l.in.at[a.Key()]
	if !ok {
		return Entry{}, false
	}
	return l.in.entries[i], true
}

// Find returns every entry whose friendly name, or whose user name, is name; letter case and the number of blanks do not
// count. A name is somebody's only if one entry is returned.
func (l List) Find(name string) []Entry {
	if l.in == nil {
		return nil
	}
	var found []Entry
	for _, i := range l.in.named[fold(name)] {
		found = append(found, l.in.entries[i])
	}
	return found
}

// Equal reports whether both lists hold the same entries, letter by letter.
func (l List) Equal(other List) bool {
	return l.Len() == other.Len() && (l.in == other.in || slices.Equal(l.in.entries, other.in.entries))
}
