package proxy

import (
	"fmt"
	"strings"
)

// Imported counts what an import changed.
type Imported struct {
	Servers int // codes that are new
	IDs     int // IDs that are new
	Retired int // IDs that were in use
	Known   int // lines that said what was known
}

// Import takes a table in, durably and whole, or not at all. A *LineError says which line is refused.
func (m *Map) Import(t *Table) (Imported, error) {
	m.changing.Lock()
	defer m.changing.Unlock()
	var c change
	var done Imported
	for _, s := range t.Servers {
		old, known := m.servers[s.Code]
		switch {
		case !known:
			c.servers = append(c.servers, s)
			done.Servers++
		case !strings.EqualFold(old, s.Name):
			return Imported{}, fault(s.line, "the code %s belongs to the server %s, and is never given to another", s.Code, old)
		default:
			done.Known++
		}
	}
	live, err := m.liveAfter(t)
	if err != nil {
		return Imported{}, err
	}
	for _, p := range t.IDs {
		if err := m.importOne(p, live, &c, &done); err != nil {
			return Imported{}, err
		}
	}
	if err := m.commit("import", c); err != nil {
		return Imported{}, fmt.Errorf("proxy: import: %w", err)
	}
	m.log.Info("proxies were imported", "servers", done.Servers, "ids", done.IDs, "retired", done.Retired, "known", done.Known)
	return done, nil
}

// liveAfter is the live ID of each address of a table as it will be: the one it has, unless that retires now, else the one
// that the table says.
func (m *Map) liveAfter(t *Table) (map[string]string, error) {
	live, lines := map[string]string{}, map[string]int{}
	retires := map[string]bool{}
	for _, p := range t.IDs {
		if p.State == Retired {
			retires[p.ID] = true
		}
	}
	for _, p := range t.IDs {
		key := p.Address.Key()
		if p.State == Live {
			if first, twice := lines[key]; twice {
				return nil, fault(p.line, "the ID %s is live, but so is another one of its address, in line %d", p.ID, first)
			}
			lines[key] = p.line
		}
		if id := m.live[key]; id != "" && !retires[id] {
			live[key] = id
		} else if p.State == Live {
			live[key] = p.ID
		}
	}
	return live, nil
}

func (m *Map) importOne(p Proxy, live map[string]string, c *change, done *Imported) error {
	old, known := m.byID[p.ID]
	switch {
	case !known:
		if p.State == Live && live[p.Address.Key()] != p.ID {
			p.State = Also
		}
		c.ids = append(c.ids, p)
		done.IDs++
	case old.Address.Key() != p.Address.Key():
		return fault(p.line, "the ID %s belongs to %s, and is never given to another", p.ID, old.Address)
	case old.State == Retired && p.State != Retired:
		return fault(p.line, "the ID %s is retired, and stays so", p.ID)
	case p.State == Retired && old.State != Retired:
		old.State = Retired
		c.ids = append(c.ids, old)
		done.Retired++
	default:
		done.Known++
	}
	return nil
}
