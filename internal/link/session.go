package link

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// session is one session of a link at one of its ends. It ends as a whole: whatever goes wrong on one of its streams
// ends all three.
type session struct {
	l       *Links
	p       *peer
	name    string
	uri     string
	address string // dialled, empty if the peer dialled
	dialled bool   // from here
	opened  time.Time
	fence   store.Session // set before any stream begins, as are the marks
	theirs  marks
	mine    marks

	ctx  context.Context
	end  context.CancelCauseFunc
	wg   sync.WaitGroup // its goroutines
	stop func() bool

	answer chan struct{} // a beat has come that wants its echo; capacity 1

	mu        sync.Mutex // guards what follows
	connected bool
	farewell  error // the peer's goodbye
	in        *receiver
	out       *sender
	heard     time.Time // last beat
	confirmed time.Time // when the last of our beats that was echoed had been sent
	theirBeat uint64    // number of their last beat
	ourBeat   uint64    // number of our last beat
	sentAt    [64]time.Time
	lateness  time.Duration

	// Of the goroutine that listens to the heartbeat:
	incoming *incoming // announcement being received
	hearing  *hearing  // directory being received
	// Of the goroutine that speaks on it:
	announcing bool   // the first announcement is on its way
	told       uint64 // generation the peer was told
	telling    telling
}

// newSession makes a session that ends with ctx, and with the links.
func (l *Links) newSession(ctx context.Context, p *peer, uri string) *session {
	now := time.Now()
	s := &session{
		l: l, p: p, uri: uri, opened: now, heard: now, confirmed: now,
		answer: make(chan struct{}, 1),
	}
	s.ctx, s.end = context.WithCancelCause(ctx)
	l.mu.Lock()
	running := l.running
	l.mu.Unlock()
	s.stop = context.AfterFunc(running, func() { s.end(l.stopping()) })
	return s
}

// spawn runs fn as a goroutine of the session; its error ends the session.
func (s *session) spawn(fn func() error) {
	s.l.wg.Add(1)
	s.wg.Go(func() {
		defer s.l.wg.Done()
		if err := fn(); err != nil {
			s.end(err)
		}
	})
}

// close ends the session, if it has not ended, and takes it out of the books.
func (s *session) close() {
	s.end(errors.New("the heartbeat stream has ended"))
	s.stop()
	cause := context.Cause(s.ctx)
	if !s.dialled {
		s.l.mu.Lock()
		delete(s.l.sessions, s.name)
		s.l.mu.Unlock()
	}
	s.mu.Lock()
	was := s.connected
	s.connected = false
	if s.farewell != nil {
		cause = s.farewell
	}
	s.mu.Unlock()
	why, _ := wire.Said(cause)
	if brokeOff(cause) {
		why = "the other end, or the way to it, broke off"
	}
	s.p.unregister(s, clip(why, maxText))
	if was {
		s.l.o.Log.Info("link session ended", "peer", s.p.name(), "store_id", s.p.id, "reason", clip(why, maxText))
	}
}

// brokeOff reports that a call is over without a word from the end that made it, which is all a handler is told.
func brokeOff(cause error) bool {
	return errors.Is(cause, context.Canceled) || status.Code(cause) == codes.Canceled
}

// within ends the session when fn does not return in time.
func (s *session) within(d time.Duration, what string, fn func() error) error {
	t := time.AfterFunc(d, func() {
		s.end(refuse(codes.DeadlineExceeded, ReasonSilent, "%s took more than %s", what, d))
	})
	defer t.Stop()
	return fn()
}

func (s *session) receiver() *receiver {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.in
}

func (s *session) sender() *sender {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out
}

// established notes that both ends agree.
func (s *session) established() {
	s.telling.held = s.theirs.directory
	if s.l.o.Directory != nil {
		s.l.o.Directory.Heard(s.p.id)
	}
	now := time.Now()
	s.mu.Lock()
	s.connected, s.heard, s.confirmed = true, now, now
	s.mu.Unlock()
	s.l.o.Log.Info("link session opened", "peer", s.p.name(), "store_id", s.p.id, "dialled", s.dialled,
		"received_there", s.theirs.received, "received_here", s.mine.received)
}

// identity is who this end is.
func (l *Links) identity() *pb.EndIdentity {
	return &pb.EndIdentity{StoreId: string(l.o.Store.ID()), End: l.o.End, Epoch: l.o.Store.Epoch(), BootId: l.boot}
}

// checkIdentity checks who the other end says it is.
func (l *Links) checkIdentity(id *pb.EndIdentity, uri string) error {
	if id.GetStoreId() == string(l.o.Store.ID()) {
		return refuse(codes.FailedPrecondition, ReasonLooped, "%s would be linked to itself: the address leads to its own store", l.o.End)
	}
	if err := wire.CheckID("identity.store_id", id.GetStoreId()); err != nil {
		return violation("%s", err)
	}
	if id.GetEpoch() == 0 || uuid.Validate(id.GetBootId()) != nil {
		return violation("the identity lacks an epoch or a boot ID")
	}
	if err := wire.CheckLine("identity.end", id.GetEnd(), wire.MaxEndName); err != nil {
		return violation("%s", err)
	}
	if l.o.Accept == nil {
		return nil
	}
	if err := l.o.Accept(mail.StoreID(id.GetStoreId()), uri); err != nil {
		return refuse(codes.PermissionDenied, ReasonNotPeer, "%s does not accept this peer: %s", l.o.End, err)
	}
	return nil
}

// checkMarks compares the books of both ends, and tells the operator when a store was restored.
func (s *session) checkMarks() error {
	r := compare(s.mine, s.theirs)
	if r == nil {
		return nil
	}
	var missing []mail.ID
	if !r.here && r.last > r.after {
		var err error
		if missing, err = s.p.sent.between(s.l.o.Store, r.after, r.last); err != nil {
			s.l.o.Log.Warn("cannot list what a restored peer lacks", "peer", s.p.name(), "error", err)
		}
	}
	f := r.refusal(s.l.o.End, s.p.name(), missing)
	s.p.foundRestored(f)
	return f
}

// foundRestored notes and logs, once, that a store came back from an older copy.
func (p *peer) foundRestored(f *refusal) {
	if p.lacks(f.text, f.missing) {
		p.l.o.Log.Error("link refused: a store came back from an older copy", "peer", p.name(), "store_id", p.id,
			"reason", f.text, "missing_message_ids", joinIDs(f.missing), "missing", len(f.missing))
	}
}

func hello(l *Links, m *pb.LinkMarks) *pb.HeartbeatRequest {
	return &pb.HeartbeatRequest{Kind: &pb.HeartbeatRequest_Hello{Hello: &pb.Hello{
		MinVersion: Version, MaxVersion: Version, Identity: l.identity(), Marks: m,
	}}}
}
