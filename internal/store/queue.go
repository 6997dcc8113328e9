package store

import (
	"fmt"

	"sidegate/internal/mail"
)

// change is the account of what this commit does to a lane.
func (tx *Tx) change(name Lane) *laneChange {
	if c, ok := tx.lanes[name]; ok {
		return c
	}
	c := &laneChange{lane: tx.s.laneOf(name)}
	c.isNew = c.lane.assigned == 0
	c.assigned, c.floor, c.released = c.lane.assigned, c.lane.released, c.lane.released
	if tx.lanes == nil {
		tx.lanes = make(map[Lane]*laneChange)
	}
	tx.lanes[name] = c
	return c
}

func (tx *Tx) entryKey(c *laneChange, seq uint64) []byte {
	return tx.build(func(b []byte) []byte { return appendNumber(append(b, c.lane.prefix...), seq) })
}

func (tx *Tx) whereKey(id mail.ID, l Lane, seq uint64) []byte {
	return tx.build(func(b []byte) []byte { return whereKey(b, id, l, seq) })
}

// Enqueue puts a kept message into a lane for some recipients and returns its number. Bytes and Sender are those of
// the message; Queued is now, unless it is set.
func (tx *Tx) Enqueue(l Lane, e Entry) (uint64, error) {
	if !plain(string(l)) {
		return 0, fmt.Errorf("store: %q is no name of a lane", l)
	}
	if len(e.Recipients) == 0 {
		return 0, fmt.Errorf("store: lane %s: message %s is for nobody", l, e.MessageID)
	}
	held, err := tx.must(e.MessageID)
	if err != nil {
		return 0, err
	}
	if e.Queued.IsZero() {
		e.Queued = tx.now
	}
	e.Bytes, e.Sender = held.message.Size, held.message.Sender
	held.change++
	return tx.append(l, e), nil
}

// append gives an entry the next number of a lane. Whoever calls it counts the message.
func (tx *Tx) append(l Lane, e Entry) uint64 {
	c := tx.change(l)
	c.assigned++
	seq := c.assigned
	e.Void = false
	tx.set(tx.entryKey(c, seq), tx.build(func(b []byte) []byte { return putEntry(b, &e) }))
	tx.set(tx.whereKey(e.MessageID, l, seq), []byte{})
	c.added = append(c.added, addedEntry{seq, e.Queued, e.Bytes})
	return seq
}
