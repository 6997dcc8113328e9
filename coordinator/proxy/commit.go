package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// The tables of the map in the store; there is one more for what may have been given.
const (
	tableServers = "proxy/servers" // name by code
	tableIDs     = "proxy/ids"     // record by ID
)

// record is an ID in the store.
type record struct {
	Address string    `json:"address"`
	State   string    `json:"state"`
	Created time.Time `json:"created"`
}

func (m *Map) load() error {
	var bad error
	note := func(key string, err error) bool {
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("%s: %w", key, err))
		}
		return err == nil
	}
	err := m.o.Store.Records(tableServers, func(code string, value []byte) bool {
		m.addServer(code, string(value))
		return true
	})
	err = errors.Join(err, m.o.Store.Records(tableIDs, func(id string, value []byte) bool {
		p, err := parseRecord(id, value)
		if note(id, err) {
			m.add(p)
		}
		return true
	}))
	return errors.Join(err, bad)
}

func parseRecord(id string, value []byte) (Proxy, error) {
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return Proxy{}, err
	}
	if _, err := parseID(id); err != nil {
		return Proxy{}, err
	}
	state, err := parseState(r.State)
	if err != nil {
		return Proxy{}, err
	}
	text, ok := strings.CutPrefix(r.Address, mail.TypeMac+":")
	if !ok {
		return Proxy{}, fmt.Errorf("%q is no address that has an ID", r.Address)
	}
	a, err := native(text)
	return Proxy{ID: id, State: state, Address: a, Created: r.Created}, err
}

// change is what one commit adds to the map or changes in it.
type change struct {
	servers []Server
	ids     []Proxy
}

// commit makes a change durable, then shows it. m.changing is held. It must be possible when the store is full, because
// mail that is in custody waits for it, and it is not cut off: nothing else could say whether an ID was given.
func (m *Map) commit(step string, c change) error {
	if len(c.servers)+len(c.ids) == 0 {
		return nil
	}
	m.o.Fault("proxy." + step + ".before")
	err := m.o.Store.CommitCustody(context.Background(), func(tx *store.Tx) error {
		for _, s := range c.servers {
			tx.Put(tableServers, s.Code, []byte(s.Name))
		}
		for i := range c.ids {
			p := &c.ids[i]
			if p.Created.IsZero() {
				p.Created = tx.Now()
			}
			value, err := json.Marshal(record{Address: p.Address.Type + ":" + p.Address.Value, State: p.State.String(), Created: p.Created})
			if err != nil {
				return err
			}
			tx.Put(tableIDs, p.ID, value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	m.o.Fault("proxy." + step + ".after")
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range c.servers {
		m.addServer(s.Code, s.Name)
	}
	for _, p := range c.ids {
		m.add(p)
	}
	return nil
}

// allocate gives every address that has no live ID one, in one commit.
func (m *Map) allocate(as []mail.Address) error {
	m.changing.Lock()
	defer m.changing.Unlock()
	var c change
	last, codes, given := map[string]int{}, map[string]string{}, map[string]bool{}
	for _, a := range as {
		key := a.Key()
		if m.live[key] != "" || given[key] {
			continue // another delivery was faster, or it is named twice
		}
		given[key] = true
		code, err := m.code(a.Parts()[0], last, codes, &c)
		if err != nil {
			return err
		}
		last[code]++
		c.ids = append(c.ids, Proxy{ID: makeID(code, last[code], a.Parts()[1]), State: Live, Address: mail.Address{Type: a.Type, Value: strings.Clone(a.Value)}})
	}
	if len(c.ids) == 0 {
		return nil
	}
	if err := m.commit("allocate", c); err != nil {
		return err
	}
	m.log.Info("proxy IDs were allocated", "ids", len(c.ids), "servers", len(c.servers))
	for _, p := range c.ids {
		m.log.Debug("proxy ID", "id", p.ID, "address", p.Address)
	}
	return nil
}

// code is a code of a server with a number left; last has the highest number used of it. A new code goes into c.
func (m *Map) code(server string, last map[string]int, fresh map[string]string, c *change) (string, error) {
	key := strings.ToLower(server)
	candidates := m.codes[key]
	if code, ok := fresh[key]; ok {
		candidates = []string{code}
	}
	for _, code := range candidates {
		if _, begun := last[code]; !begun {
			last[code] = m.last[code]
		}
		if last[code] < maxNumber {
			return code, nil
		}
	}
	code := freeCode(func(code string) bool {
		for _, s := range c.servers {
			if s.Code == code {
				return true
			}
		}
		return m.taken(code)
	})
	if code == "" {
		return "", fmt.Errorf("server %s: %w", server, ErrExhausted)
	}
	c.servers = append(c.servers, Server{Code: code, Name: server})
	fresh[key], last[code] = code, 0
	return code, nil
}
