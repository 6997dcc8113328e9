package directory

import (
	"maps"
	"slices"
	"strings"

	"sidegate/internal/mail"
)

// Step is one step of an update; one of its fields is set.
type Step struct {
	// Put puts an entry in, in place of a former one of its address.
	Put *Entry
	// Remove takes the entry of an address out, if there is one.
	Remove *mail.Address
	// Replace takes out every entry whose address it covers.
	Replace *mail.Pattern
}

// Updated does steps to a list, one after the other, and returns what comes out. What a list held before it was replaced
// and holds after it in the same spelling did not change.
func (l List) Updated(steps []Step) (List, error) {
	now := groups{}
	for e := range l.All() {
		now.put(e)
	}
	for _, s := range steps {
		switch {
		case s.Put != nil:
			now.put(*s.Put)
		case s.Remove != nil:
			now.remove(*s.Remove)
		case s.Replace != nil:
			now.replace(*s.Replace)
		}
	}
	var entries []Entry
	for _, g := range now {
		entries = slices.AppendSeq(entries, maps.Values(g))
	}
	return NewList(entries)
}

// groups are entries by key, those of a postoffice, of a server or of another type together. A file that replaces each of a
// thousand such lists does not look at everybody a thousand times.
type groups map[string]map[string]Entry

// group is the name of the group that an address belongs to.
func group(a mail.Address) string {
	parts := a.Parts()
	return a.Type + ":" + strings.ToLower(strings.Join(parts[:len(parts)-1], "/"))
}

func (g groups) put(e Entry) {
	name := group(e.Address)
	if g[name] == nil {
		g[name] = map[string]Entry{}
	}
	g[name][e.Key()] = e
}

func (g groups) remove(a mail.Address) { delete(g[group(a)], a.Key()) }

// replace takes out whom a pattern covers.
func (g groups) replace(p mail.Pattern) {
	covered := func(_ string, e Entry) bool { return p.Match(e.Address) }
	if a, err := mail.ParseAddress(p.String()); err == nil && !strings.Contains(group(a), "*") {
		maps.DeleteFunc(g[group(a)], covered)
		return
	}
	for name, entries := range g {
		if maps.DeleteFunc(entries, covered); len(entries) == 0 {
			delete(g, name)
		}
	}
}
