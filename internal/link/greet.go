package link

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpcpeer "google.golang.org/grpc/peer"

	"sidegate/internal/identity"
	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// inquire finds out who listens at the address, without touching any session.
func (d *dialler) inquire(ctx context.Context, client pb.LinkServiceClient) (*peer, *pb.EndIdentity, string, error) {
	ctx, cancel := d.opening(ctx)
	defer cancel()
	_, w, uri, err := d.helloTo(ctx, client, nil)
	if err != nil {
		return nil, nil, "", err
	}
	if err := d.l.checkIdentity(w.GetIdentity(), uri); err != nil {
		return nil, nil, "", err
	}
	if d.target.URI != "" && uri != "" && uri != d.target.URI && uri != identity.Dev().URI {
		return nil, nil, "", refuse(codes.PermissionDenied, ReasonNotPeer, "%s is %s there, not %s", d.target.Address, uri, d.target.URI)
	}
	p := d.l.peer(mail.StoreID(w.GetIdentity().GetStoreId()))
	d.mu.Lock()
	d.peer = p
	d.mu.Unlock()
	return p, w.GetIdentity(), uri, nil
}

// opening bounds the opening of a session: the context ends with the links, or when it takes too long.
func (d *dialler) opening(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	d.l.mu.Lock()
	running := d.l.running
	d.l.mu.Unlock()
	stop := context.AfterFunc(running, cancel)
	return ctx, func() { stop(); cancel() }
}

type heartbeatClient = grpc.BidiStreamingClient[pb.HeartbeatRequest, pb.HeartbeatResponse]

// helloTo opens a heartbeat stream and waits for the welcome.
func (d *dialler) helloTo(ctx context.Context, client pb.LinkServiceClient, m *pb.LinkMarks) (heartbeatClient, *pb.Welcome, string, error) {
	st, err := client.Heartbeat(ctx)
	if err != nil {
		return nil, nil, "", fromStatus(err)
	}
	if err := st.Send(hello(d.l, m)); err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, "", fromStatus(err)
	}
	first, err := st.Recv()
	if err != nil {
		return nil, nil, "", fromStatus(err)
	}
	w := first.GetWelcome()
	if w == nil || w.GetVersion() != Version {
		return nil, nil, "", refuse(codes.FailedPrecondition, ReasonVersion, "%s does not answer with a welcome of version %d", d.target.Address, Version)
	}
	uri := ""
	if from, ok := grpcpeer.FromContext(st.Context()); ok {
		id, _ := identity.FromPeer(from)
		uri = id.URI
	}
	return st, w, uri, nil
}

// greet opens the session with the end that inquire found.
func (d *dialler) greet(ctx context.Context, client pb.LinkServiceClient, s *session, id *pb.EndIdentity) (heartbeatClient, error) {
	opening, done := d.opening(ctx)
	defer done()
	doubt := s.p.register(opening, s, id, s.uri)
	if doubt != nil && !s.p.doubted(doubt) {
		return nil, doubt
	}
	s.mine = d.l.marksOf(s.p.id)
	// The stream outlives the opening: a timer ends it in this time, and nobody after it.
	ctx, cancel := context.WithCancel(ctx)
	giveUp := context.AfterFunc(opening, cancel)
	defer giveUp()
	st, w, _, err := d.helloTo(ctx, client, s.mine.proto())
	if err != nil {
		cancel()
		return nil, s.hear(err)
	}
	if err = d.agree(s, w, id); err == nil && doubt != nil {
		err = s.p.disown(doubt, id)
	}
	if err == nil && w.GetSession() == "" {
		_, err = st.Recv()
		err = s.hear(err)
	}
	if err != nil {
		s.tell(st, err)
		cancel()
		return nil, err
	}
	s.name = w.GetSession()
	s.p.meet(s)
	s.established()
	return st, nil
}

// agree checks a welcome: that the end inquired about says it, and that the books of both fit together.
func (d *dialler) agree(s *session, w *pb.Welcome, id *pb.EndIdentity) (err error) {
	if w.GetIdentity().GetStoreId() != id.GetStoreId() || w.GetIdentity().GetEpoch() != id.GetEpoch() {
		return fmt.Errorf("link: another end answers at %s than a moment ago", d.target.Address)
	}
	if s.theirs, err = parseMarks(w.GetMarks()); err != nil {
		return err
	}
	return s.checkMarks()
}

// hear turns what the peer says into an error, and notes it if it speaks of a store that was restored.
func (s *session) hear(err error) error {
	err = fromStatus(err)
	var f *refusal
	if errors.As(err, &f) && f.reason == ReasonRestored {
		s.p.foundRestored(f)
	}
	return err
}

// tell names to the peer what its restored store lacks, and hears what it says of ours.
func (s *session) tell(st heartbeatClient, err error) {
	var f *refusal
	if !errors.As(err, &f) || f.reason != ReasonRestored {
		return
	}
	if len(f.missing) == 0 {
		_, said := st.Recv()
		var theirs *refusal
		if errors.As(fromStatus(said), &theirs) && theirs.reason == ReasonRestored && len(theirs.missing) > 0 {
			s.p.foundRestored(theirs)
		}
		return
	}
	goodbye := &pb.HeartbeatRequest_Goodbye{Goodbye: &pb.Goodbye{Reason: joinIDs(f.missing)}}
	if st.Send(&pb.HeartbeatRequest{Kind: goodbye}) == nil {
		_, _ = st.Recv() // the refusal; that it comes says that the goodbye was read
	}
}

// carry opens the push and pull streams of a session.
func (s *session) carry(client pb.LinkServiceClient) error {
	push, err := client.PushMessages(s.ctx)
	if err != nil {
		return fromStatus(err)
	}
	if err := push.Send(&pb.PushMessagesRequest{Session: s.name}); err != nil {
		return fromStatus(err)
	}
	pull, err := client.PullMessages(s.ctx)
	if err != nil {
		return fromStatus(err)
	}
	if err := pull.Send(&pb.PullMessagesRequest{Session: s.name}); err != nil {
		return fromStatus(err)
	}
	s.spawn(func() error { return s.send(dialledPush{push}, nil) })
	s.spawn(func() error { return s.receive(dialledPull{pull}, nil) })
	return nil
}
