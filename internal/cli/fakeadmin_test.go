package cli

import (
	"context"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/internal/config"
	pb "sidegate/proto/sidegate/v1"
)

func (f *fake) status() *pb.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &pb.Status{
		Ends: []*pb.EndStatus{
			{End: "pcside", StoreId: "11111111-1111-4111-8111-111111111111", Version: "v1.0.0", Serves: []string{"NET/PO/*"}, Self: true, StoreClass: "ok", StartTime: timestamppb.New(fakeTime)},
			{End: "macside", StoreId: "22222222-2222-4222-8222-222222222222", StoreClass: "refusing", Serves: []string{"*@Marketing"}},
		},
		Links: []*pb.LinkStatus{{Peer: "macside", StoreId: "22222222-2222-4222-8222-222222222222", Connected: true, Directions: []*pb.DirectionStatus{
			{From: "pcside", To: "macside", State: "stalled", Conditions: []string{"slots-full"}, Reason: "macside takes nothing", Depth: uint32(len(f.waiting)), OldestAge: durationpb.New(61 * time.Second)},
			{From: "macside", To: "pcside", State: "up"},
		}}, {Peer: "127.0.0.1:7409", Error: "nobody answers"}},
		BadMailCount: uint32(len(f.bad)), MailboxCount: uint32(len(f.boxes)),
		Store: &pb.StoreStatus{StoreClass: "ok", FreeBytes: 5_000_000_000, UsedBytes: 12_345},
		Spool: &pb.SpoolStatus{Directory: "/spool", Role: "pc", BlockingFactor: 10, SlotsOurs: 2, Lease: "us", Legs: []*pb.DirectionStatus{
			{From: "coordinator", To: "legacy", State: "blind", Conditions: []string{"stuck-handshake"}, Reason: "MMFF1.MSG has lain there for 2h"},
		}},
		Time: timestamppb.New(fakeTime), Alarms: []string{"macside refuses mail: its disk is full"},
	}
	if n := len(f.waiting); n > 0 {
		s.Lanes = []*pb.LaneStatus{{Lane: "macside", Depth: uint32(n), SizeBytes: 1234, Held: 1, Reason: "no credit"}}
	}
	return s
}

func (f *fake) GetStatus(context.Context, *pb.GetStatusRequest) (*pb.GetStatusResponse, error) {
	return &pb.GetStatusResponse{Status: f.status()}, nil
}

// WatchStatus sends two and ends.
func (f *fake) WatchStatus(_ *pb.WatchStatusRequest, stream pb.AdminService_WatchStatusServer) error {
	for range 2 {
		if err := stream.Send(&pb.WatchStatusResponse{Status: f.status()}); err != nil {
			return err
		}
	}
	return nil
}

func selects(q *pb.QueueFilter, e *pb.QueueEntry) bool {
	return (len(q.GetMessageIds()) == 0 || slices.Contains(q.GetMessageIds(), e.GetMessageId())) &&
		(q.GetLane() == "" || q.GetLane() == e.GetLane()) && (q.GetSender() == "" || q.GetSender() == e.GetSender()) &&
		(q.GetRecipient() == "" || slices.Contains(e.GetRecipients(), q.GetRecipient()))
}

func (f *fake) ListQueueEntries(_ context.Context, r *pb.ListQueueEntriesRequest) (*pb.ListQueueEntriesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := &pb.ListQueueEntriesResponse{}
	for _, e := range f.waiting {
		if selects(r.GetFilter(), e) {
			answer.Entries = append(answer.Entries, e)
		}
	}
	return answer, nil
}

func (f *fake) GetQueueEntry(_ context.Context, r *pb.GetQueueEntryRequest) (*pb.GetQueueEntryResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.waiting {
		if e.GetMessageId() == r.GetMessageId() {
			return &pb.GetQueueEntryResponse{Entries: []*pb.QueueEntry{e}, Message: f.messages[e.GetMessageId()].entry.GetMessage()}, nil
		}
	}
	return nil, status.Errorf(codes.NotFound, "%s does not wait here", r.GetMessageId())
}

func (f *fake) UpdateQueueEntries(_ context.Context, r *pb.UpdateQueueEntriesRequest) (*pb.UpdateQueueEntriesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := &pb.UpdateQueueEntriesResponse{}
	f.waiting = slices.DeleteFunc(f.waiting, func(e *pb.QueueEntry) bool {
		if !selects(r.GetFilter(), e) {
			return false
		}
		if e.GetState() == "sent" && !r.GetMayDuplicate() {
			answer.BoundMessageIds = append(answer.BoundMessageIds, e.GetMessageId())
			return false
		}
		answer.MessageIds = append(answer.MessageIds, e.GetMessageId())
		switch r.GetAction() {
		case pb.QueueAction_QUEUE_ACTION_HOLD:
			e.State, e.Reason = "held", r.GetReason()
		case pb.QueueAction_QUEUE_ACTION_RELEASE, pb.QueueAction_QUEUE_ACTION_RETRY:
			e.State = "waiting"
		case pb.QueueAction_QUEUE_ACTION_DELETE, pb.QueueAction_QUEUE_ACTION_RETURN:
			return true
		}
		return false
	})
	return answer, nil
}

func (f *fake) ListBadMail(context.Context, *pb.ListBadMailRequest) (*pb.ListBadMailResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := &pb.ListBadMailResponse{}
	for _, b := range f.bad {
		answer.Entries = append(answer.Entries, b.entry)
	}
	return answer, nil
}

func (f *fake) GetBadMail(r *pb.GetBadMailRequest, stream pb.AdminService_GetBadMailServer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.bad {
		if b.entry.GetBadMailId() != r.GetBadMailId() {
			continue
		}
		if err := stream.Send(&pb.GetBadMailResponse{Piece: &pb.GetBadMailResponse_Entry{Entry: b.entry}}); err != nil || !r.GetIncludeContent() {
			return err
		}
		f.log = append(f.log, r.GetAccessReason())
		return stream.Send(&pb.GetBadMailResponse{Piece: &pb.GetBadMailResponse_Chunk{Chunk: &pb.ContentChunk{Data: b.content}}})
	}
	return status.Errorf(codes.NotFound, "there is no bad mail %s", r.GetBadMailId())
}

func (f *fake) RetryBadMail(_ context.Context, r *pb.RetryBadMailRequest) (*pb.RetryBadMailResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := &pb.RetryBadMailResponse{}
	for _, b := range f.bad {
		if !r.GetAll() && !slices.Contains(r.GetBadMailIds(), b.entry.GetBadMailId()) || r.GetAll() && b.entry.GetRetriedAs() != "" {
			continue
		}
		retry := &pb.BadMailRetry{BadMailId: b.entry.GetBadMailId()}
		if b.entry.GetRetriedAs() != "" {
			retry.Error = "was retried already"
		} else {
			retry.MessageId = f.newID()
			b.entry.RetriedAs = retry.MessageId
		}
		answer.Retries = append(answer.Retries, retry)
	}
	return answer, nil
}

func (f *fake) DiscardBadMail(_ context.Context, r *pb.DiscardBadMailRequest) (*pb.DiscardBadMailResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.bad)
	f.bad = slices.DeleteFunc(f.bad, func(b *badMail) bool { return r.GetAll() || slices.Contains(r.GetBadMailIds(), b.entry.GetBadMailId()) })
	return &pb.DiscardBadMailResponse{DiscardedCount: uint32(before - len(f.bad))}, nil
}

func (f *fake) GetSpool(context.Context, *pb.GetSpoolRequest) (*pb.GetSpoolResponse, error) {
	return &pb.GetSpoolResponse{
		Status: f.status().GetSpool(),
		Slots: []*pb.Slot{
			{Directory: "PCTOMAC", Number: 1, FileName: "MMFF1.MSG", State: "stuck", Age: durationpb.New(2 * time.Hour), SizeBytes: 12, Detail: "our handshake"},
			{Directory: "MACTOPC", Number: 2, FileName: "mmff2.msg", State: "reading", Age: durationpb.New(time.Second), SizeBytes: 345},
		},
		VolumeFindings: []string{"renames without replacing"},
	}, nil
}

func (f *fake) ListHandshakes(context.Context, *pb.ListHandshakesRequest) (*pb.ListHandshakesResponse, error) {
	return &pb.ListHandshakesResponse{Handshakes: []*pb.Handshake{
		{FileName: "Mmff1.msg", Directory: "MACTOPC", Time: timestamppb.New(fakeTime), Content: []byte("VERSION:3.00\r\n"), Rule: "no-recipients"},
	}}, nil
}

func (f *fake) ListSpoolBadMail(context.Context, *pb.ListSpoolBadMailRequest) (*pb.ListSpoolBadMailResponse, error) {
	return &pb.ListSpoolBadMailResponse{Files: []*pb.SpoolBadMail{{FileName: "MMFF3.BAD", SizeBytes: 9, Reason: "141-1-2 Cannot match token"}}}, nil
}

func (f *fake) RepublishSlots(_ context.Context, r *pb.RepublishSlotsRequest) (*pb.RepublishSlotsResponse, error) {
	ids := r.GetMessageIds()
	if len(ids) == 0 {
		ids = []string{"00000000-0000-7000-8000-000000000099"}
	}
	return &pb.RepublishSlotsResponse{MessageIds: ids}, nil
}

func (f *fake) ResumeSpool(context.Context, *pb.ResumeSpoolRequest) (*pb.ResumeSpoolResponse, error) {
	return &pb.ResumeSpoolResponse{ForgottenSigns: []string{"MMFF2.WRT is being written by somebody else"}}, nil
}

func (f *fake) ForgetPeer(_ context.Context, r *pb.ForgetPeerRequest) (*pb.ForgetPeerResponse, error) {
	if r.GetStoreId() != "22222222-2222-4222-8222-222222222222" {
		return nil, status.Errorf(codes.NotFound, "no such end is known")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := &pb.ForgetPeerResponse{}
	for i, e := range f.waiting {
		if i == 0 && !r.GetReturnMail() {
			answer.ReroutedMessageIds = append(answer.ReroutedMessageIds, e.GetMessageId())
		} else {
			answer.ReturnedMessageIds = append(answer.ReturnedMessageIds, e.GetMessageId())
		}
	}
	return answer, nil
}

// CheckStore finds one damaged message.
func (f *fake) CheckStore(r *pb.CheckStoreRequest, stream pb.AdminService_CheckStoreServer) error {
	return checkSteps(r.GetRepair(), stream.Send)
}

func checkSteps(repair bool, send func(*pb.CheckStoreResponse) error) error {
	finding := &pb.StoreFinding{MessageId: "00000000-0000-7000-8000-000000000042", Text: "its content is damaged"}
	result := &pb.StoreCheckResult{MessagesChecked: 3, BytesChecked: 4096, FindingCount: 1}
	if repair {
		finding.Repaired, result.RepairedCount = "set aside into bad mail", 1
	}
	for _, step := range []*pb.CheckStoreResponse{
		{Step: &pb.CheckStoreResponse_Progress{Progress: &pb.StoreCheckProgress{MessagesChecked: 1}}},
		{Step: &pb.CheckStoreResponse_Finding{Finding: finding}},
		{Step: &pb.CheckStoreResponse_Result{Result: result}},
	} {
		if err := send(step); err != nil {
			return err
		}
	}
	return nil
}

// fakeStores stands in for the stores of services that do not run.
type fakeStores struct{}

func (fakeStores) Check(_ context.Context, _ *config.Config, repair bool, send func(*pb.CheckStoreResponse) error) error {
	return checkSteps(repair, send)
}
