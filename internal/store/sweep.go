package store

import (
	"context"
	"encoding/binary"
	"time"

	"sidegate/internal/mail"
)

// sweepMarks are the keys from which the sweep of each table goes on, so that it does not pass over the remains of
// what it removed before.
type sweepMarks struct {
	deleted, answered []byte
	young             []byte // in the order of the messages' own times
	all               []byte // round and round the traces
}

// Sweep removes what is past its retention, at most max records, and reports how many went. It is called now and then.
//
// Swept are the memory of deleted messages, answered requests, and, before their time, the oldest of both while they take
// more than RememberBytes; and the traces of messages the store no longer keeps.
func (s *Store) Sweep(ctx context.Context, max int) (int, error) {
	went := 0
	err := s.CommitCustody(ctx, func(tx *Tx) error {
		horizon := s.sweepHorizon(tx.now)
		marks := &s.sweeping
		n, err := tx.sweepTimes(tableDeleted, &marks.deleted, horizon, max, tx.forgetDeleted)
		if err != nil {
			return err
		}
		went += n
		if n, err = tx.sweepTimes(tableAnswered, &marks.answered, horizon, max-went, tx.forgetRequest); err != nil {
			return err
		}
		went += n
		if n, err = tx.sweepExcess(max - went); err != nil {
			return err
		}
		went += n
		if n, err = tx.sweepTraces(&marks.young, horizon, max-went, true); err != nil {
			return err
		}
		went += n
		n, err = tx.sweepTraces(&marks.all, horizon, (max-went+7)/8, false)
		went += n
		return err
	})
	if err != nil {
		return 0, err
	}
	return went, nil
}

// sweepTimes removes up to max records of a table that is sorted by time, with what they stand for.
func (tx *Tx) sweepTimes(table byte, mark *[]byte, horizon time.Time, max int, forget func(at uint64, rest []byte) error) (int, error) {
	keys, err := tx.timesFrom(table, *mark, timeKey(table, horizon), max)
	if err != nil {
		return 0, err
	}
	for _, key := range keys {
		if err := tx.forgetTime(key, mark, forget); err != nil {
			return 0, err
		}
	}
	return len(keys), nil
}

// timesFrom are up to max keys of a table that is sorted by time, from the mark on and below upper.
func (tx *Tx) timesFrom(table byte, mark, upper []byte, max int) (keys [][]byte, err error) {
	if mark == nil {
		mark = []byte{table}
	}
	err = tx.s.engine.Scan(mark, upper, false, func(key, _ []byte) bool {
		if len(keys) >= max {
			return false
		}
		keys = append(keys, append([]byte(nil), key...))
		return true
	})
	return keys, err
}

// forgetTime removes one key of a table that is sorted by time, with what it stands for.
func (tx *Tx) forgetTime(key []byte, mark *[]byte, forget func(at uint64, rest []byte) error) error {
	at, rest, _ := cutNumber(key[1:])
	if err := forget(at, rest); err != nil {
		return err
	}
	tx.unremember(key)
	*mark = append(key, 0)
	return nil
}

// forgetDeleted forgets that a mailbox had a message, unless it was deleted once more since.
func (tx *Tx) forgetDeleted(at uint64, rest []byte) error {
	key := append([]byte{tableBoxIndex}, rest...)
	index, err := tx.boxIndex(key)
	if absent(err) {
		return nil
	}
	if err == nil && index.position == 0 && uint64(index.deleted.UnixMilli()) == at {
		tx.unset(key)
	}
	return err
}

// forgetRequest forgets an answered request, unless it was answered anew since.
func (tx *Tx) forgetRequest(at uint64, rest []byte) error {
	key := append([]byte{tableRequest}, rest...)
	value, err := tx.get(key)
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	a, err := parseAnswer(value)
	if err == nil && uint64(a.time.UnixMilli()) == at {
		tx.unset(key)
	}
	return err
}

// sweepTraces looks at up to max steps from the mark on, and removes the old ones of messages that are gone. With
// young it stops at the first message whose ID says that it is young: IDs begin with the time (RFC 9562, version 7),
// and so do the keys. Without, it goes round all traces, for what the other way passed by.
func (tx *Tx) sweepTraces(mark *[]byte, horizon time.Time, max int, young bool) (int, error) {
	lower, upper := []byte{tableTrace}, []byte{tableTrace + 1}
	if *mark != nil {
		lower = *mark
	}
	type step struct {
		key []byte
		id  mail.ID
	}
	var old []step
	var last []byte
	looked := 0
	err := tx.s.engine.Scan(lower, upper, false, func(key, value []byte) bool {
		if looked >= max || young && idIsYoung(key, horizon) {
			return false
		}
		looked++
		last = append(last[:0], key...)
		name, _, _ := cutID(key[1:])
		if t, err := parseTrace(mail.ID(name), value); err == nil && t.Time.Before(horizon) {
			old = append(old, step{append([]byte(nil), key...), mail.ID(name)})
		}
		return true
	})
	if err != nil {
		return 0, err
	}
	switch {
	case last != nil && (young || looked >= max):
		*mark = append(last, 0)
	case !young:
		*mark = nil // round once: begin anew the next time
	}
	went := 0
	for _, step := range old {
		if _, known := tx.changed(step.key); known {
			continue
		}
		kept, err := tx.keeps(step.id)
		if err != nil {
			return 0, err
		}
		if !kept {
			tx.unset(step.key)
			went++
		}
	}
	return went, nil
}

// keeps reports whether the store keeps a message.
func (tx *Tx) keeps(id mail.ID) (bool, error) {
	_, err := tx.s.engine.Get(tx.idKey(tableMessage, string(id)))
	if absent(err) {
		return false, nil
	}
	return err == nil, err
}

// idIsYoung reports whether the UUID in a key of the traces names a time after the horizon.
func idIsYoung(key []byte, horizon time.Time) bool {
	if len(key) < 2+uuidSize || key[1] != 'u' {
		return true
	}
	var ms [8]byte
	copy(ms[2:], key[2:8])
	return int64(binary.BigEndian.Uint64(ms[:])) > horizon.UnixMilli()
}
