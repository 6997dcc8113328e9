package store

import (
	"fmt"

	"sidegate/internal/mail"
	"sidegate/internal/wire"
)

// heldMessage counts, within one commit, the places that hold a message.
type heldMessage struct {
	id      mail.ID
	existed bool
	counted bool // base has been read
	base    int  // places before the commit
	change  int
	message *mail.Message // nil for one that existed and was not looked at
	content *Draft        // of a new message; nil if it is empty
	written bool          // the batch names the message and its content
}

// Keep makes the store hold a message. Its content is a sealed Draft of this store, or any other content, which is
// then copied; nil for an empty one. A message the store holds already is left as it is. A message is let go by
// itself when no lane, mailbox or bad mail holds it any more; one that nothing holds at the end of the commit is not
// kept.
func (tx *Tx) Keep(m *mail.Message, c mail.Content) error {
	if !plain(string(m.ID)) {
		return fmt.Errorf("store: keep: %q is no message ID", m.ID)
	}
	held, err := tx.find(m.ID)
	if err != nil {
		return err
	}
	if held != nil {
		return nil
	}
	held = tx.hold(m.ID)
	held.message, held.counted = m, true
	if err := tx.takeContent(held, c); err != nil {
		delete(tx.messages, m.ID)
		tx.order = tx.order[:len(tx.order)-1]
		return fmt.Errorf("store: keep %s: %w", m.ID, err)
	}
	return nil
}

// find returns a message that the store holds or this commit keeps, or nil.
func (tx *Tx) find(id mail.ID) (*heldMessage, error) {
	if held, ok := tx.messages[id]; ok && held.message != nil {
		return held, nil
	}
	value, err := tx.s.engine.Get(tx.idKey(tableMessage, string(id)))
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := wire.Unmarshal(value)
	if err != nil {
		return nil, err
	}
	held := tx.existing(id)
	held.message = m
	return held, nil
}

// existing is the account of a message that some record of the store names.
func (tx *Tx) existing(id mail.ID) *heldMessage {
	if held, ok := tx.messages[id]; ok {
		return held
	}
	held := tx.hold(id)
	held.existed = true
	return held
}

func (tx *Tx) hold(id mail.ID) *heldMessage {
	held := &heldMessage{id: id}
	if tx.messages == nil {
		tx.messages = make(map[mail.ID]*heldMessage)
	}
	tx.messages[id] = held
	tx.order = append(tx.order, id)
	return held
}

// must is find for a message that has to be there.
func (tx *Tx) must(id mail.ID) (*heldMessage, error) {
	held, err := tx.find(id)
	if err == nil && held == nil {
		err = fmt.Errorf("store: message %s has not been kept", id)
	}
	return held, err
}

func (tx *Tx) idKey(table byte, id string) []byte {
	return tx.build(func(b []byte) []byte { return appendID(append(b, table), id) })
}

// finishMessages writes new messages, and removes those that nothing holds any more.
func (tx *Tx) finishMessages() error {
	for _, id := range tx.order {
		held := tx.messages[id]
		if held.change == 0 {
			continue
		}
		if err := tx.count(held); err != nil {
			return err
		}
		places := held.base + held.change
		switch {
		case places < 0:
			return fmt.Errorf("store: message %s is held by %d places: the count is wrong", id, places)
		case places == 0 && held.existed:
			tx.letGo(held)
		case places > 0 && !held.existed:
			tx.writeMessage(held)
			fallthrough
		case places > 0:
			tx.writeRefs(held, places)
		}
	}
	return nil
}

// count reads how many places held a message before the commit.
func (tx *Tx) count(held *heldMessage) error {
	if held.counted {
		return nil
	}
	held.counted, held.base = true, 1
	value, err := tx.s.engine.Get(tx.idKey(tableRefs, string(held.id)))
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	r := record{b: value}
	held.base = int(r.uint())
	return r.err()
}

func (tx *Tx) writeRefs(held *heldMessage, places int) {
	switch {
	case places != 1 && places != held.base:
		tx.set(tx.idKey(tableRefs, string(held.id)), putUint(nil, uint64(places)))
	case places == 1 && held.base > 1:
		tx.unset(tx.idKey(tableRefs, string(held.id)))
	}
}

func (tx *Tx) writeMessage(held *heldMessage) {
	held.written = true
	tx.set(tx.idKey(tableMessage, string(held.id)), wire.Marshal(held.message))
	d := held.content
	switch {
	case d == nil || d.size == 0:
	case d.name == "":
		tx.set(tx.idKey(tableInline, string(held.id)), d.inline)
	default:
		tx.set(tx.idKey(tableFile, string(held.id)), []byte(d.name))
		if tx.files == nil {
			tx.files = make(map[mail.ID]string)
		}
		tx.files[held.id] = d.name
	}
}

func (tx *Tx) letGo(held *heldMessage) {
	tx.unset(tx.idKey(tableMessage, string(held.id)))
	if held.base != 1 {
		tx.unset(tx.idKey(tableRefs, string(held.id)))
	}
	if name, ok := tx.s.files[held.id]; ok {
		tx.unset(tx.idKey(tableFile, string(held.id)))
		tx.removed = append(tx.removed, name)
		tx.dropped = append(tx.dropped, held.id)
		return
	}
	tx.unset(tx.idKey(tableInline, string(held.id)))
}

// Message returns a message the store keeps, or ErrNotFound.
func (s *Store) Message(id mail.ID) (*mail.Message, error) {
	value, err := s.engine.Get(idKey(tableMessage, string(id)))
	if err != nil {
		return nil, fmt.Errorf("store: message %s: %w", id, err)
	}
	return wire.Unmarshal(value)
}
