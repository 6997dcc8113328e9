package link

import (
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/internal/liveness"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Status is one link, as this end sees it.
type Status struct {
	Peer       string // name of the other end, or its address while it was never heard from
	StoreID    mail.StoreID
	Address    string // dialled; empty when the other end dials
	URI        string // identity the other end proved last
	Connected  bool
	Dialled    bool // the open session was dialled here
	Opened     time.Time
	LastBeat   time.Time
	RoundTrip  time.Duration // zero while not measured; only the end that dialled measures it
	PeerEpoch  uint64
	PeerClass  store.Class // zero while never told
	Outbound   Marks
	Inbound    Marks
	Directions []liveness.Direction // outbound, inbound, then the legs behind the other end
	Error      string               // why there is no session, if there is none
	Restored   bool                 // a store came back from an older copy
	MissingIDs []mail.ID            // what it lacks, as far as it is known
}

// Marks are the figures of one direction.
type Marks struct {
	Assigned   uint64 // highest number assigned; inbound: seen
	Sent       uint64 // highest number sent in this session; outbound only
	Settled    uint64 // everything up to here: released, or received
	Depth      int
	Messages   uint32 // credit left
	Bytes      uint64
	Exceptions int
}

// Status returns every link: the peers by store, then the addresses at which nobody answered yet.
func (l *Links) Status() []Status {
	now, wall := time.Now(), l.o.Store.Now()
	waiting := l.waiting()
	var all []Status
	for _, p := range l.all() {
		all = append(all, p.status(now, wall, waiting))
	}
	l.mu.Lock()
	ds := slices.Clone(l.diallers)
	l.mu.Unlock()
	for _, d := range ds {
		if d.known() == nil {
			all = append(all, d.status(now))
		}
	}
	return all
}

// status is the link to an address at which nobody answered yet.
func (d *dialler) status(now time.Time) Status {
	d.mu.Lock()
	problem := d.problem
	d.mu.Unlock()
	s := Status{Peer: d.target.Address, Address: d.target.Address, Error: problem}
	own := d.l.o.End
	for _, way := range [][2]string{{own, d.target.Address}, {d.target.Address, own}} {
		e := liveness.LinkEvidence{From: way[0], To: way[1], Since: d.since, DownAfter: d.l.o.Down, Problem: problem}
		s.Directions = append(s.Directions, d.l.observe(way[0]+" > "+way[1], liveness.JudgeLink(e, now), now))
	}
	return s
}

// dialled is the address at which a peer is dialled, if it is, and why that does not succeed.
func (l *Links) dialled(p *peer) (address, problem string) {
	l.mu.Lock()
	ds := slices.Clone(l.diallers)
	l.mu.Unlock()
	for _, d := range ds {
		if d.known() == p {
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.target.Address, d.problem
		}
	}
	return "", ""
}

func (p *peer) status(now, wall time.Time, waiting waiting) Status {
	lane, in := p.l.o.Store.Lane(p.lane), p.l.o.Store.Inbound(p.id)
	address, problem := p.l.dialled(p)
	st := Status{
		StoreID: p.id, Address: address,
		Outbound: Marks{Assigned: lane.Assigned, Settled: lane.Released, Depth: lane.Depth},
		Inbound:  Marks{Settled: in.Through, Exceptions: len(in.Exceptions)},
	}
	s := p.session()
	if s != nil {
		st.fill(s)
	}
	common := p.common(s, now, wall)
	var own []liveness.Leg
	if p.l.o.Legs != nil {
		own = p.l.o.Legs()
	}
	p.mu.Lock()
	st.Peer, st.URI, st.PeerEpoch = p.end, p.uri, p.epoch
	st.LastBeat, st.RoundTrip, st.PeerClass = p.heard, p.roundTrip, storeClass(p.beat)
	st.Restored, st.MissingIDs = p.restored, slices.Clone(p.missing)
	if !st.Connected {
		if st.Error = p.problem; problem != "" && !p.restored {
			st.Error = problem
		}
	}
	if p.beat.GetInbound() != nil {
		st.Outbound.Exceptions = int(p.beat.GetInbound().GetExceptions())
		st.Inbound.Depth = int(p.beat.GetOutbound().GetDepth())
		st.Inbound.Assigned = max(st.Inbound.Assigned, p.beat.GetOutbound().GetAssignedThrough())
	}
	legs := fromLegs(p.beat.GetLegs())
	out, back := p.evidence(st, common)
	p.mu.Unlock()
	p.ways(&out, &back, own, legs)
	out.Held, out.Deferred = waiting.held[p.lane], waiting.deferred[p.lane]
	if out.Depth = lane.Depth; lane.Depth > 0 && !lane.Oldest.IsZero() {
		out.Oldest = now.Add(-wall.Sub(lane.Oldest))
	}
	p.sawWaiting(&out, &back, now)
	if st.Peer == "" {
		st.Peer = string(p.id)
	}
	st.Directions = []liveness.Direction{
		p.l.observe(string(p.id)+" out", liveness.JudgeLink(out, now), now),
		p.l.observe(string(p.id)+" in", liveness.JudgeLink(back, now), now),
	}
	var keys []string
	for _, leg := range legs {
		key := string(p.id) + " " + leg.From + " > " + leg.To
		keys = append(keys, key)
		st.Directions = append(st.Directions, p.l.observe(key, leg, now))
	}
	p.observeLegs(keys)
	return st
}

// sawWaiting corrects since when mail waits in each direction by since when it was seen to wait here: what wall clocks say
// of it would hide a stall after one was set back.
func (p *peer) sawWaiting(out, back *liveness.LinkEvidence, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, e := range []*liveness.LinkEvidence{out, back} {
		switch {
		case e.Depth == 0:
			p.waits[i] = time.Time{}
		case p.waits[i].IsZero():
			p.waits[i] = now
		}
		if e.Depth > 0 && p.waits[i].Before(e.Oldest) {
			e.Oldest = p.waits[i]
		}
	}
}

// observeLegs forgets the legs that the peer tells of no more, of which there is no end otherwise.
func (p *peer) observeLegs(keys []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range p.legs {
		if !slices.Contains(keys, key) {
			p.l.o.Tracker.Forget(key)
		}
	}
	p.legs = keys
}

// fill adds what the live session knows.
func (st *Status) fill(s *session) {
	s.mu.Lock()
	st.Connected, st.Dialled, st.Opened = s.connected, s.dialled, s.opened
	w, r := s.out, s.in
	s.mu.Unlock()
	if w != nil {
		st.Outbound.Sent, st.Outbound.Messages, st.Outbound.Bytes = w.figures()
	}
	if r != nil {
		st.Inbound.Assigned, st.Inbound.Messages, st.Inbound.Bytes = r.figures()
	}
}

// observe notes a judgement and logs a change of state.
func (l *Links) observe(key string, d liveness.Direction, now time.Time) liveness.Direction {
	d, change := l.o.Tracker.Observe(key, d, now)
	if change != nil && change.Was != "" {
		level := hclog.Info
		if d.State.Wrong() {
			level = hclog.Warn
		}
		l.o.Log.Log(level, "direction changed", "from", d.From, "to", d.To, "state", d.State, "was", change.Was, "reason", d.Reason)
	}
	return d
}
