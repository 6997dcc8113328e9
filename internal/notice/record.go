package notice

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sidegate/internal/store"
)

// The tables of what was told.
const (
	tableNotices  = "notice/state"
	tableTroubles = "notice/troubles" // by key
)

const (
	countKey = "count"
	badKey   = "bad-mail"
)

// count is the record of all notices.
type count struct {
	Sent uint64    `json:"sent"`
	Last time.Time `json:"last"`
}

func get(s *store.Store, table, key string, v any) (bool, error) {
	data, err := s.Record(table, key)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		return false, fmt.Errorf("notice: read what was told: %s: %w", key, err)
	}
	return true, nil
}

func put(tx *store.Tx, table, key string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("notice: a record cannot be encoded: %v", err)) // plain structs only
	}
	tx.Put(table, key, data)
}

// before turns a moment that was recorded into one by our own clock. A wall clock may have jumped: what lies in the future
// counts as just now, so that the worst a jump can do is to delay a mail by its period, or to let one come early.
func before(s *store.Store, t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Now().Add(-max(0, s.Now().Sub(t)))
}
