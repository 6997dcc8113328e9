package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"sidegate/internal/mail"
)

// AddTrace records a step. End, Store and Time are filled in when they are zero.
func (tx *Tx) AddTrace(t Trace) {
	if !plain(string(t.MessageID)) {
		tx.fault(fmt.Errorf("store: trace: %q is no message ID", t.MessageID))
		return
	}
	if t.Store == "" {
		t.Store = tx.s.id
	}
	if t.End == "" && t.Store == tx.s.id {
		t.End = tx.s.o.End
	}
	if t.Time.IsZero() {
		t.Time = tx.now
	}
	tx.traces = append(tx.traces, t)
}

// finishTraces writes the steps. Their keys go on with the count of starts and the count of steps since the start,
// so that they stay in the order in which they were recorded.
func (tx *Tx) finishTraces() error {
	for _, t := range tx.traces {
		tx.s.counts.trace++
		key := tx.build(func(b []byte) []byte {
			b = appendID(append(b, tableTrace), string(t.MessageID))
			b = binary.BigEndian.AppendUint32(b, uint32(tx.s.epoch))
			return appendNumber(b, tx.s.counts.trace)
		})
		tx.set(key, tx.build(func(b []byte) []byte { return putTrace(b, &t) }))
	}
	return nil
}

func putTrace(b []byte, t *Trace) []byte {
	b = putTime(b, t.Time)
	b = putAddress(b, t.Recipient)
	b = putText(b, t.End)
	b = putText(b, string(t.Store))
	b = putText(b, t.Event)
	return putText(b, t.Detail)
}

func parseTrace(id mail.ID, value []byte) (Trace, error) {
	r := record{b: value}
	t := Trace{MessageID: id, Time: r.time()}
	t.Recipient = r.address()
	t.End = r.text()
	t.Store = mail.StoreID(r.text())
	t.Event = r.text()
	t.Detail = r.text()
	return t, r.err()
}

// Trace returns the steps of a message, in the order in which they were recorded here.
func (s *Store) Trace(id mail.ID) ([]Trace, error) {
	prefix := idKey(tableTrace, string(id))
	var steps []Trace
	var failed error
	err := s.engine.Scan(prefix, end(prefix), false, func(_, value []byte) bool {
		var t Trace
		if t, failed = parseTrace(id, value); failed != nil {
			return false
		}
		steps = append(steps, t)
		return true
	})
	if err = errors.Join(err, failed); err != nil {
		return nil, fmt.Errorf("store: trace of %s: %w", id, err)
	}
	return steps, nil
}
