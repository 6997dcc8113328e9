package addressbook

import (
	"cmp"
	"maps"
	"slices"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
)

// Kind says how an end came by an entry.
type Kind uint8

// The kinds of entries, in the order in which they count.
const (
	Mailbox   Kind = iota + 1 // of a named mailbox here
	Imported                  // imported here
	Announced                 // told by a peer
)

// Source is where an entry comes from.
type Source struct {
	Kind Kind
	End  string // this one, or the peer
}

// View is everything known at one moment. It never changes.
type View struct {
	directory.List
	sources map[string]Source // by key of the address
}

// Source is where an entry of the view comes from.
func (v *View) Source(e directory.Entry) Source { return v.sources[e.Key()] }

// View is everything known now.
func (b *Book) View() *View {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.view == nil {
		b.view = b.newView()
	}
	return b.view
}

func (b *Book) newView() *View {
	v := &View{sources: map[string]Source{}}
	lists := [][]directory.Entry{values(b.mailboxes), slices.Collect(b.imported.All())}
	from := []Source{{Mailbox, b.o.End}, {Imported, b.o.End}}
	for _, t := range b.ranked() {
		lists = append(lists, slices.Collect(t.list.All()))
		from = append(from, Source{Announced, t.end})
	}
	for i, entries := range lists {
		for _, e := range entries {
			if key := e.Key(); v.sources[key].Kind == 0 {
				v.sources[key] = from[i]
			}
		}
	}
	v.List = directory.Merge(lists...)
	return v
}

// ranked lists what peers told, by name. Of two stores under one name, the one that was not heard since the start is one
// that the other has taken the place of.
func (b *Book) ranked() []told {
	live := map[string]bool{}
	for _, t := range b.peers {
		if t.heard {
			live[t.end] = true
		}
	}
	type ranking struct {
		id mail.StoreID
		told
	}
	var all []ranking
	for id, t := range maps.All(b.peers) {
		if t.heard || !live[t.end] {
			all = append(all, ranking{id, t})
		}
	}
	slices.SortFunc(all, func(a, b ranking) int { return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.id, b.id)) })
	out := make([]told, len(all))
	for i, r := range all {
		out[i] = r.told
	}
	return out
}
