package link

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Links are all links of one end. Its methods may be called from several goroutines.
type Links struct {
	o       Options
	boot    string // drawn anew at every start
	started time.Time
	atStart map[store.Lane]uint64 // highest number of each lane that may have been sent before the start
	wg      sync.WaitGroup        // every goroutine of the links, and every handler that has entered

	mu       sync.Mutex // guards what follows
	running  context.Context
	stopped  bool
	peers    map[mail.StoreID]*peer
	sessions map[string]*session // live ones that the peer dialled, by name
	diallers []*dialler
}

// New makes the links of one end. Nothing happens before Run.
func New(o Options) *Links {
	o.setDefaults()
	l := &Links{
		o: o, boot: uuid.NewString(), started: time.Now(),
		atStart: map[store.Lane]uint64{}, peers: map[mail.StoreID]*peer{}, sessions: map[string]*session{},
	}
	for _, info := range o.Store.Lanes() {
		if uuid.Validate(string(info.Lane)) != nil {
			continue // a waiting room
		}
		l.atStart[info.Lane] = info.Durable
		if _, err := l.o.Store.Record(peerTable, string(info.Lane)); err == nil || info.Depth > 0 {
			l.peer(mail.StoreID(info.Lane)) // others were forgotten
		}
	}
	return l
}

// Dial keeps a peer connected as long as Run runs.
func (l *Links) Dial(p Peer) {
	d := &dialler{l: l, target: p, since: time.Now(), log: l.o.Log.With("address", p.Address)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.diallers = append(l.diallers, d)
	for _, known := range l.peers {
		if known.dialledAt(p.Address) {
			d.peer = known
		}
	}
	if l.running != nil && !l.stopped {
		l.spawn(d.run)
	}
}

// Run keeps the links going and returns when ctx ends, after every session has said goodbye and every goroutine has
// ended. It can run once.
func (l *Links) Run(ctx context.Context) error {
	l.mu.Lock()
	if l.running != nil {
		l.mu.Unlock()
		return errors.New("link: Run was called twice")
	}
	l.running = ctx
	l.spawn(l.prove)
	l.spawn(l.judge)
	if w, ok := l.o.Taker.(Window); ok {
		l.spawn(func(ctx context.Context) { l.spreadWindow(ctx, w) })
	}
	for _, d := range l.diallers {
		l.spawn(d.run)
	}
	l.mu.Unlock()
	<-ctx.Done()
	l.mu.Lock()
	l.stopped = true
	l.mu.Unlock()
	l.wg.Wait()
	return nil
}

// spawn runs fn as one of the goroutines of Run; l.mu is held.
func (l *Links) spawn(fn func(context.Context)) {
	ctx := l.running
	l.wg.Go(func() { fn(ctx) })
}

// enter lets a handler in, as long as Run runs; it must call l.wg.Done when it leaves.
func (l *Links) enter() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running == nil || l.stopped || l.running.Err() != nil {
		return toStatus(l.stopping())
	}
	l.wg.Add(1)
	return nil
}

// peer finds a peer or begins to know it.
func (l *Links) peer(id mail.StoreID) *peer {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.peers[id]
	if p == nil {
		p = newPeer(l, id)
		l.peers[id] = p
	}
	return p
}

func (l *Links) known(id mail.StoreID) *peer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.peers[id]
}

// all lists the peers in a fixed order.
func (l *Links) all() []*peer {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ps []*peer
	for _, id := range slices.Sorted(maps.Keys(l.peers)) {
		ps = append(ps, l.peers[id])
	}
	return ps
}

// Bound reports whether a number may have been sent to its receiver and is not settled: until a receipt or the next
// session says more, its recipients belong to that receiver. Asked inside a commit it holds for that commit.
func (l *Links) Bound(lane store.Lane, seq uint64) bool {
	if p := l.known(mail.StoreID(lane)); p != nil {
		return p.isBound(seq)
	}
	return seq <= l.atStart[lane]
}

// QueueTrace tells a peer of a step of a message that came from it, with one of the next receipts. It is best effort:
// steps are lost when the process ends or the connection breaks at that moment, and the oldest when too many wait. A
// store that was never a peer is told nothing.
func (l *Links) QueueTrace(id mail.StoreID, t store.Trace) {
	p := l.known(id)
	if p == nil {
		if _, err := l.o.Store.Record(peerTable, string(id)); err != nil {
			return
		}
		p = l.peer(id)
	}
	p.queueTrace(t)
}

// judge notes changes of state once a beat, so that they carry the time at which they happened.
func (l *Links) judge(ctx context.Context) {
	tick := time.NewTicker(l.o.Beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.Status()
		}
	}
}

// spreadWindow passes the taker's signal on to all receivers.
func (l *Links) spreadWindow(ctx context.Context, w Window) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.Changed():
		}
		for _, p := range l.all() {
			p.wakeReceiver()
		}
	}
}
