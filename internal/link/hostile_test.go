package link

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"sidegate/internal/bounds"
	"sidegate/internal/liveness"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// stranger is a peer that speaks the protocol by hand.
type stranger struct {
	t      *testing.T
	id     *pb.EndIdentity
	client pb.LinkServiceClient
	ctx    context.Context
}

func newStranger(t *testing.T, w *world, to string) (*stranger, func()) {
	target := w.peer("stranger", to)
	cc, err := grpc.NewClient(target.Address, target.Options...)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	s := &stranger{t: t, client: pb.NewLinkServiceClient(cc), ctx: ctx}
	s.id = &pb.EndIdentity{StoreId: uuid.NewString(), End: "stranger", Epoch: 1, BootId: uuid.NewString()}
	return s, func() { cancel(); cc.Close() }
}

// open says hello and returns the heartbeat stream and the welcome.
func (s *stranger) open(m *pb.LinkMarks) (heartbeatClient, *pb.Welcome, error) {
	st, err := s.client.Heartbeat(s.ctx)
	must(s.t, err)
	hello := &pb.Hello{MinVersion: 1, MaxVersion: 1, Identity: s.id, Marks: m}
	must(s.t, st.Send(&pb.HeartbeatRequest{Kind: &pb.HeartbeatRequest_Hello{Hello: hello}}))
	r, err := st.Recv()
	return st, r.GetWelcome(), err
}

// reason is the stable reason of a status.
func reason(err error) string {
	var f *refusal
	if errors.As(fromStatus(err), &f) {
		return f.reason
	}
	return status.Code(err).String()
}

func begin(seq uint64, content string, recipients ...string) *pb.FrameEntry {
	sum := sha256.Sum256([]byte(content))
	m := &pb.Message{
		MessageId: uuid.NewString(), Class: pb.MessageClass_MESSAGE_CLASS_NOTE, Sender: "NET/PO/EVE", Subject: "s", Origin: pb.Origin_ORIGIN_CLIENT,
		BodySizeBytes: uint32(len(content)), SizeBytes: uint32(len(content)), Sha256: sum[:],
	}
	b := &pb.DeliveryBegin{Sequence: seq, Message: m, Recipients: recipients, Content: []byte(content)}
	return &pb.FrameEntry{Kind: &pb.FrameEntry_Begin{Begin: b}}
}

func chunk(data string) *pb.FrameEntry {
	return &pb.FrameEntry{Kind: &pb.FrameEntry_Chunk{Chunk: &pb.ContentChunk{Data: []byte(data)}}}
}

// What breaks the protocol ends the session, and is told.
func TestFramesThatBreakTheProtocol(t *testing.T) {
	const to = "everybody@Test"
	short := begin(1, "abc", to)
	short.GetBegin().Content = nil
	lies := begin(1, "abc", to)
	lies.GetBegin().Message.Sha256 = make([]byte, 32)
	flood := func(n int, seq func(i int) uint64) (es []*pb.FrameEntry) {
		for i := range n {
			es = append(es, void(seq(i)))
		}
		return es
	}
	for _, c := range []struct {
		name    string
		entries []*pb.FrameEntry
		want    string
	}{
		{"a number left out", []*pb.FrameEntry{begin(1, "a", to), begin(3, "b", to)}, ReasonProtocol},
		{"number 0", []*pb.FrameEntry{begin(0, "a", to)}, ReasonProtocol},
		{"void of number 0", []*pb.FrameEntry{void(0)}, ReasonProtocol},
		{"void of a number to come", []*pb.FrameEntry{void(2)}, ReasonProtocol},
		{"more messages than granted", flood(DefaultCreditMessages+1, func(i int) uint64 { return uint64(i + 1) }), ReasonProtocol},
		{"too many voids out of order", append(flood(1, func(int) uint64 { return 1 }), flood(maxLateVoids+1, func(int) uint64 { return 1 })...), ReasonProtocol},
		{"content of nothing", []*pb.FrameEntry{chunk("abc")}, ReasonProtocol},
		{"an empty chunk", []*pb.FrameEntry{short, chunk("")}, ReasonProtocol},
		{"more content than said", []*pb.FrameEntry{short, chunk("abcd")}, ReasonProtocol},
		{"begin within another delivery", []*pb.FrameEntry{short, begin(2, "a", to)}, ReasonProtocol},
		{"no recipients", []*pb.FrameEntry{begin(1, "a")}, ReasonProtocol},
		{"a recipient with a line break", []*pb.FrameEntry{begin(1, "a", "a@b\nc")}, ReasonProtocol},
		{"an entry of no kind", []*pb.FrameEntry{{}}, ReasonProtocol},
		{"content that does not match its hash", []*pb.FrameEntry{lies}, codes.Unavailable.String()},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				e := w.add("macside", nil).start()
				defer e.close()
				s, done := newStranger(t, w, "macside")
				defer done()
				_, welcome, err := s.open(&pb.LinkMarks{})
				must(t, err)
				push, err := s.client.PushMessages(s.ctx)
				must(t, err)
				must(t, push.Send(&pb.PushMessagesRequest{Session: welcome.GetSession()}))
				_, err = push.Recv() // the grant
				must(t, err)
				must(t, push.Send(&pb.PushMessagesRequest{Frame: &pb.Frame{Entries: c.entries, DurableThrough: 1 << 40}}))
				for err == nil {
					_, err = push.Recv()
				}
				if reason(err) != c.want {
					t.Errorf("ended with %v, want %s", err, c.want)
				}
				if n := len(e.inbox(box)); n > 1 {
					t.Errorf("%d messages were taken", n)
				}
			})
		})
	}
}

// A message that makes no sense, or is too large, is deferred and blocks nothing.
func TestRefusedDeliveries(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		e := w.add("macside", func(o *Options) { o.MaxMessageBytes = 1000 }).start()
		defer e.close()
		s, done := newStranger(t, w, "macside")
		defer done()
		_, welcome, err := s.open(&pb.LinkMarks{})
		must(t, err)
		push, err := s.client.PushMessages(s.ctx)
		must(t, err)
		must(t, push.Send(&pb.PushMessagesRequest{Session: welcome.GetSession()}))
		_, err = push.Recv()
		must(t, err)
		odd := begin(1, "abc", "everybody@Test")
		odd.GetBegin().Message.Subject = "two\nlines"
		huge := begin(2, strings.Repeat("x", 3*largeContent), "everybody@Test")
		frame := &pb.Frame{Entries: []*pb.FrameEntry{odd, huge, begin(3, "fine", "everybody@Test")}, DurableThrough: 2}
		must(t, push.Send(&pb.PushMessagesRequest{Frame: frame}))
		r, err := push.Recv()
		must(t, err)
		xs := r.GetReceipts().GetExceptions()
		if len(xs) != 2 || xs[0].GetSequence() != 1 || xs[1].GetSequence() != 2 || xs[1].GetKind() != pb.ExceptionKind_EXCEPTION_KIND_DEFERRED {
			t.Fatalf("receipts are %v", r)
		}
		if n := len(e.inbox(box)); n != 0 {
			t.Fatalf("%d messages are shown before their number is durable at the sender", n)
		}
		must(t, push.Send(&pb.PushMessagesRequest{Frame: &pb.Frame{DurableThrough: 3, Entries: []*pb.FrameEntry{void(1), void(2)}}}))
		for r.GetReceipts().GetReceivedThrough() != 3 {
			r, err = push.Recv()
			must(t, err)
		}
		if n := len(e.inbox(box)); n != 1 {
			t.Errorf("%d messages, want 1", n)
		}
	})
}

func TestHelloThatIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		e := w.add("macside", func(o *Options) {
			o.Accept = func(peer mail.StoreID, _ string) error {
				if strings.HasPrefix(string(peer), "00000000") {
					return errors.New("not on the list")
				}
				return nil
			}
		}).start()
		defer e.close()
		for _, c := range []struct {
			name   string
			change func(s *stranger, h *pb.Hello) *pb.Hello
			want   string
		}{
			{"not a hello", func(*stranger, *pb.Hello) *pb.Hello { return nil }, ReasonProtocol},
			{"a version to come", func(_ *stranger, h *pb.Hello) *pb.Hello { h.MinVersion, h.MaxVersion = 2, 3; return h }, ReasonVersion},
			{"no identity", func(_ *stranger, h *pb.Hello) *pb.Hello { h.Identity = nil; return h }, ReasonProtocol},
			{"a store ID that is none", func(_ *stranger, h *pb.Hello) *pb.Hello { h.Identity.StoreId = "../../etc"; return h }, ReasonProtocol},
			{"a name with a line break", func(_ *stranger, h *pb.Hello) *pb.Hello { h.Identity.End = "a\nb"; return h }, ReasonProtocol},
			{"no epoch", func(_ *stranger, h *pb.Hello) *pb.Hello { h.Identity.Epoch = 0; return h }, ReasonProtocol},
			{"its own store", func(_ *stranger, h *pb.Hello) *pb.Hello { h.Identity.StoreId = string(e.store.ID()); return h }, ReasonLooped},
			{"a peer that is not accepted", func(_ *stranger, h *pb.Hello) *pb.Hello {
				h.Identity.StoreId = "00000000-0000-4000-8000-000000000000"
				return h
			}, ReasonNotPeer},
			{"released more than assigned", func(_ *stranger, h *pb.Hello) *pb.Hello { h.Marks.ReleasedThrough = 5; return h }, ReasonProtocol},
			{"ranges out of order", func(_ *stranger, h *pb.Hello) *pb.Hello {
				h.Marks.ReceivedBeyond = []*pb.SequenceRange{{First: 5, Last: 3}}
				return h
			}, ReasonProtocol},
			{"received what was never sent", func(_ *stranger, h *pb.Hello) *pb.Hello { h.Marks.ReceivedThrough = 5; return h }, ReasonRestored},
			{"let go of what never came", func(_ *stranger, h *pb.Hello) *pb.Hello {
				h.Marks.AssignedThrough, h.Marks.ReleasedThrough = 9, 9
				return h
			}, ReasonRestored},
		} {
			s, done := newStranger(t, w, "macside")
			st, err := s.client.Heartbeat(s.ctx)
			must(t, err)
			r := &pb.HeartbeatRequest{}
			if h := c.change(s, &pb.Hello{MinVersion: 1, MaxVersion: 1, Identity: s.id, Marks: &pb.LinkMarks{}}); h != nil {
				r.Kind = &pb.HeartbeatRequest_Hello{Hello: h}
			}
			must(t, st.Send(r))
			for err == nil {
				_, err = st.Recv()
			}
			if reason(err) != c.want {
				t.Errorf("%s: %v, want %s", c.name, err, c.want)
			}
			done()
			synctest.Wait()
		}
	})
}

func TestStreamsNeedTheirSession(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		e := w.add("macside", nil).start()
		defer e.close()
		s, done := newStranger(t, w, "macside")
		defer done()
		for _, name := range []string{"", uuid.NewString()} {
			push, err := s.client.PushMessages(s.ctx)
			must(t, err)
			must(t, push.Send(&pb.PushMessagesRequest{Session: name}))
			if _, err = push.Recv(); reason(err) != ReasonSession {
				t.Errorf("push with session %q: %v", name, err)
			}
			pull, err := s.client.PullMessages(s.ctx)
			must(t, err)
			must(t, pull.Send(&pb.PullMessagesRequest{Session: name}))
			if _, err = pull.Recv(); reason(err) != ReasonSession {
				t.Errorf("pull with session %q: %v", name, err)
			}
		}
		_, welcome, err := s.open(&pb.LinkMarks{})
		must(t, err)
		for i := range 2 {
			pull, err := s.client.PullMessages(s.ctx)
			must(t, err)
			must(t, pull.Send(&pb.PullMessagesRequest{Session: welcome.GetSession()}))
			synctest.Wait()
			if i == 1 {
				if _, err = pull.Recv(); reason(err) != ReasonProtocol {
					t.Errorf("a second pull: %v", err)
				}
			}
		}
	})
}

// Receipts for what was never sent end the session, and nothing is let go.
func TestReceiptsThatBreakTheProtocol(t *testing.T) {
	for _, c := range []struct {
		name     string
		receipts *pb.Receipts
	}{
		{"through a number never sent", &pb.Receipts{ReceivedThrough: 3}},
		{"beyond what was sent", &pb.Receipts{ReceivedBeyond: []*pb.SequenceRange{{First: 7, Last: 9}}}},
		{"an exception of what was never sent", &pb.Receipts{Exceptions: []*pb.DeliveryException{{Sequence: 4}}}},
		{"a recipient that is none", &pb.Receipts{Exceptions: []*pb.DeliveryException{{Sequence: 1, Recipients: []string{"\x00"}}}}},
		{"ranges that overlap", &pb.Receipts{ReceivedBeyond: []*pb.SequenceRange{{First: 2, Last: 2}, {First: 2, Last: 2}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				e := w.add("macside", nil).start()
				defer e.close()
				s, done := newStranger(t, w, "macside")
				defer done()
				must(t, e.enqueueFor(mail.StoreID(s.id.GetStoreId()), 3))
				_, welcome, err := s.open(&pb.LinkMarks{})
				must(t, err)
				pull, err := s.client.PullMessages(s.ctx)
				must(t, err)
				must(t, pull.Send(&pb.PullMessagesRequest{
					Session: welcome.GetSession(), Receipts: &pb.Receipts{GrantedMessages: 2, GrantedBytes: 1 << 20},
				}))
				f, err := pull.Recv()
				must(t, err)
				if n := len(f.GetFrame().GetEntries()); n != 2 || f.GetFrame().GetDurableThrough() < 2 {
					t.Fatalf("on credit for 2 came %v", f)
				}
				must(t, pull.Send(&pb.PullMessagesRequest{Receipts: c.receipts}))
				for err == nil {
					_, err = pull.Recv()
				}
				if reason(err) != ReasonProtocol {
					t.Errorf("ended with %v", err)
				}
				if l := e.store.Lane(store.Lane(s.id.GetStoreId())); l.Depth != 3 {
					t.Errorf("%d deliveries are left of 3", l.Depth)
				}
			})
		})
	}
}

// enqueueFor queues messages for a store that is no end of the test.
func (e *end) enqueueFor(id mail.StoreID, n int) error {
	return e.store.Commit(context.Background(), func(tx *store.Tx) error {
		for range n {
			d := e.store.NewDraft(0)
			if err := d.Seal(); err != nil {
				return err
			}
			m := e.message(d, []mail.Address{box})
			if err := tx.Keep(m, d); err != nil {
				return err
			}
			if _, err := tx.Enqueue(store.Lane(id), store.Entry{MessageID: m.ID, Recipients: []mail.Address{box}}); err != nil {
				return err
			}
		}
		return nil
	})
}

// A peer whose program does not even read: the send watchdog ends the session, memory stays bounded by flow control.
func TestPeerThatStopsReading(t *testing.T) {
	for _, c := range []struct {
		name string
		open func(t *testing.T, e *end, s *stranger, session string)
	}{
		{"frames", func(t *testing.T, e *end, s *stranger, session string) {
			must(t, e.enqueueLarge(mail.StoreID(s.id.GetStoreId()), 2<<20))
			pull, err := s.client.PullMessages(s.ctx)
			must(t, err)
			must(t, pull.Send(&pb.PullMessagesRequest{
				Session: session, Receipts: &pb.Receipts{GrantedMessages: 100, GrantedBytes: 100 << 20},
			}))
		}},
		{"receipts", func(t *testing.T, e *end, s *stranger, session string) {
			push, err := s.client.PushMessages(s.ctx)
			must(t, err)
			must(t, push.Send(&pb.PushMessagesRequest{Session: session}))
			for range maxEvents {
				e.links.QueueTrace(mail.StoreID(s.id.GetStoreId()), store.Trace{
					MessageID: e.store.NewID(), Event: "relayed", Detail: strings.Repeat("x", maxText),
				})
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				e := w.add("macside", nil).start()
				defer e.close()
				s, done := newStranger(t, w, "macside")
				defer done()
				st, welcome, err := s.open(&pb.LinkMarks{})
				must(t, err)
				ended := echo(st)
				c.open(t, e, s, welcome.GetSession())
				begun := time.Now()
				select {
				case err = <-ended:
				case <-time.After(time.Minute):
					t.Fatal("the session stands for a minute")
				}
				if took := time.Since(begun); took < sendTimeout || took > sendTimeout+5*time.Second {
					t.Errorf("ended after %s with %v", took, err)
				}
				for _, st := range e.links.Status() {
					if string(st.StoreID) == s.id.GetStoreId() && (st.Connected || st.Directions[0].State == liveness.Up) {
						t.Errorf("status is %+v", st)
					}
				}
			})
		})
	}
}

// echo answers beats until the stream ends, and tells then why it did.
func echo(st heartbeatClient) <-chan error {
	ended := make(chan error, 1)
	go func() {
		for n := uint64(1); ; n++ {
			r, err := st.Recv()
			if err == nil && r.GetBeat() != nil {
				b := &pb.Beat{Sequence: n, Echo: r.GetBeat().GetSequence()}
				err = st.Send(&pb.HeartbeatRequest{Kind: &pb.HeartbeatRequest_Beat{Beat: b}})
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	return ended
}

func (e *end) enqueueLarge(id mail.StoreID, size int) error {
	d := e.store.NewDraft(int64(size))
	if _, err := d.Write(make([]byte, size)); err != nil {
		return err
	}
	if err := d.Seal(); err != nil {
		return err
	}
	m := e.message(d, []mail.Address{box})
	return e.store.Commit(context.Background(), func(tx *store.Tx) error {
		if err := tx.Keep(m, d); err != nil {
			return err
		}
		_, err := tx.Enqueue(store.Lane(id), store.Entry{MessageID: m.ID, Recipients: []mail.Address{box}})
		return err
	})
}

// Two twins with one store cannot flap, and a clone is recognised.
func TestTakeoversAndClones(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		e := w.add("macside", nil).start()
		defer e.close()
		s, done := newStranger(t, w, "macside")
		defer done()
		first, _, err := s.open(&pb.LinkMarks{})
		must(t, err)
		if _, _, err = s.open(&pb.LinkMarks{}); reason(err) != ReasonTakeover {
			t.Errorf("a second session at once: %v", err)
		}
		pass(takeoverGap)
		_, _, err = s.open(&pb.LinkMarks{})
		must(t, err)
		for err == nil {
			_, err = first.Recv()
		}
		if reason(err) != ReasonReplaced || status.Code(err) != codes.Aborted {
			t.Errorf("the first session ended with %v", err)
		}
		pass(takeoverGap)
		twin := proto.Clone(s.id).(*pb.EndIdentity)
		twin.BootId = uuid.NewString()
		s.id = twin
		if _, _, err = s.open(&pb.LinkMarks{}); reason(err) != ReasonCloned {
			t.Errorf("a clone: %v", err)
		}
		s.id.Epoch = 2
		_, _, err = s.open(&pb.LinkMarks{})
		must(t, err)
	})
}

func TestAnnouncementsThatBreakTheProtocol(t *testing.T) {
	for _, c := range []struct {
		name  string
		chunk *pb.AnnouncementChunk
	}{
		{"a wrong digest", &pb.AnnouncementChunk{Generation: 1, Patterns: []string{"*"}, Last: true, Digest: make([]byte, 32)}},
		{"a pattern that is none", chunkOf("A/*B/c")},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				e := w.add("macside", nil).start()
				defer e.close()
				s, done := newStranger(t, w, "macside")
				defer done()
				st, _, err := s.open(&pb.LinkMarks{})
				must(t, err)
				must(t, st.Send(&pb.HeartbeatRequest{Kind: &pb.HeartbeatRequest_Announcement{Announcement: c.chunk}}))
				for err == nil {
					_, err = st.Recv()
				}
				if reason(err) != ReasonProtocol {
					t.Errorf("ended with %v", err)
				}
				if _, n := e.routes.last(); n != 0 {
					t.Error("the announcement was believed")
				}
			})
		})
	}
}

func chunkOf(patterns ...string) *pb.AnnouncementChunk {
	d := announcementDigest(patterns, nil, 0)
	return &pb.AnnouncementChunk{Generation: 1, Patterns: patterns, Last: true, Digest: d[:]}
}

func TestKeepaliveIsAllowed(t *testing.T) {
	if ClientKeepalive.Time < ServerEnforcement.MinTime || ClientKeepalive.PermitWithoutStream && !ServerEnforcement.PermitWithoutStream {
		t.Errorf("clients ping every %s, servers allow it every %s", ClientKeepalive.Time, ServerEnforcement.MinTime)
	}
}

// Whatever a frame holds, the receiver neither panics nor takes more than it granted.
func FuzzFrame(f *testing.F) {
	for _, es := range [][]*pb.FrameEntry{
		{begin(1, "abc", "everybody@Test"), void(1)}, {chunk("x")}, {void(1), begin(2, "", "NET/PO/A")},
	} {
		b, err := proto.Marshal(&pb.Frame{Entries: es, DurableThrough: 9})
		must(f, err)
		f.Add(b)
	}
	st := memoryStore(f)
	l := New(Options{Store: st, End: "macside", Taker: &boxes{store: st}})
	s := &session{l: l, p: l.peer(mail.StoreID(uuid.NewString()))}
	f.Fuzz(func(t *testing.T, b []byte) {
		var frame pb.Frame
		if proto.Unmarshal(b, &frame) != nil {
			return
		}
		r := &receiver{s: s, p: s.p, next: 1, granted: [2]uint64{100, 1 << 20}}
		if err := r.enqueue(&frame); err != nil {
			return
		}
		if r.messages > 100 || r.bytes > 1<<20 {
			t.Fatalf("%d messages and %d bytes beyond the credit", r.messages, r.bytes)
		}
		for _, q := range r.queue {
			if r.assemble(q) != nil {
				break
			}
		}
		for _, a := range r.ready {
			if d := a.Delivery; d != nil && (d.Content.Size() != d.Message.Size || d.Content.SHA256() != d.Message.SHA256) {
				t.Fatalf("number %d is ready with other content than it says", a.Seq)
			}
		}
		r.discard()
	})
}

// Whatever marks and receipts hold, what is believed is in order.
func FuzzMarks(f *testing.F) {
	b, err := proto.Marshal(marks{assigned: 9, released: 2, received: 4, beyond: []store.Range{{First: 6, Last: 7}}, exceptions: []store.OpenException{{
		Seq: 5, Exception: mail.Exception{Recipients: []mail.Address{box}, Kind: mail.NotServed, Reason: "moved", RetryAfter: time.Minute},
	}}}.proto())
	must(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var p pb.LinkMarks
		if proto.Unmarshal(b, &p) != nil {
			return
		}
		var m marks
		var err error
		bounds.Allocation(t, len(b), func() { m, err = parseMarks(&p) })
		if err != nil {
			return
		}
		for i, r := range m.beyond {
			if r.First <= m.received+1 || r.Last < r.First || i > 0 && r.First <= m.beyond[i-1].Last {
				t.Fatalf("ranges %v after %d", m.beyond, m.received)
			}
		}
		for _, e := range m.exceptions {
			if e.RetryAfter < 0 || e.RetryAfter > maxAge || wire.CheckLine("reason", e.Reason, maxText) != nil {
				t.Fatalf("exception %+v", e)
			}
		}
		again, err := parseMarks(m.proto())
		if err != nil || numbers(again) != numbers(m) {
			t.Fatalf("%+v came back as %+v, %v", m, again, err)
		}
	})
}

// numbers are marks as they are told: of exceptions only the numbers are, each once; the rest comes with receipts.
func numbers(m marks) string {
	var seqs []uint64
	for _, e := range m.exceptions {
		seqs = append(seqs, e.Seq)
	}
	m.exceptions = nil
	slices.Sort(seqs)
	return fmt.Sprintf("%v %v", m, slices.Compact(seqs))
}

// Whoever may be a peer may not take another one's place.
func TestStoreOfAnotherIdentity(t *testing.T) {
	l := New(Options{Store: memoryStore(t), End: "macside", Taker: &boxes{}})
	l.running = t.Context()
	id := &pb.EndIdentity{StoreId: uuid.NewString(), End: "pcside", Epoch: 1, BootId: uuid.NewString()}
	p := l.peer(mail.StoreID(id.GetStoreId()))
	register := func(uri string) error {
		s := l.newSession(t.Context(), p, uri)
		defer s.close()
		return p.register(t.Context(), s, id, uri)
	}
	must(t, register("sidegate://peer/pcside"))
	must(t, register("sidegate://peer/pcside"))
	if err := register("sidegate://peer/other"); reason(toStatus(err)) != ReasonNotPeer {
		t.Errorf("another identity with the same store: %v", err)
	}
}

// Steps of messages are kept for those who were peers, within a bound.
func TestQueuedTraces(t *testing.T) {
	l := New(Options{Store: memoryStore(t), End: "coordinator", Taker: &boxes{}})
	stranger, friend := mail.StoreID(uuid.NewString()), mail.StoreID(uuid.NewString())
	l.peer(friend)
	for i := range maxEvents + 10 {
		l.QueueTrace(stranger, store.Trace{Event: "relayed"})
		l.QueueTrace(friend, store.Trace{Event: "relayed", Detail: fmt.Sprint(i)})
	}
	if l.known(stranger) != nil {
		t.Error("a store that never was a peer has become one")
	}
	es := l.peer(friend).takeEvents(2 * maxEvents)
	if len(es) != maxEvents || es[len(es)-1].Detail != fmt.Sprint(maxEvents+9) {
		t.Errorf("%d events wait, want the newest %d", len(es), maxEvents)
	}
}
