package service

import (
	"context"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/coordinator/handshake"
	"sidegate/coordinator/proxy"
	"sidegate/coordinator/senders"
	"sidegate/coordinator/spool"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

const (
	maxHandshakes = 100
	maxBadFiles   = 1000
)

// server implements SpoolService.
type server struct {
	pb.UnimplementedSpoolServiceServer
	spool          *spool.Spool
	proxies        *proxy.Map // nil: none are written
	senders        *senders.List
	registeredOnly bool
	caller         func(context.Context) string
	log            hclog.Logger
}

var refusals = []wire.Mapping{
	{Is: store.ErrFull, Code: codes.ResourceExhausted, Reason: "STORE_FULL"},
	{Is: store.ErrFailed, Code: codes.Unavailable, Reason: "STORE_FAILED"},
}

// GetSpool tells the state of the spool.
func (s *server) GetSpool(context.Context, *pb.GetSpoolRequest) (*pb.GetSpoolResponse, error) {
	st := s.spool.Status()
	return &pb.GetSpoolResponse{Status: glance(st), Slots: slots(st.Slots), VolumeFindings: st.Findings}, nil
}

// WatchSpool sends the state at once and after every scan that changed it.
func (s *server) WatchSpool(_ *pb.WatchSpoolRequest, out pb.SpoolService_WatchSpoolServer) error {
	for {
		changed := s.spool.Watch()
		st := s.spool.Status()
		if err := out.Send(&pb.WatchSpoolResponse{Status: glance(st), Slots: slots(st.Slots)}); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-out.Context().Done():
			return out.Context().Err()
		}
	}
}

// ListHandshakes lists the legacy handshakes consumed lately.
func (s *server) ListHandshakes(context.Context, *pb.ListHandshakesRequest) (*pb.ListHandshakesResponse, error) {
	list, err := s.spool.Handshakes(maxHandshakes)
	if err != nil {
		return nil, wire.Status(err, refusals...)
	}
	out := &pb.ListHandshakesResponse{}
	for _, h := range list {
		out.Handshakes = append(out.Handshakes, &pb.Handshake{
			FileName: h.FileName, Directory: h.Directory, Time: timestamppb.New(h.Time), Content: h.Content, Rule: h.Rule,
		})
	}
	return out, nil
}

// ListSpoolBadMail lists the files in BADMAIL.
func (s *server) ListSpoolBadMail(context.Context, *pb.ListSpoolBadMailRequest) (*pb.ListSpoolBadMailResponse, error) {
	list, err := s.spool.BadFiles(maxBadFiles)
	if err != nil {
		return nil, wire.Status(err, refusals...)
	}
	out := &pb.ListSpoolBadMailResponse{}
	for _, f := range list {
		out.Files = append(out.Files, &pb.SpoolBadMail{FileName: f.Name, SizeBytes: uint32(f.Size), Reason: f.Reason})
	}
	return out, nil
}

// RepublishSlots writes again what vanished in doubt.
func (s *server) RepublishSlots(ctx context.Context, r *pb.RepublishSlotsRequest) (*pb.RepublishSlotsResponse, error) {
	var ids []mail.ID
	for _, id := range r.MessageIds {
		if err := wire.CheckID("message_ids", id); err != nil {
			return nil, wire.Status(err, refusals...)
		}
		ids = append(ids, mail.ID(id))
	}
	again, err := s.spool.Republish(ctx, ids)
	if err != nil {
		return nil, wire.Status(err, refusals...)
	}
	s.log.Info("republishing", "messages", len(again), "caller", s.caller(ctx))
	out := &pb.RepublishSlotsResponse{}
	for _, id := range again {
		out.MessageIds = append(out.MessageIds, string(id))
	}
	return out, nil
}

// ResumeSpool writes again after signs of a second gateway.
func (s *server) ResumeSpool(ctx context.Context, _ *pb.ResumeSpoolRequest) (*pb.ResumeSpoolResponse, error) {
	forgotten := s.spool.Resume()
	s.log.Info("writing is resumed; signs of a second gateway are forgotten", "signs", len(forgotten), "caller", s.caller(ctx))
	return &pb.ResumeSpoolResponse{ForgottenSigns: forgotten}, nil
}

func glance(st spool.Status) *pb.SpoolStatus {
	out := &pb.SpoolStatus{
		Directory: st.Directory, Role: string(st.Role), BlockingFactor: uint32(st.N), SlotsOurs: uint32(st.Ours),
		SlotsForeign: uint32(st.Foreign), InboundWaiting: uint32(st.Inbound), HandshakesConsumed: st.Counters.HandshakesConsumed,
		BadMailFiles: st.Counters.BadMailFiles, Lease: st.Lease, Legs: directions(st.Legs),
		PerCycle: uint32(st.PerCycle), SecondGatewaySigns: st.Strikes,
	}
	for _, l := range st.Lists {
		out.ListingTimes = append(out.ListingTimes, &pb.ListingTime{
			Directory: l.Directory, Count: l.Count, Last: durationpb.New(l.Last), Longest: durationpb.New(l.Longest), Total: durationpb.New(l.Total),
		})
	}
	for _, w := range st.Connect {
		out.ConnectTimes = append(out.ConnectTimes, w.String())
	}
	if !st.Moment.Open && !st.Moment.Next.IsZero() {
		out.NextConnectTime = timestamppb.New(st.Moment.Next)
	}
	return out
}

func directions(hs []handshake.Leg) []*pb.DirectionStatus {
	var out []*pb.DirectionStatus
	for _, h := range hs {
		d := &pb.DirectionStatus{
			From: h.From, To: h.To, State: string(h.State), Conditions: h.Conditions, Reason: h.Reason, Depth: uint32(h.Depth),
			OldestAge: durationpb.New(h.OldestAge),
		}
		if !h.Progress.IsZero() {
			d.ProgressTime = timestamppb.New(h.Progress)
		}
		if !h.Changed.IsZero() {
			d.ChangeTime = timestamppb.New(h.Changed)
		}
		out = append(out, d)
	}
	return out
}

func slots(ss []spool.Slot) []*pb.Slot {
	var out []*pb.Slot
	for _, s := range ss {
		out = append(out, &pb.Slot{
			Directory: s.Directory, Number: uint32(s.Number), FileName: s.FileName, State: s.State, Age: durationpb.New(s.Age),
			MessageId: string(s.MessageID), SizeBytes: uint32(s.Size), Detail: s.Detail,
		})
	}
	return out
}
