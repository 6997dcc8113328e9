package proxy

import (
	"context"
	"encoding/json"
	"errors"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// A store that came back from an older copy does not know what was given after the copy was made. Before mail goes on it
// takes a new identity, and by that the map knows. It leaves out as many numbers and codes as nobody gives between two
// copies.
const (
	numbersLeftOut = 1000 // of every code
	codesLeftOut   = 36
)

const (
	tableState = "proxy/state"
	stateKey   = "given"
)

// given is what may have been given under the identity of the store.
type given struct {
	Store mail.StoreID   `json:"store"`
	Last  map[string]int `json:"last"` // numbers by code
}

// begin makes a map that was read from the store go on behind everything that may have been given.
func (m *Map) begin() error {
	var g given
	value, err := m.o.Store.Record(tableState, stateKey)
	if err == nil {
		err = json.Unmarshal(value, &g)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for code, number := range g.Last {
		m.last[code] = max(m.last[code], number)
	}
	own := m.o.Store.ID()
	if g.Store == own {
		return nil
	}
	if g.Store != "" {
		m.leaveOut()
		m.log.Warn("the store has a new identity: numbers of proxy IDs are left out, which may have been given", "numbers", numbersLeftOut, "codes", codesLeftOut)
	}
	if value, err = json.Marshal(given{Store: own, Last: m.last}); err != nil {
		return err
	}
	m.o.Fault("proxy.begin.before")
	err = m.o.Store.CommitCustody(context.Background(), func(tx *store.Tx) error {
		tx.Put(tableState, stateKey, value)
		return nil
	})
	if err == nil {
		m.o.Fault("proxy.begin.after")
	}
	return err
}

func (m *Map) leaveOut() {
	for code := range m.servers {
		m.last[code] = min(m.last[code]+numbersLeftOut, maxNumber)
	}
	for range codesLeftOut {
		if code := freeCode(m.taken); code != "" {
			m.last[code] = maxNumber
		}
	}
}

// taken reports whether a code is, or may be, that of a server.
func (s *state) taken(code string) bool { return s.servers[code] != "" || s.last[code] > 0 }
