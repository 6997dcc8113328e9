package link

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/google/uuid"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// quick is the heartbeat stream of a peer that does something with the welcome before it counts as sent here.
type quick struct {
	grpc.BidiStreamingServer[pb.HeartbeatRequest, pb.HeartbeatResponse]
	ctx     context.Context
	welcome func(session string)
}

func (q quick) Context() context.Context            { return q.ctx }
func (q quick) Recv() (*pb.HeartbeatRequest, error) { return nil, io.EOF }
func (q quick) Send(r *pb.HeartbeatResponse) error {
	if r.GetWelcome() != nil {
		q.welcome(r.GetWelcome().GetSession())
	}
	return nil
}

// What a quick peer pulls with the welcome stays bound: nobody else may have it any more.
func TestPeerThatPullsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.add("pcside", nil).start()
		defer a.close()
		id := mail.StoreID(uuid.NewString())
		must(t, a.enqueueFor(id, 3))
		st := quick{ctx: t.Context(), welcome: func(session string) {
			s, err := a.links.attach(t.Context(), session)
			must(t, err)
			defer a.links.wg.Done()
			sender := &sender{s: s, p: s.p, lane: s.p.lane}
			must(t, sender.load(3))
		}}
		hello := &pb.Hello{MinVersion: 1, MaxVersion: 1, Marks: &pb.LinkMarks{},
			Identity: &pb.EndIdentity{StoreId: string(id), End: "quick", Epoch: 1, BootId: uuid.NewString()}}
		if err := a.links.serve(st, hello); err == nil {
			t.Error("the session did not end with its stream")
		}
		if !a.links.Bound(store.Lane(id), 3) {
			t.Error("what was read to be sent is not bound")
		}
	})
}

// A session that begins while its peer is forgotten would live beside whatever the links know, and what it sends would be
// bound to nobody.
func TestForgottenWhileItOpens(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.add("pcside", nil).start()
		defer a.close()
		id := mail.StoreID(uuid.NewString())
		p, err := a.links.admit(id)
		must(t, err)
		must(t, a.links.Forget(t.Context(), id))
		s := a.links.newSession(t.Context(), p, "")
		defer s.close()
		who := &pb.EndIdentity{StoreId: string(id), End: "late", Epoch: 1, BootId: uuid.NewString()}
		if err := p.register(t.Context(), s, who, ""); err == nil {
			t.Error("a forgotten peer has a session")
		}
		if n := len(a.links.all()); n != 0 {
			t.Errorf("%d peers are known", n)
		}
	})
}

// An announcement that was heard before the session was replaced must not come behind that of the newer session.
func TestReplacedSessionAnnouncesNothing(t *testing.T) {
	routes := newAnnouncer()
	l := &Links{o: Options{Routes: routes}}
	l.o.setDefaults()
	p := &peer{l: l, live: &session{}}
	s := &session{l: l, p: p}
	digest := announcementDigest(nil, nil, 0)
	_ = s.hearAnnouncement(&pb.AnnouncementChunk{Generation: 1, Last: true, Digest: digest[:]})
	if _, n := routes.last(); n != 0 {
		t.Error("a replaced session was heard")
	}
	p.live = s
	must(t, s.hearAnnouncement(&pb.AnnouncementChunk{Generation: 1, Last: true, Digest: digest[:]}))
	if _, n := routes.last(); n != 1 {
		t.Error("the live session was not heard")
	}
}

// Somebody listens at the address and never answers: each attempt takes its time, and the delays between them grow.
func TestDelaysGrowWhenNobodyAnswers(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var dials atomic.Int64
		on := &atomic.Bool{}
		on.Store(true)
		w.wrap = func(_, _ string, c net.Conn) net.Conn {
			dials.Add(1)
			return blackhole{c, on}
		}
		a, b := w.add("pcside", nil).start(), w.add("macside", nil)
		b.start("pcside")
		defer a.close()
		defer b.close()
		pass(2 * time.Minute) // until the delay is the longest
		dials.Store(0)
		pass(10 * time.Minute)
		if n, most := dials.Load(), int64(10*time.Minute/(openTimeout+maxDelay*8/10)); n > most {
			t.Errorf("it was dialled %d times in 10 minutes, want at most %d", n, most)
		}
	})
}
