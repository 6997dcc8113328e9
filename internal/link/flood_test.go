package link

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sidegate/internal/liveness"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// Content in single bytes takes two hundred times the memory that its credit stands for, and nobody honest sends it so.
func TestContentInCrumbs(t *testing.T) {
	l := &Links{}
	l.o.setDefaults()
	r := &receiver{s: &session{l: l}, next: 1, granted: [2]uint64{DefaultCreditMessages, DefaultCreditBytes}}
	crumbs := &pb.Frame{}
	for range 1000 {
		crumbs.Entries = append(crumbs.Entries, chunk("a"))
	}
	for n := 0; n < DefaultCreditBytes; n += len(crumbs.Entries) {
		if err := r.enqueue(crumbs); err != nil {
			if reason(err) != ReasonProtocol {
				t.Errorf("refused with %v", err)
			}
			if len(r.queue) > 100_000 {
				t.Errorf("%d entries wait", len(r.queue))
			}
			return
		}
	}
	t.Errorf("%d entries wait, and none was refused", len(r.queue))
}

// A peer that says again and again what it did not take costs no more memory than one that says it once.
func TestExceptionsOverAndOver(t *testing.T) {
	l := &Links{o: Options{Store: memoryStore(t)}}
	l.o.setDefaults()
	p := newPeer(l, "0197a000-0000-7000-8000-00000000ffff")
	w := &sender{s: &session{l: l}, p: p, lane: p.lane, wake: make(chan struct{}, 1)}
	var many []store.OpenException
	for n := range uint64(store.MaxOpenExceptions) {
		many = append(many, store.OpenException{Seq: n + 1, Exception: mail.Exception{Kind: mail.NotServed}})
	}
	must(t, w.except(many))
	var err error
	for n := 0; n < 10 && err == nil; n++ {
		err = w.except(many)
	}
	if reason(err) != ReasonProtocol {
		t.Errorf("%d voids wait to be sent, the last exceptions ended with %v", len(w.voids), err)
	}
}

// Legs that a peer tells of no more are forgotten: it may make up new ones with every beat.
func TestLegsOverAndOver(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		tracker := liveness.NewTracker()
		e := w.add("pcside", func(o *Options) { o.Tracker = tracker }).start()
		defer e.close()
		s, done := newStranger(t, w, "pcside")
		defer done()
		st, _, err := s.open(&pb.LinkMarks{})
		must(t, err)
		for n := range 100 {
			legs := []*pb.Leg{{From: fmt.Sprint("leg ", n), To: "there"}}
			must(t, st.Send(&pb.HeartbeatRequest{Kind: &pb.HeartbeatRequest_Beat{Beat: &pb.Beat{Sequence: uint64(n + 1), Legs: legs}}}))
			pass(100 * time.Millisecond)
			e.links.Status()
		}
		if n := len(tracker.Directions()); n != 3 {
			t.Errorf("%d directions are remembered, want both of the link and one leg", n)
		}
	})
}

// A peer that wants a delivery again at once would have it round and round at the speed of the network.
func TestRetryIsNeverAtOnce(t *testing.T) {
	l := &Links{}
	l.o.setDefaults()
	w := &sender{s: &session{l: l}}
	for _, c := range []struct {
		attempts    int
		asked, want time.Duration
	}{
		{0, 0, 300 * time.Second}, {1, 0, 600 * time.Second}, {9, 0, 4000 * time.Second}, {1 << 40, 0, 4000 * time.Second},
		{0, time.Nanosecond, leastRetry}, {5, time.Minute, time.Minute}, {0, 24 * time.Hour, 4000 * time.Second},
	} {
		if got := w.retry(c.attempts, c.asked); got != c.want {
			t.Errorf("after %d attempts, asked for %s: %s, want %s", c.attempts, c.asked, got, c.want)
		}
	}
}

// What was sent in part, or is not durable where it comes from, leaves no file behind when the session ends.
func TestHalfSentLeavesNothing(t *testing.T) {
	content := strings.Repeat("x", 100_000)
	for name, sent := range map[string]int{"most of it": 90_000, "not durable there": len(content)} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				e := w.add("macside", nil).start()
				defer e.close()
				contents := func() []string {
					names, err := e.fs.List(e.fs.PathJoin(e.dir, "content"))
					must(t, err)
					return names
				}
				s, done := newStranger(t, w, "macside")
				defer done()
				_, welcome, err := s.open(&pb.LinkMarks{})
				must(t, err)
				push, err := s.client.PushMessages(s.ctx)
				must(t, err)
				must(t, push.Send(&pb.PushMessagesRequest{Session: welcome.GetSession()}))
				_, err = push.Recv()
				must(t, err)
				entry := begin(1, content, "everybody@Test")
				entry.GetBegin().Content = entry.GetBegin().Content[:sent]
				must(t, push.Send(&pb.PushMessagesRequest{Frame: &pb.Frame{Entries: []*pb.FrameEntry{entry}}}))
				pass(time.Second)
				if names := contents(); len(names) != 1 {
					t.Fatalf("files: %q", names)
				}
				done()
				pass(time.Second)
				if left := contents(); len(left) > 0 {
					t.Errorf("left: %q", left)
				}
			})
		})
	}
}
