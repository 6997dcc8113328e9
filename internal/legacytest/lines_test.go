package legacytest

import (
	"context"
	"fmt"
	"net"
	"sync"

	"google.golang.org/grpc/test/bufconn"
)

// lines join ends in memory, so that virtual time can pass.
type lines struct {
	mu        sync.Mutex // guards listeners
	listeners map[string]*bufconn.Listener
}

func newLines() *lines { return &lines{listeners: map[string]*bufconn.Listener{}} }

// listen opens the address of an end, which is its name.
func (n *lines) listen(name string) net.Listener {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := bufconn.Listen(256 << 10)
	n.listeners[name] = l
	return l
}

// dial reaches an end.
func (n *lines) dial(ctx context.Context, name string) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[name]
	n.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("dial %s: nobody is there", name)
	}
	return l.DialContext(ctx)
}
