package directory

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

// Empty reports whether there is nothing to do.
func (d Diff) Empty() bool { return len(d.Added)+len(d.Removed)+len(d.Changed) == 0 }

// Apply does to a list what d says. Entries that d removes and that are not there are not missed.
func (d Diff) Apply(l List) (List, error) {
	now := make(map[string]Entry, l.Len()+len(d.Added))
	for e := range l.All() {
		now[e.Key()] = e
	}
	for _, e := range d.Removed {
		delete(now, e.Key())
	}
	for _, c := range d.Changed {
		delete(now, c.Old.Key())
		now[c.New.Key()] = c.New
	}
	for _, e := range d.Added {
		now[e.Key()] = e
	}
	entries := make([]Entry, 0, len(now))
	for _, e := range now {
		entries = append(entries, e)
	}
	return NewList(entries)
}
