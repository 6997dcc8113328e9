package cli

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "sidegate/proto/sidegate/v1"
)

// fake is a whole side in memory: what is sent to an address with a mailbox is delivered, what is sent to anybody at
// NOWHERE becomes bad mail, everything else waits in a lane. Its clock stands still and its IDs count.
type fake struct {
	pb.UnimplementedMailServiceServer
	pb.UnimplementedMailboxServiceServer
	pb.UnimplementedAdminServiceServer
	pb.UnimplementedSpoolServiceServer

	mu       sync.Mutex
	count    int
	boxes    map[string][]*stored // by address
	owners   map[string][]string
	requests map[string]string // request ID to message ID
	waiting  []*pb.QueueEntry
	messages map[string]*stored // by ID
	bad      []*badMail
	trace    map[string][]*pb.TraceEvent
	changed  chan struct{} // closed and replaced at every delivery
	log      []string      // access reasons
	people   fakePeople
}

type stored struct {
	entry   *pb.MailboxEntry
	content []byte
}

type badMail struct {
	entry   *pb.BadMailEntry
	content []byte
}

var fakeTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func newFake() *fake {
	return &fake{
		boxes: map[string][]*stored{}, owners: map[string][]string{}, requests: map[string]string{},
		messages: map[string]*stored{}, trace: map[string][]*pb.TraceEvent{}, changed: make(chan struct{}),
	}
}

// serve registers the fake and serves until the returned function is called.
func (f *fake) serve(l net.Listener, o ...grpc.ServerOption) (stop func()) {
	s := grpc.NewServer(o...)
	pb.RegisterMailServiceServer(s, f)
	pb.RegisterMailboxServiceServer(s, f)
	pb.RegisterAdminServiceServer(s, f)
	pb.RegisterSpoolServiceServer(s, f)
	directory, stopDirectory, err := fakeDirectory()
	if err != nil {
		panic(err)
	}
	pb.RegisterDirectoryServiceServer(s, directory)
	done := make(chan struct{})
	go func() { _ = s.Serve(l); close(done) }()
	return func() { s.Stop(); <-done; stopDirectory() }
}

func (f *fake) newID() string {
	f.count++
	return fmt.Sprintf("00000000-0000-7000-8000-%012d", f.count)
}

func invalid(field, problem string) error {
	st, _ := status.New(codes.InvalidArgument, field+": "+problem).WithDetails(&errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: field, Description: problem}},
	})
	return st.Err()
}

func (f *fake) SubmitMessages(stream pb.MailService_SubmitMessagesServer) error {
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		begin := r.GetBegin()
		if begin == nil {
			return invalid("step", "a chunk without a begin")
		}
		answer := &pb.SubmitMessagesResponse{Reference: begin.GetReference()}
		content, err := receiveFake(stream, begin.GetMessage())
		if err == nil {
			var id string
			id, err = f.submit(begin, content)
			answer.Result = &pb.SubmitMessagesResponse_MessageId{MessageId: id}
		}
		if err != nil {
			answer.Result = &pb.SubmitMessagesResponse_Error{Error: refusalOf(err)}
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
		if err != nil {
			return nil
		}
	}
}

func refusalOf(err error) *pb.SubmitError {
	st, _ := status.FromError(err)
	e := &pb.SubmitError{Code: uint32(st.Code()), Message: st.Message()}
	if bad, ok := detail[*errdetails.BadRequest](st); ok {
		e.Field = bad.GetFieldViolations()[0].GetField() // the sentence begins with it, as at the sides
	}
	if retry, ok := detail[*errdetails.RetryInfo](st); ok {
		e.RetryAfterSeconds = uint32(retry.GetRetryDelay().AsDuration().Seconds())
	}
	return e
}

// receiveFake reads the chunks of one message. A message over a mebibyte is refused as soon as it is announced.
func receiveFake(stream pb.MailService_SubmitMessagesServer, m *pb.Message) ([]byte, error) {
	size := int(m.GetBodySizeBytes())
	for _, a := range m.GetAttachments() {
		size += int(a.GetSizeBytes() + a.GetMac().GetResourceForkSizeBytes())
	}
	if size > 8<<20 {
		return nil, invalid("message.size_bytes", fmt.Sprintf("is %d, the most is %d", size, 8<<20))
	}
	content := []byte{}
	for len(content) < size {
		r, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		content = append(content, r.GetChunk().GetData()...)
	}
	return content, nil
}

func (f *fake) submit(begin *pb.SubmitBegin, content []byte) (string, error) {
	m := proto.CloneOf(begin.GetMessage())
	if strings.ContainsAny(m.GetSubject(), "\r\n") {
		return "", invalid("message.subject", "holds a line break")
	}
	if strings.Contains(m.GetSender(), "FULL") {
		st, _ := status.New(codes.ResourceExhausted, "the store is full").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(90 * time.Second)})
		return "", st.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if id := f.requests[begin.GetRequestId()]; id != "" {
		return id, nil
	}
	id := f.newID()
	f.requests[begin.GetRequestId()] = id
	delete(f.requests, "")
	recipients := slices.Concat(m.GetRecipients().GetTo(), m.GetRecipients().GetCc(), m.GetRecipients().GetBcc())
	m.Recipients.Bcc = nil
	hash := sha256.Sum256(content)
	m.MessageId, m.Class, m.SubmitTime, m.SizeBytes, m.Sha256 = id, pb.MessageClass_MESSAGE_CLASS_NOTE, timestamppb.New(fakeTime), uint32(len(content)), hash[:]
	f.event(id, "", "submitted", "")
	for _, r := range recipients {
		f.place(m, r, content)
	}
	return id, nil
}

func (f *fake) event(id, recipient, event, more string) {
	f.trace[id] = append(f.trace[id], &pb.TraceEvent{MessageId: id, Recipient: recipient, End: "pcside", Time: timestamppb.New(fakeTime), Event: event, Detail: more})
}

func (f *fake) place(m *pb.Message, recipient string, content []byte) {
	box, local := f.boxes[recipient]
	s := &stored{&pb.MailboxEntry{Message: m, DeliverTime: timestamppb.New(fakeTime), Position: uint64(len(box) + 1)}, content}
	f.messages[m.GetMessageId()] = s
	switch {
	case local:
		f.boxes[recipient] = append(box, s)
		f.event(m.GetMessageId(), recipient, "delivered", "")
		close(f.changed)
		f.changed = make(chan struct{})
	case strings.Contains(recipient, "NOWHERE"):
		f.bad = append(f.bad, &badMail{&pb.BadMailEntry{
			BadMailId: f.newID(), Message: m, Recipients: []string{recipient}, Reason: "NO_SUCH_MAILBOX",
			Explanation: "nobody is called so", Time: timestamppb.New(fakeTime), SizeBytes: uint32(len(content)),
		}, content})
		f.event(m.GetMessageId(), recipient, "bad-mail", "NO_SUCH_MAILBOX")
	default:
		state := "waiting"
		if strings.HasPrefix(recipient, "sent") {
			state = "sent"
		}
		f.waiting = append(f.waiting, &pb.QueueEntry{
			MessageId: m.GetMessageId(), Lane: "macside", Sequence: uint64(len(f.waiting) + 1), Recipients: []string{recipient}, Sender: m.GetSender(),
			Subject: m.GetSubject(), SizeBytes: m.GetSizeBytes(), QueueTime: timestamppb.New(fakeTime), State: state,
		})
		f.event(m.GetMessageId(), recipient, "queued", "macside")
	}
}

func (f *fake) box(address string) ([]*stored, error) {
	box, ok := f.boxes[address]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "there is no mailbox %s", address)
	}
	return box, nil
}

// ListMessages gives two entries a page, so that paging is used.
func (f *fake) ListMessages(_ context.Context, r *pb.ListMessagesRequest) (*pb.ListMessagesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	box, err := f.box(r.GetMailbox())
	if err != nil {
		return nil, err
	}
	from := 0
	_, _ = fmt.Sscan(r.GetPageToken(), &from)
	answer := &pb.ListMessagesResponse{}
	for i := from; i < len(box); i++ {
		if i == from+2 {
			answer.NextPageToken = fmt.Sprint(i)
			break
		}
		if !r.GetUnacknowledgedOnly() || !box[i].entry.GetAcknowledged() {
			answer.Entries = append(answer.Entries, box[i].entry)
		}
	}
	return answer, nil
}

// GetMessage sends content over 64 bytes in chunks of ten bytes.
func (f *fake) GetMessage(r *pb.GetMessageRequest, stream pb.MailService_GetMessageServer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	box, err := f.box(r.GetMailbox())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(box, func(s *stored) bool { return s.entry.GetMessage().GetMessageId() == r.GetMessageId() })
	if i < 0 {
		return status.Errorf(codes.NotFound, "there is no message %s in %s", r.GetMessageId(), r.GetMailbox())
	}
	entry, content := proto.CloneOf(box[i].entry), box[i].content
	if original := entry.GetMessage().GetOriginal(); original != nil && !r.GetIncludeOriginal() {
		content = content[:len(content)-int(original.GetSizeBytes())]
	}
	if len(content) <= 64 {
		inline(entry.GetMessage(), content)
		return stream.Send(&pb.GetMessageResponse{Piece: &pb.GetMessageResponse_Entry{Entry: entry}})
	}
	if err := stream.Send(&pb.GetMessageResponse{Piece: &pb.GetMessageResponse_Entry{Entry: entry}}); err != nil {
		return err
	}
	for chunk := range slices.Chunk(content, max(10, len(content)/100)) {
		if err := stream.Send(&pb.GetMessageResponse{Piece: &pb.GetMessageResponse_Chunk{Chunk: &pb.ContentChunk{Data: chunk}}}); err != nil {
			return err
		}
	}
	return nil
}

func inline(m *pb.Message, content []byte) {
	next := func(n uint32) []byte { part := content[:n]; content = content[n:]; return part }
	m.Body = string(next(m.GetBodySizeBytes()))
	for _, a := range m.GetAttachments() {
		a.Content = next(a.GetSizeBytes())
		if a.GetMac() != nil {
			a.Mac.ResourceFork = next(a.GetMac().GetResourceForkSizeBytes())
		}
	}
	if o := m.GetOriginal(); o != nil {
		o.Content = content
	}
}

func (f *fake) ReceiveMessages(r *pb.ReceiveMessagesRequest, stream pb.MailService_ReceiveMessagesServer) error {
	for at := 0; ; {
		f.mu.Lock()
		box, err := f.box(r.GetMailbox())
		changed := f.changed
		f.mu.Unlock()
		if err != nil {
			return err
		}
		for ; at < len(box); at++ {
			if err := stream.Send(&pb.ReceiveMessagesResponse{Piece: &pb.ReceiveMessagesResponse_Entry{Entry: box[at].entry}}); err != nil {
				return err
			}
		}
		if !r.GetFollow() {
			return nil
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

func (f *fake) AcknowledgeMessages(_ context.Context, r *pb.AcknowledgeMessagesRequest) (*pb.AcknowledgeMessagesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.boxes[r.GetMailbox()] {
		if slices.Contains(r.GetMessageIds(), s.entry.GetMessage().GetMessageId()) {
			s.entry.Acknowledged = true
		}
	}
	return &pb.AcknowledgeMessagesResponse{}, nil
}

func (f *fake) DeleteMessages(_ context.Context, r *pb.DeleteMessagesRequest) (*pb.DeleteMessagesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	box, err := f.box(r.GetMailbox())
	if err != nil {
		return nil, err
	}
	rest := slices.DeleteFunc(slices.Clone(box), func(s *stored) bool { return slices.Contains(r.GetMessageIds(), s.entry.GetMessage().GetMessageId()) })
	f.boxes[r.GetMailbox()] = rest
	return &pb.DeleteMessagesResponse{DeletedCount: uint32(len(box) - len(rest))}, nil
}

func (f *fake) TrackMessage(_ context.Context, r *pb.TrackMessageRequest) (*pb.TrackMessageResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	events, ok := f.trace[r.GetMessageId()]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "nothing is known of %s", r.GetMessageId())
	}
	answer := &pb.TrackMessageResponse{Events: events}
	for _, e := range events {
		if e.GetRecipient() != "" {
			answer.Recipients = append(answer.Recipients, &pb.RecipientState{Address: e.GetRecipient(), State: e.GetEvent(), Terminal: e.GetEvent() != "queued"})
		}
	}
	return answer, nil
}

func (f *fake) mailboxOf(address string) *pb.Mailbox {
	b := &pb.Mailbox{Address: address, Owners: f.owners[address], MessageCount: uint32(len(f.boxes[address])), CreateTime: timestamppb.New(fakeTime),
		Aliases: f.people.aliases[address], DisplayName: f.people.names[address]}
	for _, s := range f.boxes[address] {
		if !s.entry.GetAcknowledged() {
			b.UnacknowledgedCount++
		}
	}
	return b
}

func (f *fake) CreateMailbox(_ context.Context, r *pb.CreateMailboxRequest) (*pb.CreateMailboxResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.boxes[r.GetAddress()]; ok {
		return nil, status.Errorf(codes.AlreadyExists, "there is a mailbox %s already", r.GetAddress())
	}
	if strings.HasSuffix(r.GetAddress(), "@Strict") && len(r.GetOwners()) == 0 { // a side with certificates
		return nil, invalid("owners", "name nobody")
	}
	f.boxes[r.GetAddress()], f.owners[r.GetAddress()] = []*stored{}, r.GetOwners()
	f.name(r.GetAddress(), r.GetDisplayName())
	return &pb.CreateMailboxResponse{Mailbox: f.mailboxOf(r.GetAddress())}, nil
}

func (f *fake) UpdateMailboxOwners(_ context.Context, r *pb.UpdateMailboxOwnersRequest) (*pb.UpdateMailboxOwnersResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.box(r.GetAddress()); err != nil {
		return nil, err
	}
	f.owners[r.GetAddress()] = r.GetOwners()
	return &pb.UpdateMailboxOwnersResponse{Mailbox: f.mailboxOf(r.GetAddress())}, nil
}

func (f *fake) ListMailboxes(context.Context, *pb.ListMailboxesRequest) (*pb.ListMailboxesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := &pb.ListMailboxesResponse{}
	for address := range f.boxes {
		answer.Mailboxes = append(answer.Mailboxes, f.mailboxOf(address))
	}
	slices.SortFunc(answer.Mailboxes, func(a, b *pb.Mailbox) int { return strings.Compare(a.GetAddress(), b.GetAddress()) })
	return answer, nil
}

func (f *fake) DeleteMailbox(_ context.Context, r *pb.DeleteMailboxRequest) (*pb.DeleteMailboxResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.boxes[r.GetAddress()]) > 0 && !r.GetForce() {
		return nil, status.Errorf(codes.FailedPrecondition, "the mailbox %s holds messages", r.GetAddress())
	}
	delete(f.boxes, r.GetAddress())
	return &pb.DeleteMailboxResponse{}, nil
}
