package store

import (
	"errors"
	"fmt"
	"slices"

	"sidegate/internal/mail"
)

// Move takes recipients out of an entry and queues them in another lane under a new number: e's Due, Reason and
// Attempts apply there. With all recipients gone, the entry becomes a void in a receiver's lane and disappears from a
// waiting room. It returns the new number.
//
// From is e's, or the lane the entry comes from; but what moves between LaneDeferred and LaneHeld keeps the lane it
// waited in before both. Queued is kept.
func (tx *Tx) Move(from Lane, seq uint64, recipients []mail.Address, to Lane, e Entry) (uint64, error) {
	if !plain(string(to)) {
		return 0, fmt.Errorf("store: %q is no name of a lane", to)
	}
	old, all, err := tx.split(from, seq, recipients)
	if err != nil {
		return 0, err
	}
	moved := Entry{
		MessageID: old.MessageID, Recipients: recipients, Queued: old.Queued, Bytes: old.Bytes, Sender: old.Sender,
		Attempts: e.Attempts, Due: e.Due, Reason: e.Reason, From: e.From,
	}
	if moved.From == "" {
		if moved.From = from; (from == LaneDeferred || from == LaneHeld) && old.From != "" {
			moved.From = old.From
		}
	}
	if !all {
		tx.existing(old.MessageID).change++
	}
	return tx.append(to, moved), nil
}

// Remove takes recipients out of an entry for good; as Move, without queueing them anywhere.
func (tx *Tx) Remove(from Lane, seq uint64, recipients []mail.Address) error {
	old, all, err := tx.split(from, seq, recipients)
	if err != nil {
		return err
	}
	if all {
		tx.existing(old.MessageID).change--
	}
	return nil
}

// split takes recipients out of an entry; all reports that none is left. Whoever calls it counts the message.
func (tx *Tx) split(from Lane, seq uint64, recipients []mail.Address) (old Entry, all bool, err error) {
	c := tx.change(from)
	key := tx.entryKey(c, seq)
	value, err := tx.get(key)
	if err == nil {
		old, err = parseEntry(from, seq, value)
	}
	if err == nil && old.Void {
		err = ErrNotFound
	}
	var rest []mail.Address
	if err == nil {
		rest, err = without(old.Recipients, recipients)
	}
	if err != nil {
		return old, false, fmt.Errorf("store: lane %s, number %d: %w", from, seq, err)
	}
	switch {
	case len(rest) > 0:
		left := old
		left.Recipients = rest
		tx.set(key, tx.build(func(b []byte) []byte { return putEntry(b, &left) }))
		c.rewritten = true
	case from.room():
		tx.takeOut(c, key, old)
	default:
		tx.unset(tx.whereKey(old.MessageID, from, seq))
		tx.set(key, tx.build(func(b []byte) []byte { return putEntry(b, &Entry{Void: true}) }))
		c.depth++
		c.bytes += old.Bytes
		c.voided = append(c.voided, seq)
		c.rewritten = true
	}
	return old, len(rest) == 0, nil
}

// without is list less gone, every one of which has to be in it.
func without(list, gone []mail.Address) ([]mail.Address, error) {
	if len(gone) == 0 {
		return nil, errors.New("no recipient is named")
	}
	var rest []mail.Address
	found := 0
	keys := make([]string, len(gone))
	for i, a := range gone {
		keys[i] = a.Key()
	}
	for _, a := range list {
		if slices.Contains(keys, a.Key()) {
			found++
		} else {
			rest = append(rest, a)
		}
	}
	if found != len(gone) {
		return nil, fmt.Errorf("%w: %d of %d recipients wait there", ErrNotFound, found, len(gone))
	}
	return rest, nil
}
