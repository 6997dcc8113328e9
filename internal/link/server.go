package link

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"sidegate/internal/identity"
	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// Server returns the service that listens for the links.
func (l *Links) Server() pb.LinkServiceServer { return server{l: l} }

type server struct {
	pb.UnimplementedLinkServiceServer
	l *Links
}

// Heartbeat opens a session and lasts as long as it does.
func (v server) Heartbeat(st grpc.BidiStreamingServer[pb.HeartbeatRequest, pb.HeartbeatResponse]) error {
	first, err := st.Recv()
	if err != nil {
		return err
	}
	if err := v.l.enter(); err != nil {
		return err
	}
	defer v.l.wg.Done()
	return toStatus(v.l.serve(st, first.GetHello()))
}

func (l *Links) serve(st grpc.BidiStreamingServer[pb.HeartbeatRequest, pb.HeartbeatResponse], hello *pb.Hello) error {
	uri := uriOf(st.Context())
	if hello == nil {
		return violation("the first request is not a hello")
	}
	if hello.GetMinVersion() > Version || hello.GetMaxVersion() < Version {
		return refuse(codes.FailedPrecondition, ReasonVersion, "%s speaks protocol version %d, the peer %d to %d",
			l.o.End, Version, hello.GetMinVersion(), hello.GetMaxVersion())
	}
	if err := l.checkIdentity(hello.GetIdentity(), uri); err != nil {
		return err
	}
	if hello.GetMarks() == nil {
		return st.Send(l.welcome("", nil))
	}
	s, err := l.open(st.Context(), hello, uri)
	if s != nil {
		defer s.close()
	}
	if err != nil {
		return l.turnAway(st, s, err)
	}
	if err := st.Send(l.welcome(s.name, s.mine.proto())); err != nil {
		return err
	}
	s.established()
	return s.beats(servedPulses{st})
}

func (l *Links) welcome(session string, marks *pb.LinkMarks) *pb.HeartbeatResponse {
	return &pb.HeartbeatResponse{Kind: &pb.HeartbeatResponse_Welcome{Welcome: &pb.Welcome{
		Version: Version, Session: session, Identity: l.identity(), Marks: marks,
	}}}
}

// open makes the session of a hello the live one. The session it returns beside an error is to be closed.
func (l *Links) open(ctx context.Context, hello *pb.Hello, uri string) (*session, error) {
	p, err := l.admit(mail.StoreID(hello.GetIdentity().GetStoreId()))
	if err != nil {
		return nil, err
	}
	s := l.newSession(ctx, p, uri)
	s.name = uuid.NewString()
	if s.theirs, err = parseMarks(hello.GetMarks()); err != nil {
		return s, err
	}
	doubt := p.register(ctx, s, hello.GetIdentity(), uri)
	if doubt != nil && !p.doubted(doubt) {
		return s, doubt
	}
	s.mine = l.marksOf(p.id)
	if err := s.checkMarks(); err != nil {
		return s, err
	}
	if doubt != nil {
		return s, p.disown(doubt, hello.GetIdentity())
	}
	p.meet(s)
	l.mu.Lock()
	l.sessions[s.name] = s
	l.mu.Unlock()
	return s, nil
}

// admit finds the peer of a hello. There is a bound, because whoever may be a peer may claim any store.
func (l *Links) admit(id mail.StoreID) (*peer, error) {
	l.mu.Lock()
	full := l.peers[id] == nil && len(l.peers) >= maxPeers
	l.mu.Unlock()
	if full {
		return nil, refuse(codes.ResourceExhausted, ReasonNotPeer, "%s knows %d other ends already", l.o.End, maxPeers)
	}
	return l.peer(id), nil
}

// turnAway refuses a session. When a store was restored, the peer is shown the marks first, so that both ends can list
// what is missing; when it is this one, the peer is given a moment to tell.
func (l *Links) turnAway(st grpc.BidiStreamingServer[pb.HeartbeatRequest, pb.HeartbeatResponse], s *session, why error) error {
	var f *refusal
	if !errors.As(why, &f) || f.reason != ReasonRestored {
		return why
	}
	if err := st.Send(l.welcome("", s.mine.proto())); err != nil {
		return why
	}
	told := make(chan []mail.ID, 1)
	l.wg.Go(func() { // ends at the latest when the handler has returned
		m, _ := st.Recv()
		told <- splitIDs(m.GetGoodbye().GetReason())
	})
	wait := time.NewTimer(l.o.Beat)
	defer wait.Stop()
	select {
	case ids := <-told:
		if len(f.missing) == 0 && len(ids) > 0 {
			s.p.foundRestored(&refusal{text: f.text + "; the peer names what is missing", missing: ids})
		}
	case <-wait.C:
	}
	return why
}

// PushMessages takes what the dialling end sends.
func (v server) PushMessages(st grpc.BidiStreamingServer[pb.PushMessagesRequest, pb.PushMessagesResponse]) error {
	return carried(st.Context(), v.l, st.Recv, func(s *session, first *pb.PushMessagesRequest) error {
		return s.receive(servedPush{st}, first.GetFrame())
	})
}

// PullMessages sends what the dialling end pulls.
func (v server) PullMessages(st grpc.BidiStreamingServer[pb.PullMessagesRequest, pb.PullMessagesResponse]) error {
	return carried(st.Context(), v.l, st.Recv, func(s *session, first *pb.PullMessagesRequest) error {
		return s.send(servedPull{st}, first.GetReceipts())
	})
}

// carried runs a push or a pull in the session that its first request names.
func carried[R interface{ GetSession() string }](ctx context.Context, l *Links, recv func() (R, error), run func(*session, R) error) error {
	first, err := recv()
	if err != nil {
		return err
	}
	s, err := l.attach(ctx, first.GetSession())
	if err != nil {
		return err
	}
	defer l.wg.Done()
	return toStatus(run(s, first))
}

// attach lets a push or pull in, if it belongs to a live session of the same caller.
func (l *Links) attach(ctx context.Context, name string) (*session, error) {
	if err := l.enter(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	s := l.sessions[name]
	l.mu.Unlock()
	if s == nil || s.ctx.Err() != nil || s.uri != uriOf(ctx) {
		l.wg.Done()
		return nil, toStatus(refuse(codes.FailedPrecondition, ReasonSession, "there is no such session"))
	}
	return s, nil
}

// uriOf is the identity a caller proved, empty if none.
func uriOf(ctx context.Context) string {
	id, _ := identity.FromContext(ctx)
	return id.URI
}
