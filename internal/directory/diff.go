package directory

import (
	"iter"
	"slices"
)

// Diff is what has to be done to one list to make another of it. Each of its parts is in the order of lists.
type Diff struct {
	Added   []Entry
	Removed []Entry
	Changed []Change
}

// Change is an entry whose name, or the spelling of whose address, is another one.
type Change struct{ Old, New Entry }

// Compare tells what changed from old to now, address by address.
func Compare(old, now List) Diff {
	var d Diff
	for e := range now.All() {
		was, known := old.Lookup(e.Address)
		switch {
		case !known:
			d.Added = append(d.Added, e)
		case was != e:
			d.Changed = append(d.Changed, Change{Old: was, New: e})
		}
	}
	for e := range old.All() {
		if _, still := now.Lookup(e.Address); !still {
			d.Removed = append(d.Removed, e)
		}
	}
	return d
}

// All lists every difference by name, what is added as a change from nothing and what is removed as one to nothing.
func (d Diff) All() iter.Seq[Change] {
	all := slices.Clone(d.Changed)
	for _, e := range d.Added {
		all = append(all, Change{New: e})
	}
	for _, e := range d.Removed {
		all = append(all, Change{Old: e})
	}
	slices.SortStableFunc(all, func(a, b Change) int { return compare(a.place(), b.place()) })
	return slices.Values(all)
}

// place is where a change stands among others: with what is there now, or with what was.
func (c Change) place() Place {
	if c.New == (Entry{}) {
		return place(c.Old)
	}
	return place(c.New)
}

// Empty reports whether there is nothing to do.
func (d Diff) Empty() bool { return len(d.Added)+len(d.Removed)+len(d.Changed) == 0 }
