package link

import (
	"bytes"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// beat is what this end has to say now.
func (s *session) beat(late time.Duration) *pb.Beat {
	st, now := s.l.o.Store, s.l.o.Store.Now()
	class, _ := st.Class()
	b := &pb.Beat{
		StoreClass: pb.StoreClass(class), Lateness: durationpb.New(max(0, late)),
		ProofAge: durationpb.New(max(0, now.Sub(st.LastDurable()))),
		Outbound: s.outbound(now), Inbound: s.inbound(),
	}
	if s.l.o.Legs != nil {
		b.Legs = toLegs(s.l.o.Legs())
	}
	s.p.mu.Lock()
	b.AnnouncementGeneration, b.AnnouncementDigest = s.p.generation, bytes.Clone(s.p.digest[:])
	s.p.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ourBeat++
	s.lateness = late
	s.sentAt[s.ourBeat%uint64(len(s.sentAt))] = time.Now()
	b.Sequence, b.Echo = s.ourBeat, s.theirBeat
	return b
}

// outbound is what this end knows of what it sends.
func (s *session) outbound(wall time.Time) *pb.DirectionBeat {
	lane := s.l.o.Store.Lane(s.p.lane)
	d := &pb.DirectionBeat{AssignedThrough: lane.Assigned, StoredThrough: lane.Released, Depth: uint32(lane.Depth)}
	if lane.Depth > 0 && !lane.Oldest.IsZero() {
		d.OldestAge = durationpb.New(max(0, wall.Sub(lane.Oldest)))
	}
	if w := s.sender(); w != nil {
		d.SentThrough, d.CreditMessages, d.CreditBytes = w.figures()
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if !s.p.gaveAt.IsZero() {
		d.ProgressAge = durationpb.New(time.Since(s.p.gaveAt))
	}
	return d
}

// inbound is what this end knows of what it receives.
func (s *session) inbound() *pb.DirectionBeat {
	in := s.l.o.Store.Inbound(s.p.id)
	d := &pb.DirectionBeat{StoredThrough: in.Through, Exceptions: uint32(len(in.Exceptions))}
	if r := s.receiver(); r != nil {
		d.AssignedThrough, d.CreditMessages, d.CreditBytes = r.figures()
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if !s.p.tookAt.IsZero() {
		d.ProgressAge = durationpb.New(time.Since(s.p.tookAt))
	}
	return d
}

// storeClass reads a class that a peer told.
func storeClass(b *pb.Beat) store.Class { return store.Class(b.GetStoreClass()) }
