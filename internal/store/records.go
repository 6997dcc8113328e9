package store

import "fmt"

// Put sets a record in a table, or removes it when value is nil. Tables and keys are free text without NUL.
func (tx *Tx) Put(table, key string, value []byte) {
	if !plain(table) || !plain(key) {
		tx.fault(fmt.Errorf("store: record %q of table %q: names are not empty and have no NUL", key, table))
		return
	}
	k := recordKey(table, key)
	if value == nil {
		tx.unset(k)
		return
	}
	tx.set(k, append([]byte{}, value...))
}

// Get returns a value from a table of records as this commit leaves it, or ErrNotFound.
func (tx *Tx) Get(table, key string) ([]byte, error) { return tx.get(recordKey(table, key)) }

func recordKey(table, key string) []byte {
	return appendText(textKey(tableRecord, table), key)
}

// Record returns a value from a table of records, or ErrNotFound.
func (s *Store) Record(table, key string) ([]byte, error) {
	return s.engine.Get(recordKey(table, key))
}

// Records calls fn for every record of a table in order of keys, until it returns false. The value is fn's only while
// it runs.
func (s *Store) Records(table string, fn func(key string, value []byte) bool) error {
	prefix := textKey(tableRecord, table)
	return s.engine.Scan(prefix, end(prefix), false, func(key, value []byte) bool {
		name, _, ok := cutText(key[len(prefix):])
		return !ok || fn(name, value)
	})
}
