package legacytest

import (
	"context"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"sidegate/coordinator/service"
	"sidegate/coordinator/spool"
	"sidegate/internal/config"
	"sidegate/internal/daemon"
	"sidegate/internal/identity"
	"sidegate/internal/legacypair"
	"sidegate/internal/mail"
	"sidegate/internal/store/pebblestore"
	pb "sidegate/proto/sidegate/v1"
)

// scan is how often coordinators look, cycle how often the halves do.
const (
	scan  = 40 * time.Millisecond
	cycle = 30 * time.Millisecond
)

// world is one topology on loopback and in a directory of its own.
type world struct {
	t   *testing.T
	dir string
	ctx context.Context
	all sync.WaitGroup
}

func newWorld(t *testing.T) *world {
	ctx, cancel := context.WithCancel(context.Background())
	w := &world{t: t, dir: t.TempDir(), ctx: ctx}
	t.Cleanup(func() { cancel(); w.all.Wait() })
	return w
}

// end starts an end and returns its address.
func (w *world) end(name string, kind daemon.Kind, program string, serves string, peers []string, more func(*config.Config)) string {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	c := config.Default(program)
	c.Name, c.Listen, c.AutoMailbox, c.InsecureDev = name, l.Addr().String(), true, true
	c.Serves = []mail.Pattern{mail.MustPattern(serves)}
	for _, p := range peers {
		c.Peers = append(c.Peers, config.Peer{Address: p})
	}
	if more != nil {
		more(c)
	}
	engine, err := pebblestore.Open(filepath.Join(w.dir, name), pebblestore.Options{BallastBytes: -1})
	if err != nil {
		w.t.Fatal(err)
	}
	e, err := daemon.New(w.ctx, c, daemon.World{Engine: engine, Certs: identity.Insecure{}}, kind)
	if err != nil {
		w.t.Fatal(err)
	}
	var running sync.WaitGroup
	for _, a := range e.Actors(l) {
		running.Go(func() {
			if err := a.Run(w.ctx); err != nil {
				w.t.Errorf("%s: %s: %v", name, a.Name, err)
			}
		})
	}
	w.all.Go(func() {
		running.Wait()
		if err := e.Close(); err != nil {
			w.t.Errorf("%s: %v", name, err)
		}
	})
	return c.Listen
}

// awaited tells a side that a coordinator will come, so that mail for the people behind it waits instead of going back.
func awaited(c *config.Config) { c.AcceptPeers = []string{identity.URI(identity.Peer, "coordinator")} }

// coordinator starts a coordinator on a spool in a role.
func (w *world) coordinator(name, share, role, serves string, slots int, peers ...string) string {
	return w.end(name, service.Kind(spool.OpenDir), config.Coordinator, serves, peers, func(c *config.Config) {
		c.AutoMailbox = false
		c.Spool.Dir, c.Spool.Role, c.Spool.Init, c.Spool.Scan, c.Spool.BlockingFactor = share, role, true, scan, slots
	})
}

// share makes a spool directory.
func (w *world) share(name string) string {
	dir := filepath.Join(w.dir, name)
	if err := legacypair.MakeSpool(dir); err != nil {
		w.t.Fatal(err)
	}
	return dir
}

// work lets a half do its cycles until the world ends.
func (w *world) work(h legacypair.Half) legacypair.Half {
	w.all.Go(func() { _ = h.Run(w.ctx, cycle) }) // it ends with the context
	return h
}

// client is somebody at a side.
func (w *world) client(address string) pb.MailServiceClient {
	w.t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(identity.Insecure{}.Client("")))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	return pb.NewMailServiceClient(conn)
}
