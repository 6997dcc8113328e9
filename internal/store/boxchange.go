package store

import (
	"errors"
	"fmt"
	"slices"

	"sidegate/internal/mail"
)

// boxChange is what one commit does to a mailbox.
type boxChange struct {
	box      *box
	fresh    *boxRecord      // made by this commit
	owners   *[]string       // replaced by this commit
	aliases  *[]mail.Address // replaced by this commit
	dropped  bool
	last     uint64
	reserved uint64
	messages int
	unread   int
}

// box is the account of what this commit does to the mailbox that an address leads to, or ErrNotFound.
func (tx *Tx) box(a mail.Address) (*boxChange, error) {
	key := tx.boxKey(a)
	c, ok := tx.boxes[key]
	if !ok {
		b, known := tx.s.boxes[key]
		if !known {
			b = &box{key: key, dropped: true}
		}
		c = &boxChange{box: b, dropped: b.dropped, last: b.last, reserved: b.reserved}
		if tx.boxes == nil {
			tx.boxes = make(map[string]*boxChange)
		}
		tx.boxes[key] = c
	}
	if c.dropped {
		return c, fmt.Errorf("store: mailbox %s: %w", a, ErrNotFound)
	}
	return c, nil
}

// AddMailbox makes a mailbox; it reports false if there is one. Within a Tx, Deliver sees it.
func (tx *Tx) AddMailbox(a mail.Address, owners []string) (bool, error) {
	if a.IsZero() || !plain(a.Key()) {
		return false, fmt.Errorf("store: %q is no address of a mailbox", a)
	}
	c, err := tx.box(a)
	if err == nil {
		return false, nil
	}
	c.dropped = false
	c.fresh = &boxRecord{address: a, created: tx.now}
	owners = slices.Clone(owners)
	c.owners, c.aliases = &owners, new([]mail.Address)
	return true, nil
}

// SetOwners replaces a mailbox's owners; ErrNotFound if there is none.
func (tx *Tx) SetOwners(a mail.Address, owners []string) error {
	c, err := tx.box(a)
	if err != nil {
		return err
	}
	owners = slices.Clone(owners)
	c.owners = &owners
	return nil
}

// DropMailbox removes a mailbox with its aliases and every message in it; ErrNotFound if there is none.
func (tx *Tx) DropMailbox(a mail.Address) error {
	c, err := tx.box(a)
	if err != nil {
		return err
	}
	keys := make(map[string]bool)
	prefix := textKey(tableBoxEntry, c.box.key)
	if err := tx.s.engine.Scan(prefix, end(prefix), false, func(key, _ []byte) bool {
		keys[string(key)] = true
		return true
	}); err != nil {
		return fmt.Errorf("store: drop mailbox %s: %w", a, err)
	}
	for position := c.box.last + 1; position <= c.last; position++ {
		keys[string(numberKey(prefix, position))] = true
	}
	for _, key := range sortedKeys(keys) {
		value, err := tx.get([]byte(key))
		if absent(err) {
			continue // deleted by this commit
		}
		var e boxEntry
		if err == nil {
			e, err = parseBoxEntry(value)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("store: drop mailbox %s", a), err)
		}
		tx.deleteEntry(c, []byte(key), e)
	}
	for _, alias := range c.currentAliases() {
		tx.setAlias(alias, "")
	}
	c.dropped, c.fresh, c.owners, c.aliases = true, nil, nil, nil
	return nil
}

// finishBoxes writes the mailboxes that were made, changed or dropped, or that need more positions.
func (tx *Tx) finishBoxes() error {
	for _, key := range sortedKeys(tx.boxes) {
		c := tx.boxes[key]
		if c.dropped == c.box.dropped && c.owners == nil && c.aliases == nil && c.last <= c.reserved {
			continue
		}
		if c.dropped && c.last == 0 {
			tx.unset(textKey(tableBox, key)) // it never had a message: nothing to remember
			continue
		}
		if c.last > c.reserved {
			c.reserved = c.last + positionsAhead
		}
		r := boxRecord{address: c.box.address, owners: c.box.owners, created: c.box.created, reserved: c.reserved, dropped: c.dropped,
			aliases: c.currentAliases()}
		if c.fresh != nil {
			r.address, r.created = c.fresh.address, c.fresh.created
		}
		if c.owners != nil {
			r.owners = *c.owners
		}
		tx.set(textKey(tableBox, key), putBox(nil, r))
	}
	return nil
}

// publish changes the mailbox. Called with both locks held.
func (c *boxChange) publish(s *Store) {
	b := c.box
	if c.dropped && b.dropped {
		return
	}
	if c.fresh != nil {
		b.address, b.created = c.fresh.address, c.fresh.created
	}
	if c.owners != nil {
		b.owners = *c.owners
	}
	b.aliases = c.currentAliases()
	b.last, b.reserved = c.last, c.reserved
	b.messages += c.messages
	b.unread += c.unread
	b.dropped = c.dropped
	if b.dropped {
		b.aliases = nil
		b.shown.broadcast()
	}
	s.boxes[b.key] = b
}
