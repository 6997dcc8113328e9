package store

import (
	"encoding/binary"
	"time"

	"sidegate/internal/mail"
)

// looked is how many steps of traces are looked at for each record that may be removed: those of messages that are kept
// must not hold up the rest.
const looked = 4

// sweepTraces goes on from the mark and removes up to max old steps of messages that are gone. With young it stops at the
// first message whose ID says that it is young: IDs begin with the time (RFC 9562, version 7), and so do the keys.
// Without, it goes round all traces, for what the other way passed by.
func (tx *Tx) sweepTraces(mark *[]byte, horizon time.Time, max int, young bool) (int, error) {
	if max <= 0 {
		return 0, nil
	}
	old, next, err := tx.oldSteps(*mark, horizon, looked*max, young)
	if err != nil {
		return 0, err
	}
	went, kept, last := 0, false, mail.ID("")
	for _, step := range old {
		if _, known := tx.changed(step.key); known {
			continue
		}
		if went == max {
			next = step.key
			break
		}
		if step.id != last {
			if kept, err = tx.keeps(step.id); err != nil {
				return 0, err
			}
			last = step.id
		}
		if !kept {
			tx.unset(step.key)
			went++
		}
	}
	if next != nil || !young {
		*mark = next // nil: round once, and begin anew
	}
	return went, nil
}

// oldStep is a step of a trace that is past its retention.
type oldStep struct {
	key []byte
	id  mail.ID
}

// oldSteps looks at up to most steps from the mark on and returns the old ones, and where to go on. That is nil when there
// was nothing to look at, and at the end of the traces unless young.
func (tx *Tx) oldSteps(mark []byte, horizon time.Time, most int, young bool) (old []oldStep, next []byte, err error) {
	if mark == nil {
		mark = []byte{tableTrace}
	}
	n := 0
	var last []byte
	err = tx.s.engine.Scan(mark, []byte{tableTrace + 1}, false, func(key, value []byte) bool {
		if n >= most || young && idIsYoung(key, horizon) {
			return false
		}
		n++
		last = append(last[:0], key...)
		name, _, _ := cutID(key[1:])
		if t, err := parseTrace(mail.ID(name), value); err == nil && t.Time.Before(horizon) {
			old = append(old, oldStep{append([]byte(nil), key...), mail.ID(name)})
		}
		return true
	})
	if last != nil && (young || n >= most) {
		next = append(last, 0)
	}
	return old, next, err
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
