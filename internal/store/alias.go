package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"sidegate/internal/mail"
)

// ErrTaken says that an address is that of another mailbox already, or an alias of one.
var ErrTaken = errors.New("the address belongs to another mailbox")

// Aliases lists the aliases of all mailboxes by key, each once.
func (s *Store) Aliases() []mail.Address {
	s.state.RLock()
	defer s.state.RUnlock()
	var list []mail.Address
	for _, alias := range slices.Sorted(maps.Keys(s.aliases)) {
		for _, a := range s.boxes[s.aliases[alias]].aliases {
			if a.Key() == alias {
				list = append(list, a)
			}
		}
	}
	return list
}

// AddAlias gives a mailbox a further address: whatever is done with the alias is done with the mailbox. It reports
// false if the alias leads there already. ErrNotFound if there is no such mailbox; ErrTaken if the alias is an address
// of another one.
func (tx *Tx) AddAlias(box, alias mail.Address) (bool, error) {
	c, err := tx.box(box)
	if err != nil {
		return false, err
	}
	if alias.IsZero() || !plain(alias.Key()) {
		return false, fmt.Errorf("store: %q is no address of a mailbox", alias)
	}
	switch key := tx.boxKey(alias); {
	case key == c.box.key:
		return false, nil
	default:
		if _, err := tx.box(alias); err == nil {
			return false, fmt.Errorf("store: alias %s of mailbox %s: %w", alias, box, ErrTaken)
		}
	}
	aliases := append(slices.Clone(c.currentAliases()), alias)
	c.aliases = &aliases
	tx.setAlias(alias, c.box.key)
	return true, nil
}

// RemoveAlias takes an alias from a mailbox; it reports whether the mailbox had it. ErrNotFound if there is no such
// mailbox.
func (tx *Tx) RemoveAlias(box, alias mail.Address) (bool, error) {
	c, err := tx.box(box)
	if err != nil {
		return false, err
	}
	rest := slices.DeleteFunc(slices.Clone(c.currentAliases()), func(a mail.Address) bool { return a.Key() == alias.Key() })
	if len(rest) == len(c.currentAliases()) {
		return false, nil
	}
	c.aliases = &rest
	tx.setAlias(alias, "")
	return true, nil
}

// boxKey is the key of the mailbox that an address leads to, as this commit leaves the aliases.
func (tx *Tx) boxKey(a mail.Address) string {
	key := a.Key()
	box, changed := tx.aliases[key]
	if !changed {
		box = tx.s.aliases[key]
	}
	if box != "" {
		return box
	}
	return key
}

// setAlias makes an alias lead to the mailbox of a key, or nowhere.
func (tx *Tx) setAlias(alias mail.Address, box string) {
	if tx.aliases == nil {
		tx.aliases = make(map[string]string)
	}
	tx.aliases[alias.Key()] = box
}

// publishAliases changes the aliases that readers see. Called with both locks held.
func (tx *Tx) publishAliases() {
	for alias, box := range tx.aliases {
		if box == "" {
			delete(tx.s.aliases, alias)
		} else {
			tx.s.aliases[alias] = box
		}
	}
}

// currentAliases are those of the mailbox as this commit leaves them.
func (c *boxChange) currentAliases() []mail.Address {
	if c.aliases != nil {
		return *c.aliases
	}
	return c.box.aliases
}

// Aliasing sums up the aliases of a store.
type Aliasing struct {
	Count int
	Bytes int // of their keys
}

// Aliasing sums up the aliases as this commit leaves them: those of one mailbox, nothing if it is not there, and all.
func (tx *Tx) Aliasing(a mail.Address) (of, all Aliasing) {
	for alias := range tx.s.aliases {
		if box, changed := tx.aliases[alias]; !changed || box != "" {
			all.add(alias)
		}
	}
	for alias, box := range tx.aliases {
		if _, was := tx.s.aliases[alias]; !was && box != "" {
			all.add(alias)
		}
	}
	if c, err := tx.box(a); err == nil {
		for _, alias := range c.currentAliases() {
			of.add(alias.Key())
		}
	}
	return of, all
}

func (s *Aliasing) add(key string) {
	s.Count++
	s.Bytes += len(key)
}
