package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// ErrExhausted says that no ID is left for an address.
var ErrExhausted = errors.New("no proxy ID is left")

// Options sets a Map up. Store and Name are required.
type Options struct {
	Store *store.Store
	// Name is where the proxies stand that are written.
	Name mail.Postoffice
	// Former names are read like Name, so that addresses stored before it changed stay valid. KB Q109256.
	Former []mail.Postoffice
	Log    hclog.Logger // nil: silent
	// Fault is called at every one of FaultPoints, for tests that die there.
	Fault func(point string)
}

// FaultPoints lists where Options.Fault is called: just before and just after each commit.
var FaultPoints = []string{
	"proxy.begin.before", "proxy.begin.after",
	"proxy.allocate.before", "proxy.allocate.after",
	"proxy.import.before", "proxy.import.after",
}

// Proxy is an ID and whom it stands for.
type Proxy struct {
	ID      string
	State   State
	Address mail.Address
	Created time.Time
	line    int // of the text it was read from
}

// server is the server of its address.
func (p *Proxy) server() string {
	return p.Address.Value[strings.LastIndexByte(p.Address.Value, '@')+1:]
}

// native is the address of user@server, which alone may be as long as addresses get.
func native(value string) (mail.Address, error) {
	return mail.ParseAddress(mail.Address{Type: mail.TypeMac, Value: value}.String())
}

// Map knows all proxies of one coordinator. Its methods may be called from several goroutines.
type Map struct {
	o   Options
	log hclog.Logger

	changing sync.Mutex // held over a commit, before mu

	mu sync.RWMutex // guards what follows; changed under both
	state
}

// state is what is known. It is made anew for a commit and shown once that is durable.
type state struct {
	servers map[string]string   // names by code
	codes   map[string][]string // codes by server in lower case, in order
	last    map[string]int      // highest number that may ever have been used, by code
	byID    map[string]Proxy
	live    map[string]string // IDs by key of the address
}

func newState() state {
	return state{servers: map[string]string{}, codes: map[string][]string{}, last: map[string]int{}, byID: map[string]Proxy{}, live: map[string]string{}}
}

// Open reads the map from the store.
func Open(o Options) (*Map, error) {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Fault == nil {
		o.Fault = func(string) {}
	}
	m := &Map{o: o, log: o.Log, state: newState()}
	err := m.load()
	if err == nil {
		err = m.begin()
	}
	if err != nil {
		return nil, fmt.Errorf("proxy: read the map: %w", err)
	}
	return m, nil
}

// addServer takes a server code in.
func (s *state) addServer(code, name string) {
	s.servers[code] = name
	key := strings.ToLower(name)
	s.codes[key] = append(s.codes[key], code)
	slices.Sort(s.codes[key])
}

// add takes an ID in, or changes it.
func (s *state) add(p Proxy) {
	number, _ := parseID(p.ID) // was checked
	code := p.ID[:codeSize]
	s.last[code] = max(s.last[code], number)
	s.byID[p.ID] = p
	switch key := p.Address.Key(); {
	case p.State == Live:
		s.live[key] = p.ID
	case s.live[key] == p.ID:
		delete(s.live, key)
	}
}

// reserved are the mailboxes of programs, which have no ID and need none. KB Q118298, Q115319.
var reserved = []string{"$SYSTEM", "*SPECIAL"}

// Read is whom an address in a file means: whoever stands behind a proxy, and everybody else by the address itself. The
// error says in a sentence why a proxy means nobody.
func (m *Map) Read(a mail.Address) (mail.Address, error) {
	user, ok := m.o.Name.User(a)
	for _, former := range m.o.Former {
		if !ok {
			user, ok = former.User(a)
		}
	}
	if !ok || slices.ContainsFunc(reserved, func(r string) bool { return strings.EqualFold(r, user) }) {
		return a, nil
	}
	m.mu.RLock()
	p, known := m.byID[strings.ToUpper(user)]
	m.mu.RUnlock()
	switch {
	case !known:
		return a, fmt.Errorf("nobody has the proxy address %s", a)
	case p.State == Retired:
		return a, fmt.Errorf("the proxy address %s is retired", a)
	}
	return p.Address, nil
}

// Write is how addresses stand in a file for the PC half: those of the other side as proxies, the others as they are.
// Who has no ID yet gets one, and that is durable when Write returns. Errors wrap ErrExhausted or come from the store.
func (m *Map) Write(as []mail.Address) ([]mail.Address, error) {
	out, missing := m.written(as)
	if len(missing) == 0 {
		return out, nil
	}
	if err := m.allocate(missing); err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	out, missing = m.written(as)
	if len(missing) > 0 { // an import retired it between the two
		return nil, fmt.Errorf("proxy: %d addresses have lost their ID again", len(missing))
	}
	return out, nil
}

// written is what is known of how addresses are written, and those that have no ID.
func (m *Map) written(as []mail.Address) (out, missing []mail.Address) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out = slices.Clone(as)
	for i, a := range as {
		if a.Type != mail.TypeMac {
			continue
		}
		if id, ok := m.live[a.Key()]; ok {
			out[i] = m.o.Name.Address(id)
		} else {
			missing = append(missing, a)
		}
	}
	return out, missing
}

// Address is how an ID is written.
func (m *Map) Address(id string) mail.Address { return m.o.Name.Address(id) }

// List returns up to max proxies by ID, above an ID.
func (m *Map) List(after string, max int) []Proxy {
	m.mu.RLock()
	defer m.mu.RUnlock()
	ids := slices.Sorted(maps.Keys(m.byID))
	at, found := slices.BinarySearch(ids, after)
	if found {
		at++
	}
	var list []Proxy
	for _, id := range ids[at:min(len(ids), at+max)] {
		list = append(list, m.byID[id])
	}
	return list
}

// Table is the whole map, in order.
func (m *Map) Table() *Table {
	m.mu.RLock()
	defer m.mu.RUnlock()
	t := &Table{}
	for _, code := range slices.Sorted(maps.Keys(m.servers)) {
		t.Servers = append(t.Servers, Server{Code: code, Name: m.servers[code]})
	}
	t.IDs = slices.SortedFunc(maps.Values(m.byID), func(p, q Proxy) int { return cmp.Compare(p.ID, q.ID) })
	return t
}
