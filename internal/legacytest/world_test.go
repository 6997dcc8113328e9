package legacytest

import (
	"context"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
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

// pace is how often coordinators look and how often the halves do their cycle.
type pace struct{ scan, cycle, beat time.Duration }

// hurry is for real time, calm is what old programs had, for virtual time.
var (
	hurry = pace{scan: 40 * time.Millisecond, cycle: 30 * time.Millisecond, beat: time.Second}
	calm  = pace{scan: 4 * time.Second, cycle: 7 * time.Second, beat: 20 * time.Second}
)

// world is one topology, its spools on real directories.
type world struct {
	t     *testing.T
	pace  pace
	dir   string
	lines *lines // between ends; nil: TCP on loopback
	ctx   context.Context
	all   sync.WaitGroup

	finish func() // ends the world; so does the end of the test

	aging   time.Duration                    // of coordinators and halves
	options func(o *legacypair.Options)      // nil: as they are
	volume  func(share string) legacypair.FS // how a half reaches a spool
	reach   func(share string) string        // how a coordinator does
	halves  map[string]legacypair.Half       // by kind: pc, mac
	keepers map[string]*running              // the coordinator that each kind of half meets
	shares  map[string]string
}

// newWorld makes a world in real time, on loopback.
func newWorld(t *testing.T) *world {
	w := makeWorld(t, hurry)
	return w
}

func makeWorld(t *testing.T, p pace) *world {
	ctx, cancel := context.WithCancel(context.Background())
	w := &world{t: t, pace: p, dir: t.TempDir(), ctx: ctx, halves: map[string]legacypair.Half{}, keepers: map[string]*running{}, shares: map[string]string{},
		volume: func(share string) legacypair.FS { return legacypair.Dir(share) }, reach: func(share string) string { return share }}
	w.finish = func() { cancel(); w.all.Wait() }
	t.Cleanup(w.finish)
	return w
}

// running is an end and how to start it.
type running struct {
	address string
	disk    *vfs.MemFS // in virtual time
	start   func()     // again, after stop
	stop    func()
	end     *daemon.End
}

// end starts an end.
func (w *world) end(name string, kind daemon.Kind, program string, serves string, peers []string, more func(*config.Config)) *running {
	w.t.Helper()
	c := config.Default(program)
	c.Name, c.AutoMailbox, c.InsecureDev = name, true, true
	c.Heartbeat, c.Late, c.Down = w.pace.beat, 3*w.pace.beat, 10*w.pace.beat
	c.Serves = []mail.Pattern{mail.MustPattern(serves)}
	for _, p := range peers {
		c.Peers = append(c.Peers, config.Peer{Address: p})
	}
	if more != nil {
		more(c)
	}
	r := &running{}
	if w.lines != nil {
		r.disk = vfs.NewMem()
	}
	r.start = func() {
		l := w.listen(name, r.address)
		r.address, c.Listen = l.Addr().String(), l.Addr().String()
		options := pebblestore.Options{BallastBytes: -1}
		if w.lines != nil {
			r.address = name
			options = pebblestore.Options{FS: r.disk, BallastBytes: -1, MemTableBytes: 1 << 20, CacheBytes: 1 << 20, Still: true}
		}
		engine, err := pebblestore.Open(filepath.Join(w.dir, name), options)
		if err != nil {
			w.t.Fatal(err)
		}
		surroundings := daemon.World{Engine: engine, Certs: identity.Insecure{}}
		if w.lines != nil {
			surroundings.Dial = w.lines.dial
		}
		w.live(r, c, surroundings, kind, l)
	}
	r.start()
	return r
}

// live runs an end until the world ends or it is stopped.
func (w *world) live(r *running, c *config.Config, around daemon.World, kind daemon.Kind, l net.Listener) {
	e, err := daemon.New(w.ctx, c, around, kind)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	var actors sync.WaitGroup
	for _, a := range e.Actors(l) {
		if a.Name == "admin" {
			continue // it looks for changes that nobody here follows
		}
		actors.Go(func() {
			if err := a.Run(ctx); err != nil {
				w.t.Errorf("%s: %s: %v", c.Name, a.Name, err)
			}
		})
	}
	closed := make(chan struct{})
	w.all.Go(func() {
		defer close(closed)
		actors.Wait()
		if err := e.Close(); err != nil {
			w.t.Errorf("%s: %v", c.Name, err)
		}
	})
	r.end, r.stop = e, func() { cancel(); <-closed }
}

// listen opens the address of an end, at first any.
func (w *world) listen(name, address string) net.Listener {
	w.t.Helper()
	if w.lines != nil {
		return w.lines.listen(name)
	}
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// awaited tells a side that a coordinator will come, so that mail for the people behind it waits instead of going back.
func awaited(c *config.Config) { c.AcceptPeers = []string{identity.URI(identity.Peer, "coordinator")} }

// coordinator starts a coordinator on a new spool that stands in for one half, and the other half on it, which is
// of a kind: pc or mac.
func (w *world) coordinator(name, kind, serves string, slots int, peers ...string) (r *running, half legacypair.Half) {
	share := filepath.Join(w.dir, "spool of "+name)
	if err := legacypair.MakeSpool(share); err != nil {
		w.t.Fatal(err)
	}
	r = w.end(name, service.Kind(spool.OpenDir), config.Coordinator, serves, peers, func(c *config.Config) {
		c.AutoMailbox = false
		c.Spool.Dir, c.Spool.Role, c.Spool.Init, c.Spool.Scan, c.Spool.BlockingFactor = w.reach(share), standsFor[kind], true, w.pace.scan, slots
		c.Spool.Aging = w.aging
	})
	half = w.half(kind, share, slots)
	w.halves[kind], w.keepers[kind], w.shares[kind] = half, r, share
	return r, half
}

// standsFor is what a coordinator is towards each kind of half.
var standsFor = map[string]string{"mac": "pc", "pc": "mac"}

// half makes a half and lets it do its cycles until the world ends.
func (w *world) half(kind, share string, slots int, more ...func(o *legacypair.Options)) legacypair.Half {
	o := legacypair.Options{Slots: slots, Aging: w.aging, Handshake: legacypair.ShapeVersion}
	for _, change := range append(more, w.options) {
		if change != nil {
			change(&o)
		}
	}
	var h legacypair.Half
	if kind == "pc" {
		h = legacypair.NewPCHalf(w.volume(share), o)
	} else {
		h = legacypair.NewMacHalf(w.volume(share), o)
	}
	w.all.Go(func() { _ = h.Run(w.ctx, w.pace.cycle) }) // it ends with the context
	return h
}

// client is somebody at a side.
func (w *world) client(side *running) pb.MailServiceClient {
	w.t.Helper()
	target, options := side.address, []grpc.DialOption{grpc.WithTransportCredentials(identity.Insecure{}.Client(""))}
	if w.lines != nil {
		target, options = "passthrough:///"+target, append(options, grpc.WithContextDialer(w.lines.dial))
	}
	conn, err := grpc.NewClient(target, options...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	return pb.NewMailServiceClient(conn)
}
