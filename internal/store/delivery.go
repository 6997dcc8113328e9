package store

import (
	"time"

	"sidegate/internal/mail"
)

// boxIndex says where a message is in a mailbox, or when it was deleted from there.
type boxIndex struct {
	position uint64 // 0 for a deleted one
	deleted  time.Time
}

func putBoxIndex(b []byte, i boxIndex) []byte { return putTime(putUint(b, i.position), i.deleted) }

func parseBoxIndex(value []byte) (boxIndex, error) {
	r := record{b: value}
	i := boxIndex{position: r.uint(), deleted: r.time()}
	return i, r.err()
}

func (tx *Tx) boxEntryKey(c *boxChange, position uint64) []byte {
	return tx.build(func(b []byte) []byte {
		return appendNumber(appendText(append(b, tableBoxEntry), c.box.key), position)
	})
}

func (tx *Tx) boxIndexKey(c *boxChange, id mail.ID) []byte {
	return tx.build(func(b []byte) []byte { return boxIndexKey(b, c.box.key, id) })
}

// Deliver puts a kept message into a mailbox. It reports false, and does nothing, when that mailbox has or had the
// message already (within Retention). ErrNotFound if there is no such mailbox.
func (tx *Tx) Deliver(a mail.Address, id mail.ID) (bool, error) {
	c, err := tx.box(a)
	if err != nil {
		return false, err
	}
	key := tx.boxIndexKey(c, id)
	index, err := tx.boxIndex(key)
	switch {
	case absent(err):
	case err != nil:
		return false, err
	case index.position > 0 || index.deleted.After(tx.s.horizon(tx.now)):
		return false, nil
	}
	held, err := tx.must(id)
	if err != nil {
		return false, err
	}
	held.change++
	c.last++
	c.messages++
	c.unread++
	tx.set(key, tx.build(func(b []byte) []byte { return putBoxIndex(b, boxIndex{position: c.last}) }))
	tx.set(tx.boxEntryKey(c, c.last), tx.build(func(b []byte) []byte {
		return putBoxEntry(b, boxEntry{id: id, delivered: tx.now})
	}))
	return true, nil
}

func (tx *Tx) boxIndex(key []byte) (boxIndex, error) {
	value, err := tx.get(key)
	if err != nil {
		return boxIndex{}, err
	}
	return parseBoxIndex(value)
}

// present finds a message in a mailbox: the key of its entry and the entry. The key is nil if it is not there.
func (tx *Tx) present(c *boxChange, id mail.ID) (key []byte, e boxEntry, err error) {
	index, err := tx.boxIndex(tx.boxIndexKey(c, id))
	if absent(err) || err == nil && index.position == 0 {
		return nil, e, nil
	}
	if err != nil {
		return nil, e, err
	}
	key = tx.boxEntryKey(c, index.position)
	value, err := tx.get(key)
	if err != nil {
		return nil, e, err
	}
	e, err = parseBoxEntry(value)
	return key, e, err
}

// Acknowledged reports whether a message is in a mailbox, as this commit leaves it, and whether it was marked as received.
// ErrNotFound if there is no such mailbox.
func (tx *Tx) Acknowledged(a mail.Address, id mail.ID) (there, acknowledged bool, err error) {
	c, err := tx.box(a)
	if err != nil {
		return false, false, err
	}
	key, e, err := tx.present(c, id)
	return key != nil && err == nil, e.acknowledged, err
}

// Acknowledge marks a message in a mailbox as received; it reports whether it is there.
func (tx *Tx) Acknowledge(a mail.Address, id mail.ID) (bool, error) {
	c, err := tx.box(a)
	if err != nil {
		return false, err
	}
	key, e, err := tx.present(c, id)
	if err != nil || key == nil {
		return false, err
	}
	if !e.acknowledged {
		e.acknowledged = true
		c.unread--
		tx.set(key, tx.build(func(b []byte) []byte { return putBoxEntry(b, e) }))
	}
	return true, nil
}

// Delete removes a message from a mailbox; it reports whether it was there.
func (tx *Tx) Delete(a mail.Address, id mail.ID) (bool, error) {
	c, err := tx.box(a)
	if err != nil {
		return false, err
	}
	key, e, err := tx.present(c, id)
	if err != nil || key == nil {
		return false, err
	}
	tx.deleteEntry(c, key, e)
	return true, nil
}

// deleteEntry removes an entry and remembers that the mailbox had its message.
func (tx *Tx) deleteEntry(c *boxChange, key []byte, e boxEntry) {
	tx.unset(key)
	tx.existing(e.id).change--
	c.messages--
	if !e.acknowledged {
		c.unread--
	}
	tx.set(tx.boxIndexKey(c, e.id), tx.build(func(b []byte) []byte {
		return putBoxIndex(b, boxIndex{deleted: tx.now})
	}))
	tx.remember(deletedKey(tx.now, c.box.key, e.id))
}

func deletedKey(t time.Time, box string, id mail.ID) []byte {
	return appendID(appendText(timeKey(tableDeleted, t), box), string(id))
}
