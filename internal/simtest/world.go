package simtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hashicorp/go-hclog"

	"sidegate/coordinator/spool/sharetest"
	"sidegate/internal/config"
	"sidegate/internal/legacypair"
	"sidegate/internal/mail"
	"sidegate/internal/simtest/history"
)

// The names of the trio, which are their addresses as well, and of the two others on network and share.
const (
	pcside      = "pcside"
	macside     = "macside"
	coordinator = "coordinator"
	people      = "people" // the clients of both sides
)

// setting says what kind of world a run has.
type setting struct {
	seed  uint64
	role  string        // of the coordinator: pc or mac
	slots int           // the blocking factor
	aging time.Duration // of both the coordinator and the half
	beat  time.Duration
	// watched: what the ends say of their links is held against what they did.
	watched bool
	change  func(name string, c *config.Config) // nil: as it is
	old     func(o *legacypair.Options)         // nil: as it is
}

// world is the trio with everything around it.
type world struct {
	setting
	begun time.Time
	net   *network
	share *sharetest.Share
	half  *half
	ends  map[string]*end
	log   *history.Log
	hclog hclog.Logger

	mu      sync.Mutex // guards what follows
	rolled  uint64
	rest    map[string]time.Duration // how long an end rests after its next death
	views   map[string]view          // what each machine sees of the share
	mounts  map[string]*sharetest.Client
	story   []string
	accused []string           // what must not be
	falls   map[string][]error // why processes ended by themselves
	points  map[string]int     // fault points that were come to
	proofs  map[string]time.Time
	work    sync.WaitGroup

	onPoint  atomic.Pointer[pointFunc] // nil, or called at every fault point of every end
	forgiven int                       // notices about bad files that the half may write
}

// pointFunc is called with an end and a fault point.
type pointFunc struct{ call func(end, point string) }

// view is what is wrong with one machine's view of the share.
type view struct {
	hidden []string
	lag    time.Duration
	down   error
}

// order is the order in which the ends are started and shown.
var order = []string{pcside, macside, coordinator}

func newWorld(s setting) *world {
	w := &world{
		setting: s, begun: time.Now(), net: newNetwork(), log: history.New(), hclog: hclog.NewNullLogger(),
		share: sharetest.NewSpool(sharetest.Options{}), ends: map[string]*end{}, rest: map[string]time.Duration{},
		views: map[string]view{}, mounts: map[string]*sharetest.Client{}, falls: map[string][]error{}, points: map[string]int{},
		proofs: map[string]time.Time{},
	}
	if os.Getenv("SIDEGATE_LOG") != "" {
		w.hclog = hclog.New(&hclog.LoggerOptions{Level: hclog.LevelFromString(os.Getenv("SIDEGATE_LOG")), TimeFn: time.Now, Output: os.Stderr})
	}
	w.half = newHalf(w)
	for _, name := range order {
		w.ends[name] = &end{w: w, name: name, config: w.configure(name), boxes: mailboxes[name], disk: newDisk(vfs.NewCrashableMem())}
	}
	return w
}

// configure is what the operator of an end wrote: pcside dials macside, the coordinator dials both.
func (w *world) configure(name string) *config.Config {
	c := config.Default(name)
	c.Data, c.Listen, c.HTTP, c.InsecureDev = "data", "127.0.0.1:0", "", true
	c.DrainTimeout = 2 * time.Second
	if w.beat > 0 {
		c.Heartbeat, c.Late, c.Down = w.beat, 3*w.beat, 10*w.beat
	}
	c.Serves = patterns(serves(name, w.role)...)
	switch name {
	case pcside:
		c.Peers, c.AcceptPeers = []config.Peer{{Address: macside}}, []string{"sidegate://peer/coordinator"}
	case macside:
		c.AcceptPeers = []string{"sidegate://peer/coordinator", "sidegate://peer/pcside"}
	case coordinator:
		c.Peers = []config.Peer{{Address: pcside}, {Address: macside}}
		c.Spool.Dir, c.Spool.Role, c.Spool.BlockingFactor, c.Spool.Aging = "spool", w.role, w.slots, w.aging
	}
	if w.change != nil {
		w.change(name, c)
	}
	return c
}

func patterns(texts ...string) []mail.Pattern {
	var ps []mail.Pattern
	for _, t := range texts {
		ps = append(ps, mail.MustPattern(t))
	}
	return ps
}

// live runs everything until the returned function stops it, in order.
func (w *world) live() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	for _, name := range order {
		w.work.Go(func() { w.ends[name].run(ctx) })
	}
	w.work.Go(func() { w.half.run(ctx) })
	return func() {
		cancel()
		w.work.Wait()
		for _, e := range w.ends {
			e.ran.Wait()
		}
	}
}

// dice are for what a run leaves to chance, in the order in which it is asked for.
func (w *world) dice() *rand.Rand {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rolled++
	return rand.New(rand.NewPCG(w.seed, w.rolled))
}

// restAfter says how long an end rests after its next death.
func (w *world) restAfter(end string, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest[end] = d
}

func (w *world) restDuration(end string) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.rest[end]
	delete(w.rest, end)
	return max(d, 2*time.Second)
}

// maxStory bounds what is told of one run.
const maxStory = 2000

// note tells what happened, for whoever reads of a failure.
func (w *world) note(format string, args ...any) {
	line := fmt.Sprintf("%8.1fs  ", time.Since(w.begun).Seconds()) + fmt.Sprintf(format, args...)
	if os.Getenv("SIDEGATE_STORY") != "" {
		fmt.Fprintln(os.Stderr, line)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.story) < maxStory {
		w.story = append(w.story, line)
	}
}

// accuse notes what must not be, whenever it is found.
func (w *world) accuse(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.note("%s", text)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accused = append(w.accused, text)
}

// fell notes that a process ended by itself.
func (w *world) fell(end string, err error) {
	w.note("%s ends by itself: %v", end, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.falls[end] = append(w.falls[end], err)
}

// visited counts the fault points, and notes what an end made durable.
func (w *world) visited(end, point string) {
	if f := w.onPoint.Load(); f != nil {
		f.call(end, point)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.points[point]++
	if !w.watched || point != "store.commit.after-sync" {
		return
	}
	now := time.Now()
	w.proofs[end] = now
	for _, other := range order {
		if at, ok := w.proofs[other]; ok && other != end && w.net.open(end, other) {
			w.log.Progress(way(end, other), at)
			w.log.Progress(way(other, end), at)
		}
	}
}

// way names one direction between two ends.
func way(from, to string) string { return from + " > " + to }

// mount gives a machine the share, as it sees it.
func (w *world) mount(machine string) *sharetest.Client {
	c := w.share.Client(machine)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mounts[machine] = c
	w.views[machine].apply(c)
	return c
}

func (v view) apply(c *sharetest.Client) {
	c.Hide(v.hidden...)
	c.Lag(v.lag)
	if v.down != nil {
		c.Down(v.down)
	} else {
		c.Up()
	}
}

// see changes what a machine sees of the share, now and after it is mounted again.
func (w *world) see(machine string, change func(*view)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.views[machine]
	change(&v)
	w.views[machine] = v
	if c := w.mounts[machine]; c != nil {
		v.apply(c)
	}
}

// unmount lets the machine die: in the instant of its last call on the share, take is called, and every call from
// then on fails.
func unmount(c *sharetest.Client, take func()) {
	var once sync.Once
	c.Up()
	c.Fault(func(sharetest.Op) error {
		once.Do(take)
		return sharetest.ErrKilled
	})
	_ = c.Refresh() // it fails, and that is the instant
}

// half is the old program behind the coordinator's spool, and who uses it.
type half struct {
	w      *world
	view   *sharetest.Client
	old    legacypair.Half
	in     string // directory it reads
	out    string // directory it writes
	mu     sync.Mutex
	every  time.Duration // between two cycles
	paused bool
	due    []*letter // handed in, not in the mailbag yet
	wave   []*letter // in the mailbag, not acknowledged
}

func newHalf(w *world) *half {
	h := &half{w: w, view: w.mount("half"), every: halfEvery}
	o := legacypair.Options{Slots: w.slots, Aging: w.aging, Handshake: legacypair.Shape(w.seed / 7 % 4)}
	if w.old != nil {
		w.old(&o)
	}
	if w.role == "mac" {
		h.old, h.in, h.out = legacypair.NewPCHalf(volume{h.view}, o), "STORE/MACTOPC", "STORE/PCTOMAC"
	} else {
		h.old, h.in, h.out = legacypair.NewMacHalf(volume{h.view}, o), "STORE/PCTOMAC", "STORE/MACTOPC"
	}
	return h
}
