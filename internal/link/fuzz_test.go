package link

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"sidegate/internal/bounds"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// encoded are seeds for a fuzzer of a message of the protocol.
func encoded(f *testing.F, seeds ...proto.Message) {
	f.Helper()
	for _, m := range seeds {
		b, err := proto.Marshal(m)
		must(f, err)
		f.Add(b)
	}
}

// lonely is a session nobody is at the other end of.
func lonely(f *testing.F) *session {
	l := New(Options{Store: memoryStore(f), End: "macside", Taker: &boxes{}})
	l.running = context.Background()
	return l.newSession(context.Background(), l.peer(mail.StoreID(uuid.NewString())), "")
}

// FuzzReceipts: whatever receipts say, nothing is believed that was not sent, marks never go back, and what is kept of them
// is bounded.
func FuzzReceipts(f *testing.F) {
	encoded(f, &pb.Receipts{ReceivedThrough: 3, ReceivedBeyond: []*pb.SequenceRange{{First: 5, Last: 6}}, GrantedMessages: 9, GrantedBytes: 1 << 20},
		&pb.Receipts{Exceptions: []*pb.DeliveryException{{Sequence: 2, Recipients: []string{"NET/PO/A"}, Reason: "busy", RetryAfter: durationpb.New(-1)}}},
		&pb.Receipts{Events: []*pb.TraceEvent{{MessageId: "m", Event: "delivered", End: "pcside"}}}, &pb.Receipts{ReceivedThrough: ^uint64(0)})
	s := lonely(f)
	const sent = 10
	f.Fuzz(func(t *testing.T, b []byte) {
		var r pb.Receipts
		if proto.Unmarshal(b, &r) != nil {
			return
		}
		w := &sender{s: s, p: s.p, sentLast: sent, through: 2}
		bounds.Allocation(t, len(b), func() {
			*w = sender{s: s, p: s.p, sentLast: sent, through: 2}
			if w.note(&r) != nil {
				*w = sender{s: s, p: s.p, sentLast: sent, through: 2}
			}
		})
		if known := (marks{received: w.through, beyond: w.beyond, exceptions: w.exceptions}).highest(); known > sent || w.through < 2 {
			t.Fatalf("the peer is believed to have number %d, through %d", known, w.through)
		}
		if len(w.events) > maxEvents || len(w.exceptions) > 2*store.MaxOpenExceptions {
			t.Fatalf("%d events and %d exceptions are kept", len(w.events), len(w.exceptions))
		}
		for _, e := range w.exceptions {
			if e.RetryAfter < 0 || e.RetryAfter > maxAge || wire.CheckLine("reason", e.Reason, maxText) != nil {
				t.Fatalf("exception %+v", e)
			}
		}
	})
}

// FuzzAnnouncement: chunks of an announcement are refused, or make a set that was announced as a whole; what waits for the last
// one is bounded.
func FuzzAnnouncement(f *testing.F) {
	broken := chunkOf("NET/PO/*")
	broken.Digest[0]++
	encoded(f, chunkOf("NET/PO/*", "*@Marketing"), chunkOf(), broken, &pb.AnnouncementChunk{Generation: 2, Except: []string{"a@b"}})
	s := lonely(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var c pb.AnnouncementChunk
		if proto.Unmarshal(b, &c) != nil {
			return
		}
		s.incoming = nil
		bounds.Allocation(t, len(b), func() {
			s.incoming = nil
			_ = s.hearAnnouncement(&c)
		})
		s.incoming = nil
		if s.hearAnnouncement(&c) != nil || c.GetLast() {
			return
		}
		if in := s.incoming; in == nil || in.generation != c.GetGeneration() || len(in.patterns) != len(c.GetPatterns()) {
			t.Fatalf("%+v waits for the rest of generation %d", in, c.GetGeneration())
		}
	})
}

// FuzzBeat: whatever a beat says, it is shown, in lines of bounded text and ages that can be.
func FuzzBeat(f *testing.F) {
	encoded(f, &pb.Beat{Sequence: 1, Echo: 1, StoreClass: pb.StoreClass_STORE_CLASS_OK, ProofAge: durationpb.New(time.Second),
		Outbound: &pb.DirectionBeat{AssignedThrough: 3, SentThrough: 9, Depth: 7, OldestAge: durationpb.New(time.Hour)},
		Legs:     []*pb.Leg{{From: "a", To: "b\n", Reason: strings.Repeat("x", 2000)}}},
		&pb.Beat{StoreClass: 77, ProofAge: &durationpb.Duration{Seconds: -1, Nanos: 1}, Legs: make([]*pb.Leg, 3)})
	s := lonely(f)
	s.dialled = true
	f.Fuzz(func(t *testing.T, b []byte) {
		var beat pb.Beat
		if proto.Unmarshal(b, &beat) != nil {
			return
		}
		bounds.Allocation(t, len(b), func() { s.hearBeat(&beat) })
		for _, st := range s.l.Status() {
			if len(st.Directions) > 2+maxLegs {
				t.Fatalf("%d directions", len(st.Directions))
			}
			for _, d := range st.Directions {
				for _, text := range []string{d.From, d.To, d.Reason} {
					if strings.ContainsAny(text, "\r\n\x00\x1b") || len(text) > 4*maxText {
						t.Fatalf("a direction says %q", text)
					}
				}
			}
		}
	})
}

// FuzzIdentity: who is let in has an ID, an epoch, a boot ID and a name of one line, and is not this end.
func FuzzIdentity(f *testing.F) {
	s := lonely(f)
	encoded(f, s.l.identity(), &pb.EndIdentity{StoreId: uuid.NewString(), End: "pcside", Epoch: 1, BootId: uuid.NewString()},
		&pb.EndIdentity{StoreId: strings.ToUpper(uuid.NewString()), End: "a\nb", Epoch: 1, BootId: "{" + uuid.NewString() + "}"})
	f.Fuzz(func(t *testing.T, b []byte) {
		var id pb.EndIdentity
		if proto.Unmarshal(b, &id) != nil || s.l.checkIdentity(&id, "") != nil {
			return
		}
		if id.StoreId == string(s.l.o.Store.ID()) || uuid.Validate(id.StoreId) != nil || id.Epoch == 0 ||
			wire.CheckLine("end", id.End, wire.MaxEndName) != nil {
			t.Fatalf("let in: %v", &id)
		}
	})
}
