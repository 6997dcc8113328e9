package link

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// peer is what is known of one other end, over all its sessions.
type peer struct {
	l    *Links
	id   mail.StoreID
	lane store.Lane

	opening  sync.Mutex // held while a session opens, over one commit
	settling sync.Mutex // held while receipts are settled, over one commit; guards sent
	sent     *sentLog

	mu      sync.Mutex // guards what follows
	end     string
	address string // at which it was dialled last
	uri     string // identity it proved last
	epoch   uint64
	boot    string
	live    *session
	opened  time.Time // when live was opened
	since   time.Time // since when it should be heard; zero if nobody expects it

	bound uint64 // numbers up to here may have been sent

	problem  string // why there is no session
	restored bool
	missing  []mail.ID

	beat       *pb.Beat // the last one
	heard      time.Time
	proof      time.Time    // when its store proved itself last
	legs       []string     // behind it, as the tracker knows them
	waits      [2]time.Time // since when mail is seen to wait, outbound and inbound
	roundTrip  time.Duration
	gaveAt     time.Time // when it took something of ours last
	tookAt     time.Time // when something of it was taken last
	events     []store.Trace
	generation uint64 // of what we announced to it last
	digest     [32]byte
	telling    uint64 // generation of the directory it was told last
}

func newPeer(l *Links, id mail.StoreID) *peer {
	p := &peer{l: l, id: id, lane: store.Lane(id), sent: newSentLog(id, l.o.RetainSent), bound: l.atStart[store.Lane(id)]}
	if value, err := l.o.Store.Record(peerTable, string(id)); err == nil {
		p.end, p.address, _ = strings.Cut(string(value), "\n")
	}
	if p.l.o.Store.Lane(p.lane).Depth > 0 {
		p.since = l.started
	}
	return p
}

// peerTable remembers the name of each peer and, after a line break, the address at which it was dialled, so that it
// is known before it is heard.
const peerTable = "link/peer"

// String names a peer in errors: its end and its store.
func (p *peer) String() string {
	if name := p.name(); name != "" {
		return fmt.Sprintf("%s (%s)", name, p.id)
	}
	return string(p.id)
}

// dialledAt reports whether the peer was found at an address before; it is expected to be heard then.
func (p *peer) dialledAt(address string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.address != address {
		return false
	}
	if p.since.IsZero() {
		p.since = time.Now()
	}
	return true
}

func (p *peer) name() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end
}

func (p *peer) session() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live
}

func (p *peer) isBound(seq uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return seq <= p.bound
}

// bind notes that numbers up to through are about to be sent.
func (p *peer) bind(through uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bound = max(p.bound, through)
}

// meet settles what may have been sent: the peer's older sessions are fenced there, so what its marks do not show was
// not taken and never will be under that number's old sending. It comes before anything is sent in the session.
func (p *peer) meet(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live != s {
		return // a newer session knows better
	}
	p.bound = s.theirs.highest()
	p.problem, p.restored, p.missing = "", false, nil
}

// unregister takes a session that has ended out of the books.
func (p *peer) unregister(s *session, why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live == s {
		p.live = nil
		if p.l.o.Routes != nil {
			p.l.o.Routes.Silence(p.id) // under the lock, so that no announcement of the next session comes before
		}
	}
	if !p.restored {
		p.problem = why
	}
}

// stale refuses a store whose count of starts is lower than one seen before.
func (p *peer) stale(id *pb.EndIdentity) error {
	f := refuse(codes.FailedPrecondition, ReasonRestored,
		"the store of %s came back from an older copy: its count of starts fell to %d", id.GetEnd(), id.GetEpoch())
	p.foundRestored(f)
	return f
}

// lacks notes that one of both stores was restored. It reports news: the first time, and when more is known of what
// is missing.
func (p *peer) lacks(problem string, missing []mail.ID) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	news = !p.restored || len(missing) > len(p.missing)
	if !p.restored {
		p.restored, p.problem = true, problem
	}
	if len(missing) > len(p.missing) {
		p.missing = missing
	}
	return news
}
