package simtest

import (
	"context"
	"fmt"
	"net"
	"sync"

	"google.golang.org/grpc/test/bufconn"
)

// network joins the ends of one run by in-memory connections that can be cut, swallowed and torn at a byte, so that
// they work inside a synctest bubble.
type network struct {
	mu        sync.Mutex // guards everything below
	listeners map[string]*bufconn.Listener
	conns     map[*faultyConn]struct{}
	parted    map[route]bool // no connection, new or old, gets through
	swallowed map[route]bool // bytes vanish one way, and nobody is told
	tear      map[route]int  // cut the next connection after so many bytes
}

// route is one direction between two ends.
type route struct{ from, to string }

func newNetwork() *network {
	return &network{
		listeners: map[string]*bufconn.Listener{}, conns: map[*faultyConn]struct{}{},
		parted: map[route]bool{}, swallowed: map[route]bool{}, tear: map[route]int{},
	}
}

// listen opens the address of an end anew; connections of an earlier life were cut by crash.
func (n *network) listen(end string) net.Listener {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := bufconn.Listen(256 << 10)
	n.listeners[end] = l
	return l
}

// dialer gives one life of an end its way to the others, whose addresses are their names. A life that is over gets
// nowhere.
func (n *network) dialer(from string, lives func() bool) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, to string) (net.Conn, error) {
		n.mu.Lock()
		l, parted := n.listeners[to], n.parted[route{from, to}]
		n.mu.Unlock()
		if l == nil || parted || !lives() {
			return nil, fmt.Errorf("dial %s from %s: no route", to, from)
		}
		conn, err := l.DialContext(ctx)
		if err != nil {
			return nil, err
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.listeners[to] != l || n.parted[route{from, to}] || !lives() {
			conn.Close()
			return nil, fmt.Errorf("dial %s from %s: cut", to, from)
		}
		c := &faultyConn{Conn: conn, network: n, from: from, to: to, left: -1}
		if at, ok := n.tear[route{from, to}]; ok {
			c.left = at
			delete(n.tear, route{from, to})
		}
		n.conns[c] = struct{}{}
		return c, nil
	}
}

// open reports whether bytes get through between two ends, both ways.
func (n *network) open(a, b string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range []route{{a, b}, {b, a}} {
		if n.parted[r] || n.swallowed[r] {
			return false
		}
	}
	return n.listeners[a] != nil && n.listeners[b] != nil
}

// part cuts every connection between two ends and keeps new ones from being made, until mend.
func (n *network) part(a, b string) {
	n.mu.Lock()
	n.parted[route{a, b}], n.parted[route{b, a}] = true, true
	n.mu.Unlock()
	n.cut(a, b)
}

// mend ends what part and swallow did between two ends. What was swallowed stays lost, so old connections are cut.
func (n *network) mend(a, b string) {
	n.mu.Lock()
	gaps := n.swallowed[route{a, b}] || n.swallowed[route{b, a}]
	for _, r := range []route{{a, b}, {b, a}} {
		delete(n.parted, r)
		delete(n.swallowed, r)
	}
	n.mu.Unlock()
	if gaps {
		n.cut(a, b)
	}
}

// swallow makes every byte from one end to the other vanish, until heal.
func (n *network) swallow(from, to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.swallowed[route{from, to}] = true
}

// tearNext cuts the next connection from one end to another after so many bytes either way.
func (n *network) tearNext(from, to string, bytes int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tear[route{from, to}] = bytes
}

// cut closes the connections there are between two ends.
func (n *network) cut(a, b string) {
	for _, c := range n.between(a, b) {
		c.Close()
	}
}

// heal ends partitions and swallowing everywhere. What was swallowed stays lost, so old connections are cut.
func (n *network) heal() {
	n.mu.Lock()
	var broken []*faultyConn
	for c := range n.conns {
		if n.swallowed[route{c.from, c.to}] || n.swallowed[route{c.to, c.from}] {
			broken = append(broken, c)
		}
		c.spare()
	}
	clear(n.parted)
	clear(n.swallowed)
	clear(n.tear)
	n.mu.Unlock()
	for _, c := range broken {
		c.Close()
	}
}

// crash cuts everything an end is part of and closes its address.
func (n *network) crash(end string) {
	n.mu.Lock()
	l := n.listeners[end]
	delete(n.listeners, end)
	var its []*faultyConn
	for c := range n.conns {
		if c.from == end || c.to == end {
			its = append(its, c)
		}
	}
	n.mu.Unlock()
	for _, c := range its {
		c.Close()
	}
	if l != nil {
		l.Close()
	}
}

func (n *network) between(a, b string) []*faultyConn {
	n.mu.Lock()
	defer n.mu.Unlock()
	var cs []*faultyConn
	for c := range n.conns {
		if c.from == a && c.to == b || c.from == b && c.to == a {
			cs = append(cs, c)
		}
	}
	return cs
}

// faultyConn is the dialling end's half of a connection.
type faultyConn struct {
	net.Conn
	network  *network
	from, to string

	mu   sync.Mutex // guards left
	left int        // bytes until the cut, -1 for none
}

func (c *faultyConn) Write(p []byte) (int, error) {
	if c.network.swallows(c.from, c.to) {
		return len(p), nil
	}
	if err := c.spend(len(p)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *faultyConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.network.swallows(c.to, c.from) {
			if err == nil {
				err = c.spend(n)
			}
			return n, err
		}
	}
}

func (n *network) swallows(from, to string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.swallowed[route{from, to}]
}

// spend counts bytes towards the cut.
func (c *faultyConn) spend(n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left < 0 {
		return nil
	}
	if c.left -= n; c.left >= 0 {
		return nil
	}
	c.left = 0
	c.Conn.Close()
	return net.ErrClosed
}

// spare keeps a connection from being cut after so many bytes.
func (c *faultyConn) spare() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = -1
}

func (c *faultyConn) Close() error {
	c.network.mu.Lock()
	delete(c.network.conns, c)
	c.network.mu.Unlock()
	return c.Conn.Close()
}
