package link

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

// logged is what was logged.
type logged struct {
	mu sync.Mutex // guards b
	b  strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestWhySessionsEnd: the end that is left behind says whether the other one stopped in order or was cut off, whichever of them
// dialled, and its routes are told that nobody is there, until he is again.
func TestWhySessionsEnd(t *testing.T) {
	for _, c := range []struct {
		name    string
		dialler bool // the one who leaves dialled
		cut     bool
		want    string
	}{
		{"the dialling end stops", true, false, "pcside is shutting down"},
		{"the dialled end stops", false, false, "pcside is shutting down"},
		{"the dialling end is cut off", true, true, "the other end, or the way to it, broke off"},
		{"the dialled end is cut off", false, true, "error reading from server"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				var conns []net.Conn
				w.wrap = func(_, _ string, c net.Conn) net.Conn { conns = append(conns, c); return c }
				var log logged
				left := w.add("macside", func(o *Options) { o.Log = hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Warn}) })
				leaver := w.add("pcside", nil)
				if c.dialler {
					left.start()
					leaver.start("macside")
				} else {
					leaver.start()
					left.start("pcside")
				}
				connected := func() error {
					if !left.status(leaver).Connected || left.routes.isSilent(leaver.store.ID()) {
						return errors.New("no session")
					}
					return nil
				}
				eventually(t, 5*time.Second, connected)
				if c.cut {
					w.mu.Lock()
					w.wrap = func(_, _ string, c net.Conn) net.Conn { c.Close(); return c } // and nobody comes through
					w.mu.Unlock()
					for _, c := range conns {
						c.Close()
					}
				} else {
					leaver.cancel()
					<-leaver.stopped
					leaver.server.GracefulStop()
					leaver.listener.Close()
				}
				var why string
				eventually(t, time.Second, func() error {
					if s := left.status(leaver); s.Connected || !left.routes.isSilent(leaver.store.ID()) {
						return fmt.Errorf("connected %v", s.Connected)
					}
					why = left.status(leaver).Error
					return nil
				})
				if !strings.Contains(why, c.want) {
					t.Errorf("why: %q, want %q", why, c.want)
				}
				pass(12 * time.Second)
				if left.status(leaver); !strings.Contains(log.String(), "direction changed: from=macside to=pcside state=down") {
					t.Errorf("nothing warns that it is down: %s", log.String())
				}
				if c.cut {
					w.mu.Lock()
					w.wrap = nil
					w.mu.Unlock()
					eventually(t, 90*time.Second, connected)
					leaver.stop()
				}
				left.close()
				must(t, leaver.store.Close())
			})
		})
	}
}
