package admin

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/internal/link"
	"sidegate/internal/liveness"
	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// Status puts together how this end and its links are doing.
func (s *Server) Status() *pb.Status {
	now := s.o.Store.Now()
	links := s.o.Links.Status()
	names := laneNames(links, s.o.Routes.Announcements())
	st := &pb.Status{
		Ends: s.ends(links), Lanes: s.lanes(now, names), BadMailCount: uint32(s.o.Store.BadCount()),
		MailboxCount: uint32(s.o.Store.MailboxCount()), Store: s.storeStatus(), Time: timestamppb.New(now),
	}
	for _, l := range links {
		st.Links = append(st.Links, linkStatus(l))
	}
	if s.o.Spool != nil {
		st.Spool = s.o.Spool()
	}
	if s.o.Legs != nil && st.Spool != nil {
		st.Spool.Legs = directions(s.o.Legs())
	}
	st.Alarms = s.alarms(st)
	return st
}

func (s *Server) ends(links []link.Status) []*pb.EndStatus {
	class, _ := s.o.Store.Class()
	own := s.o.Routes.Served()
	out := []*pb.EndStatus{{
		End: s.o.End, StoreId: string(s.o.Store.ID()), Version: s.o.Version, Serves: patterns(own), Self: true,
		StoreClass: className(class), StartTime: timestamppb.New(s.started),
	}}
	announced := map[mail.StoreID]route.Announcement{}
	for _, a := range s.o.Routes.Announcements() {
		announced[a.Peer] = a
	}
	for _, l := range links {
		out = append(out, &pb.EndStatus{
			End: l.Peer, StoreId: string(l.StoreID), Serves: patterns(announced[l.StoreID].Patterns), StoreClass: className(l.PeerClass),
		})
	}
	return out
}

func patterns(ps []mail.Pattern) []string {
	var out []string
	for _, p := range ps {
		out = append(out, p.String())
	}
	return out
}

func className(c store.Class) string {
	switch c {
	case store.ClassOK:
		return "ok"
	case store.ClassRefusing:
		return "refusing"
	case store.ClassFailed:
		return "failed"
	}
	return "unknown"
}

func linkStatus(l link.Status) *pb.LinkStatus {
	out := &pb.LinkStatus{
		Peer: l.Peer, StoreId: string(l.StoreID), Address: l.Address, Connected: l.Connected,
		RoundTrip: durationpb.New(l.RoundTrip), Directions: directions(l.Directions), Error: l.Error,
		MissingMessageIds: texts(l.MissingIDs),
	}
	if !l.LastBeat.IsZero() {
		out.LastBeatTime = timestamppb.New(l.LastBeat)
	}
	return out
}

func directions(ds []liveness.Direction) []*pb.DirectionStatus {
	var out []*pb.DirectionStatus
	for _, d := range ds {
		p := &pb.DirectionStatus{
			From: d.From, To: d.To, State: string(d.State), Conditions: d.Conditions, Reason: d.Reason, Depth: uint32(d.Depth),
			OldestAge: durationpb.New(d.OldestAge),
		}
		if !d.Progress.IsZero() {
			p.ProgressTime = timestamppb.New(d.Progress)
		}
		if !d.Changed.IsZero() {
			p.ChangeTime = timestamppb.New(d.Changed)
		}
		out = append(out, p)
	}
	return out
}

// laneNames are the ends behind the lanes: those linked, and those that announced something once.
func laneNames(links []link.Status, announced []route.Announcement) map[store.Lane]string {
	names := map[store.Lane]string{}
	for _, a := range announced {
		names[store.Lane(a.Peer)] = a.End
	}
	for _, l := range links {
		if l.StoreID != "" {
			names[store.Lane(l.StoreID)] = l.Peer
		}
	}
	return names
}

func (s *Server) laneName(l store.Lane) string {
	return named(laneNames(s.o.Links.Status(), s.o.Routes.Announcements()), l)
}

func named(names map[store.Lane]string, l store.Lane) string {
	if name := names[l]; name != "" {
		return name
	}
	return string(l)
}

func (s *Server) sortedLanes() []store.Lane {
	var out []store.Lane
	for _, l := range s.o.Store.Lanes() {
		out = append(out, l.Lane)
	}
	slices.Sort(out)
	return out
}

func (s *Server) lanes(now time.Time, names map[store.Lane]string) []*pb.LaneStatus {
	var out []*pb.LaneStatus
	for _, l := range s.sortedLanes() {
		info := s.o.Store.Lane(l)
		if info.Depth == 0 && names[l] == "" && wire.CheckID("", string(l)) == nil {
			continue // of an end that was forgotten
		}
		p := &pb.LaneStatus{
			Lane: named(names, l), Depth: uint32(info.Depth), SizeBytes: uint64(info.Bytes), Reason: laneReason(l, info.Depth),
		}
		if _, receiver := names[l]; receiver {
			p.StoreId = string(l)
		}
		if info.Depth > 0 {
			p.OldestAge = durationpb.New(max(0, now.Sub(info.Oldest)))
		}
		if l == store.LaneHeld {
			p.Held = uint32(info.Depth)
		}
		out = append(out, p)
	}
	return out
}

// laneReason says why mail lies in a waiting room; why a receiver's lane does not move is said by its direction.
func laneReason(l store.Lane, depth int) string {
	if depth == 0 {
		return ""
	}
	switch l {
	case store.LaneUnrouted:
		return "no end that has been heard from serves these recipients, but one that is configured has not been heard from"
	case store.LaneDeferred:
		return "the receiver asked to try again later"
	case store.LaneHeld:
		return "an operator holds it"
	}
	return ""
}

func (s *Server) storeStatus() *pb.StoreStatus {
	class, reason := s.o.Store.Class()
	out := &pb.StoreStatus{StoreId: string(s.o.Store.ID()), Epoch: s.o.Store.Epoch(), StoreClass: className(class), Reason: reason}
	if usage, err := s.o.Store.Usage(); err == nil {
		out.FreeBytes, out.UsedBytes = usage.Free, usage.Used
	} else if reason == "" {
		out.Reason = err.Error()
	}
	wear := s.o.Store.Wear()
	out.Flushes, out.WrittenBytes = wear.Flushes, wear.Written
	remembered := s.o.Store.Remembered()
	out.RememberedIds, out.RememberedBytes, out.ForgottenEarly = uint64(remembered.Records), uint64(remembered.Bytes), remembered.Early
	return out
}

func (s *Server) alarms(st *pb.Status) []string {
	var out []string
	if st.Store.StoreClass != "ok" {
		out = append(out, "The store of this end is "+st.Store.StoreClass+": "+st.Store.Reason)
	}
	for _, l := range st.Links {
		if n := len(l.MissingMessageIds); n > 0 {
			out = append(out, fmt.Sprintf("%s. It lacks messages (%d). Sessions are refused until it has a new identity (serve --renew).", l.Error, n))
		}
	}
	for _, c := range causes(st) {
		out = append(out, c.String())
	}
	if s.o.Alarms != nil {
		out = append(out, s.o.Alarms()...)
	}
	return append(out, s.o.Routes.Ties()...)
}
