package directory

import (
	"fmt"

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
	now := make(map[string]Entry, l.Len())
	for e := range l.All() {
		now[e.Key()] = e
	}
	for _, s := range steps {
		switch {
		case s.Put != nil:
			now[s.Put.Key()] = *s.Put
			if len(now) > 2*MaxEntries {
				return List{}, fmt.Errorf("directory: an update through more than %d entries: %w", 2*MaxEntries, ErrTooMuch)
			}
		case s.Remove != nil:
			delete(now, s.Remove.Key())
		case s.Replace != nil:
			for key, e := range now {
				if s.Replace.Match(e.Address) {
					delete(now, key)
				}
			}
		}
	}
	entries := make([]Entry, 0, len(now))
	for _, e := range now {
		entries = append(entries, e)
	}
	return NewList(entries)
}
