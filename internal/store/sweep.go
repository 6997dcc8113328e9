package store

import (
	"context"
	"time"
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
	err := s.CommitCustody(ctx, func(tx *Tx) (err error) {
		horizon := s.sweepHorizon(tx.now)
		marks, before := &s.sweeping, s.sweeping
		defer func() {
			if err != nil {
				*marks = before // nothing was removed
			}
		}()
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
		n, err = tx.sweepTraces(&marks.all, horizon, max-went, false)
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
