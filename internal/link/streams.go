package link

import (
	"google.golang.org/grpc"

	pb "sidegate/proto/sidegate/v1"
)

// The streams as both ends see them, whoever dialled. Each has one goroutine that sends and one that receives.

// pulse is what a heartbeat stream carries after its opening; one field is set, or none for what is not known here.
type pulse struct {
	beat         *pb.Beat
	announcement *pb.AnnouncementChunk
	directory    *pb.DirectoryChunk
	goodbye      *pb.Goodbye
}

type pulseStream interface {
	Send(pulse) error
	Recv() (pulse, error)
}

// frameStream is the sending end of a push or a pull.
type frameStream interface {
	Send(*pb.Frame) error
	Recv() (*pb.Receipts, error)
}

// receiptStream is the receiving end of a push or a pull.
type receiptStream interface {
	Send(*pb.Receipts) error
	Recv() (*pb.Frame, error)
}

type dialledPulses struct {
	grpc.BidiStreamingClient[pb.HeartbeatRequest, pb.HeartbeatResponse]
}

func (s dialledPulses) Send(p pulse) error {
	m := &pb.HeartbeatRequest{}
	switch {
	case p.beat != nil:
		m.Kind = &pb.HeartbeatRequest_Beat{Beat: p.beat}
	case p.announcement != nil:
		m.Kind = &pb.HeartbeatRequest_Announcement{Announcement: p.announcement}
	case p.directory != nil:
		m.Kind = &pb.HeartbeatRequest_Directory{Directory: p.directory}
	case p.goodbye != nil:
		m.Kind = &pb.HeartbeatRequest_Goodbye{Goodbye: p.goodbye}
	}
	return s.BidiStreamingClient.Send(m)
}

func (s dialledPulses) Recv() (pulse, error) {
	m, err := s.BidiStreamingClient.Recv()
	return pulse{m.GetBeat(), m.GetAnnouncement(), m.GetDirectory(), m.GetGoodbye()}, err
}

type servedPulses struct {
	grpc.BidiStreamingServer[pb.HeartbeatRequest, pb.HeartbeatResponse]
}

func (s servedPulses) Send(p pulse) error {
	m := &pb.HeartbeatResponse{}
	switch {
	case p.beat != nil:
		m.Kind = &pb.HeartbeatResponse_Beat{Beat: p.beat}
	case p.announcement != nil:
		m.Kind = &pb.HeartbeatResponse_Announcement{Announcement: p.announcement}
	case p.directory != nil:
		m.Kind = &pb.HeartbeatResponse_Directory{Directory: p.directory}
	case p.goodbye != nil:
		m.Kind = &pb.HeartbeatResponse_Goodbye{Goodbye: p.goodbye}
	}
	return s.BidiStreamingServer.Send(m)
}

func (s servedPulses) Recv() (pulse, error) {
	m, err := s.BidiStreamingServer.Recv()
	return pulse{m.GetBeat(), m.GetAnnouncement(), m.GetDirectory(), m.GetGoodbye()}, err
}

// dialledPush sends frames from the end that dialled.
type dialledPush struct {
	grpc.BidiStreamingClient[pb.PushMessagesRequest, pb.PushMessagesResponse]
}

func (s dialledPush) Send(f *pb.Frame) error {
	return s.BidiStreamingClient.Send(&pb.PushMessagesRequest{Frame: f})
}

func (s dialledPush) Recv() (*pb.Receipts, error) {
	m, err := s.BidiStreamingClient.Recv()
	return m.GetReceipts(), err
}

// servedPush receives them at the end that listened.
type servedPush struct {
	grpc.BidiStreamingServer[pb.PushMessagesRequest, pb.PushMessagesResponse]
}

func (s servedPush) Send(r *pb.Receipts) error {
	return s.BidiStreamingServer.Send(&pb.PushMessagesResponse{Receipts: r})
}

func (s servedPush) Recv() (*pb.Frame, error) {
	m, err := s.BidiStreamingServer.Recv()
	return m.GetFrame(), err
}

// servedPull sends frames from the end that listened.
type servedPull struct {
	grpc.BidiStreamingServer[pb.PullMessagesRequest, pb.PullMessagesResponse]
}

func (s servedPull) Send(f *pb.Frame) error {
	return s.BidiStreamingServer.Send(&pb.PullMessagesResponse{Frame: f})
}

func (s servedPull) Recv() (*pb.Receipts, error) {
	m, err := s.BidiStreamingServer.Recv()
	return m.GetReceipts(), err
}

// dialledPull receives them at the end that dialled.
type dialledPull struct {
	grpc.BidiStreamingClient[pb.PullMessagesRequest, pb.PullMessagesResponse]
}

func (s dialledPull) Send(r *pb.Receipts) error {
	return s.BidiStreamingClient.Send(&pb.PullMessagesRequest{Receipts: r})
}

func (s dialledPull) Recv() (*pb.Frame, error) {
	m, err := s.BidiStreamingClient.Recv()
	return m.GetFrame(), err
}
