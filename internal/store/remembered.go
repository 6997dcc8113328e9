package store

import "bytes"

// Remembered is what the memory against duplicates holds: answered requests, and what mailboxes had once.
type Remembered struct {
	Records int
	Bytes   int64
	// Early counts the records that went before their time, since the start, because there were too many.
	Early uint64
}

// Remembered tells how much is remembered.
func (s *Store) Remembered() Remembered {
	s.state.RLock()
	defer s.state.RUnlock()
	return s.remembered
}

// cost is about what one record of the memory takes on disk, by its key in the order of time: the key itself, the record it
// stands for, which has the rest of it as its own key, and a hash, an ID and a time there.
func cost(timeKey []byte) int64 { return 2*int64(len(timeKey)) + 96 }

// remember puts a key of the memory. A clock that was set back stamps below what has been swept already: then the sweep
// has to go on from there.
func (tx *Tx) remember(timeKey []byte) {
	mark := &tx.s.sweeping.deleted
	if timeKey[0] == tableAnswered {
		mark = &tx.s.sweeping.answered
	}
	if bytes.Compare(timeKey, *mark) < 0 {
		*mark = timeKey
	}
	tx.set(timeKey, []byte{})
	tx.remembered.Records++
	tx.remembered.Bytes += cost(timeKey)
}

// unremember removes a key of the memory.
func (tx *Tx) unremember(timeKey []byte) {
	tx.unset(timeKey)
	tx.remembered.Records--
	tx.remembered.Bytes -= cost(timeKey)
}

func (r *Remembered) add(change Remembered) {
	r.Records += change.Records
	r.Bytes += change.Bytes
	r.Early += change.Early
}

func (s *Store) loadRemembered() error {
	for _, table := range []byte{tableDeleted, tableAnswered} {
		err := s.table(table, func(key, _ []byte) error {
			s.remembered.Records++
			s.remembered.Bytes += cost(key)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sweepExcess removes up to max of the oldest records while the memory holds more than its limit. A duplicate that comes
// later than that is not recognised, which is better than a disk that fills with what nobody may ask for again.
func (tx *Tx) sweepExcess(max int) (int, error) {
	held := func() int64 { return tx.s.remembered.Bytes + tx.remembered.Bytes }
	if held() <= tx.s.o.RememberBytes || max <= 0 {
		return 0, nil
	}
	marks := &tx.s.sweeping
	deleted, err := tx.timesFrom(tableDeleted, marks.deleted, []byte{tableDeleted + 1}, max)
	if err != nil {
		return 0, err
	}
	answered, err := tx.timesFrom(tableAnswered, marks.answered, []byte{tableAnswered + 1}, max)
	if err != nil {
		return 0, err
	}
	went := 0
	for ; went < max && held() > tx.s.o.RememberBytes && len(deleted)+len(answered) > 0; went++ {
		var err error
		if len(answered) == 0 || len(deleted) > 0 && bytes.Compare(deleted[0][1:], answered[0][1:]) <= 0 {
			err = tx.forgetTime(deleted[0], &marks.deleted, tx.forgetDeleted)
			deleted = deleted[1:]
		} else {
			err = tx.forgetTime(answered[0], &marks.answered, tx.forgetRequest)
			answered = answered[1:]
		}
		if err != nil {
			return went, err
		}
	}
	tx.remembered.Early += uint64(went)
	return went, nil
}
