package directory

import (
	"slices"
	"strings"
)

// Query says which entries are looked for.
type Query struct {
	// Text is looked for in names and addresses, in any letter case. Empty: everything matches.
	Text string
	// Prefix matches only the beginning of a name, of a word in it, or of an address.
	Prefix bool
	// Keep leaves out entries that match all the same; nil: none.
	Keep func(Entry) bool
	// After is the place behind which to go on; the zero Place is the beginning.
	After Place
}

// PlaceOf is the place of an entry, to go on behind it.
func PlaceOf(e Entry) Place { return place(e) }

// String is the place as text, for tokens.
func (p Place) String() string { return p.name + "\n" + p.key }

// ParsePlace reads the text of a place; that of any other text is somewhere.
func ParsePlace(text string) Place {
	name, key, _ := strings.Cut(text, "\n")
	return Place{name: name, key: key}
}

// Search returns up to max entries that match, in the order of the list.
func (l List) Search(q Query, max int) []Entry {
	if l.in == nil || max <= 0 {
		return nil
	}
	text := fold(q.Text)
	from, _ := slices.BinarySearchFunc(l.in.places, q.After, compare)
	if q.After != (Place{}) && from < l.Len() && l.in.places[from] == q.After {
		from++
	}
	var found []Entry
	for i := from; i < l.Len() && len(found) < max; i++ {
		here := matches(l.in.places[i].name, text, q.Prefix) || matches(l.in.addresses[i], text, q.Prefix)
		if here && (q.Keep == nil || q.Keep(l.in.entries[i])) {
			found = append(found, l.in.entries[i])
		}
	}
	return found
}

// matches reports whether text, or a word of it, begins with want, or whether it has it anywhere.
func matches(text, want string, prefix bool) bool {
	if !prefix {
		return strings.Contains(text, want)
	}
	return strings.HasPrefix(text, want) || strings.Contains(text, " "+want)
}
