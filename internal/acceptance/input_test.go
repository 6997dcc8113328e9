package acceptance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	pb "sidegate/proto/sidegate/v1"
)

// dial connects as somebody.
func (e *end) dial(who string) *grpc.ClientConn {
	e.place.t.Helper()
	conn, err := grpc.NewClient(e.addr, grpc.WithTransportCredentials(e.place.credentials(e.place.certs(who))))
	if err != nil {
		e.place.t.Fatal(err)
	}
	e.place.t.Cleanup(func() { conn.Close() })
	return conn
}

// note is a message that is taken as it is.
func note(subject string) *pb.Message {
	return &pb.Message{Sender: jsmith, Recipients: &pb.Recipients{To: []string{"COMPANY/DEPT/other"}}, Subject: subject, Body: "text\n"}
}

// with changes a good message.
func with(change func(*pb.Message)) *pb.Message {
	m := note("bad")
	change(m)
	return m
}

// badMessages are refused, each at a field.
var badMessages = []struct {
	name, field string
	m           *pb.Message
}{
	{"no message", "message", nil},
	{"no sender", "message.sender", with(func(m *pb.Message) { m.Sender = "" })},
	{"a sender that is no address", "message.sender", with(func(m *pb.Message) { m.Sender = "jsmith" })},
	{"a sender of another side", "message.sender", with(func(m *pb.Message) { m.Sender = anna })},
	{"a sender with a name too long for the old system", "message.sender", with(func(m *pb.Message) { m.Sender = "COMPANY/DEPT/elevenchars" })},
	{"no recipients", "message.recipients", with(func(m *pb.Message) { m.Recipients = nil })},
	{"empty recipients", "message.recipients", with(func(m *pb.Message) { m.Recipients = &pb.Recipients{} })},
	{"an empty recipient", "message.recipients.to[1]", with(func(m *pb.Message) { m.Recipients.To = append(m.Recipients.To, "") })},
	{"a recipient that is no address", "message.recipients.cc[0]", with(func(m *pb.Message) { m.Recipients.Cc = []string{"nobody"} })},
	{"a recipient in two lines", "message.recipients.bcc[0]", with(func(m *pb.Message) { m.Recipients.Bcc = []string{"anna@Design\r\nTO:eve@Design"} })},
	{"501 recipients", "message.recipients", with(func(m *pb.Message) {
		for i := range 500 {
			m.Recipients.To = append(m.Recipients.To, fmt.Sprintf("COMPANY/DEPT/u%d", i))
		}
	})},
	{"CR in a subject", "message.subject", with(func(m *pb.Message) { m.Subject = "a\rTEXT:0" })},
	{"LF in a subject", "message.subject", with(func(m *pb.Message) { m.Subject = "a\nb" })},
	{"NEL in a subject", "message.subject", with(func(m *pb.Message) { m.Subject = "a\u0085b" })},
	{"a line separator in a subject", "message.subject", with(func(m *pb.Message) { m.Subject = "a\u2028b" })},
	{"a long subject", "message.subject", with(func(m *pb.Message) { m.Subject = strings.Repeat("x", 999) })},
	{"NUL in the body", "message.body", with(func(m *pb.Message) { m.Body = "a\x00b" })},
	{"CR in the body", "message.body", with(func(m *pb.Message) { m.Body = "a\r\nb" })},
	{"control characters in a file name", "message.attachments[0].file_name", file("a\x07b", "x")},
	{"a line end in a file name", "message.attachments[0].file_name", file("a\r\nTEXT:0", "x")},
	{"no file name", "message.attachments[0].file_name", file("", "x")},
	{"a long file name", "message.attachments[0].file_name", file(strings.Repeat("x", 256), "x")},
	{"a file size that lies", "message.attachments[0].content", with(func(m *pb.Message) {
		m.Attachments = []*pb.Attachment{{FileName: "a", SizeBytes: 5, Content: []byte("x")}}
	})},
	{"a body size that lies", "message.body", with(func(m *pb.Message) { m.BodySizeBytes = 4000 })},
	{"a size that lies", "message.size_bytes", with(func(m *pb.Message) { m.SizeBytes = 1 })},
	{"a hash that lies", "message.sha256", with(func(m *pb.Message) { m.Sha256 = bytes.Repeat([]byte{1}, 32) })},
	{"a hash that is none", "message.sha256", with(func(m *pb.Message) { m.Sha256 = []byte("short") })},
	{"an ID of its own", "message.message_id", with(func(m *pb.Message) { m.MessageId = "01a200bc-1868-7c98-b478-d0781777b0e8" })},
	{"hops", "message.hops", with(func(m *pb.Message) { m.Hops = []*pb.Hop{{End: "pcside"}} })},
	{"legacy fields", "message.legacy_fields", with(func(m *pb.Message) { m.LegacyFields = []*pb.LegacyField{{Name: "TO", Value: []byte("x")}} })},
	{"an original", "message.original", with(func(m *pb.Message) { m.Original = &pb.Original{Format: "mmff"} })},
	{"a delivery report", "message.class", with(func(m *pb.Message) { m.Class = pb.MessageClass_MESSAGE_CLASS_DELIVERY_REPORT })},
	{"an unknown class", "message.class", with(func(m *pb.Message) { m.Class = 99 })},
	{"an unknown priority", "message.priority", with(func(m *pb.Message) { m.Priority = 6 })},
	{"a type of file that is none", "message.attachments[0].mac.type", with(func(m *pb.Message) {
		m.Attachments = []*pb.Attachment{{FileName: "a", Content: []byte("x"), Mac: &pb.MacFile{Type: []byte("TOOLONG"), Creator: []byte("MSWD")}}}
	})},
}

func file(name, content string) *pb.Message {
	return with(func(m *pb.Message) { m.Attachments = []*pb.Attachment{{FileName: name, Content: []byte(content)}} })
}

// TestBadMessages: what cannot be mail is refused at the field that is wrong, in a single call and in a stream, and
// nothing of it is stored; the next good message on the same stream is taken.
func TestBadMessages(t *testing.T) {
	p := newPlace(t)
	pc := p.start("pcside", p.listen(), serves("COMPANY/DEPT/*"), autoMailbox)
	client := pb.NewMailServiceClient(pc.dial("user"))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream, err := client.SubmitMessages(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range badMessages {
		_, err := client.SubmitMessage(ctx, &pb.SubmitMessageRequest{Message: b.m})
		if status.Code(err) != codes.InvalidArgument || fieldOf(err) != b.field || reasonOf(err) == "" {
			t.Errorf("%s: %v at %q", b.name, err, fieldOf(err))
		}
		begin := &pb.SubmitBegin{Reference: uint64(i), Message: b.m}
		if b.name == "a body size that lies" {
			continue // in a stream it announces chunks
		}
		if err := stream.Send(&pb.SubmitMessagesRequest{Step: &pb.SubmitMessagesRequest_Begin{Begin: begin}}); err != nil {
			t.Fatal(err)
		}
		answer, err := stream.Recv()
		if err != nil {
			t.Fatalf("%s ends the stream: %v", b.name, err)
		}
		if e := answer.GetError(); codes.Code(e.GetCode()) != codes.InvalidArgument || e.GetField() != b.field || e.GetReason() == "" || e.GetMessage() == "" {
			t.Errorf("%s, in a stream: %v", b.name, answer)
		}
	}
	good := &pb.SubmitBegin{Reference: 1000, Message: note("good")}
	if err := stream.Send(&pb.SubmitMessagesRequest{Step: &pb.SubmitMessagesRequest_Begin{Begin: good}}); err != nil {
		t.Fatal(err)
	}
	if answer, err := stream.Recv(); err != nil || answer.GetMessageId() == "" {
		t.Fatalf("the good message: %v, %v", answer, err)
	}
	if got := fmt.Sprint(pc.subjects("COMPANY/DEPT/other")); got != "[good]" {
		t.Errorf("the mailbox has %s", got)
	}
	if s := pc.status(); s.BadMailCount != 0 || len(s.Lanes) != 0 {
		t.Errorf("something of bad messages is left: %+v", s)
	}
}

// TestHugeBody: a body beyond the limit is refused at its announcement; one that grows beyond what was announced ends
// there. Neither leaves anything behind.
func TestHugeBody(t *testing.T) {
	p := newPlace(t)
	pc := p.start("pcside", p.listen(), serves("COMPANY/DEPT/*"), autoMailbox)
	client := pb.NewMailServiceClient(pc.dial("user"))
	for _, announced := range []uint32{100 << 20, 1<<20 + 1} {
		field, code, sent := pc.pour(t, client, announced, 100<<20)
		if code != codes.InvalidArgument || field != "message.size_bytes" && field != "chunk.data" {
			t.Errorf("announced %d: %s at %q after %d bytes", announced, code, field, sent)
		}
	}
	if got := pc.inbox("COMPANY/DEPT/other"); len(got) != 0 {
		t.Errorf("the mailbox has %v", got)
	}
}

// pour streams a body until it is refused.
func (e *end) pour(t *testing.T, client pb.MailServiceClient, announced, size uint32) (field string, code codes.Code, sent int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream, err := client.SubmitMessages(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m := with(func(m *pb.Message) { m.Body, m.BodySizeBytes = "", announced })
	err = stream.Send(&pb.SubmitMessagesRequest{Step: &pb.SubmitMessagesRequest_Begin{Begin: &pb.SubmitBegin{Message: m}}})
	chunk := &pb.SubmitMessagesRequest{Step: &pb.SubmitMessagesRequest_Chunk{Chunk: &pb.ContentChunk{Data: bytes.Repeat([]byte("x"), 256<<10)}}}
	for ; err == nil && sent < int(size); sent += 256 << 10 {
		err = stream.Send(chunk)
	}
	answer, err := stream.Recv()
	if e := answer.GetError(); e != nil {
		return e.Field, codes.Code(e.Code), sent
	}
	return fieldOf(err), status.Code(err), sent
}

// TestRequestIDs: the same submission twice is one message; another one under its name is refused.
func TestRequestIDs(t *testing.T) {
	p := newPlace(t)
	pc := p.start("pcside", p.listen(), serves("COMPANY/DEPT/*"), autoMailbox)
	client := pb.NewMailServiceClient(pc.dial("user"))
	ctx := t.Context()
	first, err := client.SubmitMessage(ctx, &pb.SubmitMessageRequest{Message: note("once"), RequestId: "r1"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := client.SubmitMessage(ctx, &pb.SubmitMessageRequest{Message: note("once"), RequestId: "r1"})
	if err != nil || again.MessageId != first.MessageId {
		t.Errorf("the same again: %v, %v", again, err)
	}
	for _, m := range []*pb.Message{note("other"), with(func(m *pb.Message) { m.Subject, m.ReadReceipt = "once", true }), with(func(m *pb.Message) { m.Subject, m.Recipients.Bcc = "once", []string{anna} })} {
		_, err = client.SubmitMessage(ctx, &pb.SubmitMessageRequest{Message: m, RequestId: "r1"})
		if status.Code(err) != codes.AlreadyExists || reasonOf(err) != "REQUEST_ID_REUSED" {
			t.Errorf("other content under the same name: %v", err)
		}
	}
	for _, id := range []string{strings.Repeat("x", 129), "a\nb"} {
		if _, err = client.SubmitMessage(ctx, &pb.SubmitMessageRequest{Message: note("never"), RequestId: id}); fieldOf(err) != "request_id" {
			t.Errorf("request ID %q: %v", id, err)
		}
	}
	if got := fmt.Sprint(pc.subjects("COMPANY/DEPT/other")); got != "[once]" {
		t.Errorf("the mailbox has %s", got)
	}
}

// TestBadReading: what is asked for badly is refused by name.
func TestBadReading(t *testing.T) {
	p := newPlace(t)
	pc := p.start("pcside", p.listen(), serves("COMPANY/DEPT/*"))
	user, operator := pc.dial("user"), pc.dial("operator")
	mail, boxes, admin := pb.NewMailServiceClient(user), pb.NewMailboxServiceClient(operator), pb.NewAdminServiceClient(operator)
	ctx := t.Context()
	for _, box := range []struct{ address, owner string }{{jsmith, "sidegate://user/alice"}, {"COMPANY/DEPT/eve", "sidegate://user/eve"}} {
		if _, err := boxes.CreateMailbox(ctx, &pb.CreateMailboxRequest{Address: box.address, Owners: []string{box.owner}}); err != nil {
			t.Fatal(err)
		}
	}
	garbage := []string{"garbage", "AQ", "////", strings.Repeat("A", 4000), "\x00"}
	type result struct {
		name string
		err  error
		code codes.Code
		want string // field, or reason
	}
	var results []result
	check := func(name string, err error, code codes.Code, want string) {
		results = append(results, result{name, err, code, want})
	}
	for _, token := range garbage[:4] {
		_, err := mail.ListMessages(ctx, &pb.ListMessagesRequest{Mailbox: jsmith, PageToken: token})
		check("ListMessages "+token[:2], err, codes.InvalidArgument, "page_token")
		_, err = boxes.ListMailboxes(ctx, &pb.ListMailboxesRequest{PageToken: token})
		check("ListMailboxes "+token[:2], err, codes.InvalidArgument, "page_token")
		_, err = admin.ListQueueEntries(ctx, &pb.ListQueueEntriesRequest{PageToken: token})
		check("ListQueueEntries "+token[:2], err, codes.InvalidArgument, "page_token")
		_, err = admin.ListBadMail(ctx, &pb.ListBadMailRequest{PageToken: token})
		check("ListBadMail "+token[:2], err, codes.InvalidArgument, "page_token")
	}
	_, err := mail.ListMessages(ctx, &pb.ListMessagesRequest{Mailbox: jsmith, PageSize: 1001})
	check("page size", err, codes.InvalidArgument, "page_size")
	_, err = mail.ListMessages(ctx, &pb.ListMessagesRequest{Mailbox: "COMPANY/DEPT/nobody"})
	check("unknown mailbox", err, codes.PermissionDenied, "MAILBOX_NOT_OWNED")
	_, err = mail.ListMessages(ctx, &pb.ListMessagesRequest{Mailbox: "COMPANY/DEPT/eve"})
	check("somebody else's mailbox", err, codes.PermissionDenied, "MAILBOX_NOT_OWNED")
	_, err = mail.ListMessages(ctx, &pb.ListMessagesRequest{Mailbox: "jsmith"})
	check("mailbox that is no address", err, codes.InvalidArgument, "mailbox")
	_, err = boxes.GetMailbox(ctx, &pb.GetMailboxRequest{Address: "COMPANY/DEPT/nobody"})
	check("unknown mailbox, for an operator", err, codes.NotFound, "NO_SUCH_MAILBOX")
	_, err = boxes.CreateMailbox(ctx, &pb.CreateMailboxRequest{Address: "OTHER/PO/x", Owners: []string{"sidegate://user/eve"}})
	check("mailbox of somebody else's addresses", err, codes.InvalidArgument, "address")
	_, err = boxes.CreateMailbox(ctx, &pb.CreateMailboxRequest{Address: "COMPANY/DEPT/x"})
	check("mailbox without an owner", err, codes.InvalidArgument, "owners")
	_, err = mail.TrackMessage(ctx, &pb.TrackMessageRequest{MessageId: "x"})
	check("track what is no ID", err, codes.InvalidArgument, "message_id")
	_, err = mail.DeleteMessages(ctx, &pb.DeleteMessagesRequest{Mailbox: jsmith, MessageIds: make([]string, 1001)})
	check("too many IDs", err, codes.InvalidArgument, "message_ids")
	_, err = mail.SubmitMessage(ctx, &pb.SubmitMessageRequest{Message: with(func(m *pb.Message) { m.Sender = "COMPANY/DEPT/eve" })})
	check("in somebody else's name", err, codes.PermissionDenied, "MAILBOX_NOT_OWNED")
	_, err = admin.UpdateQueueEntries(ctx, &pb.UpdateQueueEntriesRequest{Action: pb.QueueAction_QUEUE_ACTION_DELETE})
	check("an action on nothing", err, codes.InvalidArgument, "filter")
	_, err = admin.UpdateQueueEntries(ctx, &pb.UpdateQueueEntriesRequest{Filter: &pb.QueueFilter{All: true}})
	check("no action", err, codes.InvalidArgument, "action")
	_, err = admin.DiscardBadMail(ctx, &pb.DiscardBadMailRequest{})
	check("discard of nothing", err, codes.InvalidArgument, "bad_mail_ids")
	for _, r := range results {
		if got := fieldOf(r.err); status.Code(r.err) != r.code || got != r.want && reasonOf(r.err) != r.want {
			t.Errorf("%s: %v at %q, want %s at %s", r.name, r.err, got, r.code, r.want)
		}
	}
}

// TestOddCalls: what is odd about a call rather than in its request ends that call and nothing else.
func TestOddCalls(t *testing.T) {
	p := newPlace(t)
	pc := p.start("pcside", p.listen(), serves("COMPANY/DEPT/*"), autoMailbox)
	conn := pc.dial("user")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	empty, answer := &pb.ListMailboxesRequest{}, &pb.ListMailboxesResponse{}
	call := func(ctx context.Context, method string, in proto.Message) error {
		return conn.Invoke(ctx, method, in, answer)
	}
	for _, o := range []struct {
		name string
		err  error
		code []codes.Code
	}{
		{"no slash", call(ctx, "sidegate.v1.MailService/ListMessages", empty), []codes.Code{codes.Unimplemented, codes.Internal, codes.Unavailable}},
		{"only a slash", call(ctx, "/", empty), []codes.Code{codes.Unimplemented}},
		{"an unknown service", call(ctx, "/sidegate.v2.MailService/ListMessages", empty), []codes.Code{codes.Unimplemented}},
		{"an unknown method", call(ctx, "/sidegate.v1.MailService/DropTables", empty), []codes.Code{codes.Unimplemented}},
		{"a method of another end", call(ctx, "/sidegate.v1.SpoolService/GetSpool", empty), []codes.Code{codes.Unimplemented}},
		{"20 KiB of headers", call(metadata.AppendToOutgoingContext(ctx, "x-large", strings.Repeat("x", 20<<10)), "/sidegate.v1.MailboxService/ListMailboxes", empty), []codes.Code{codes.Internal, codes.Unavailable, codes.ResourceExhausted}},
		{"a request of 600 KiB", call(ctx, "/sidegate.v1.MailboxService/ListMailboxes", &pb.ListMailboxesRequest{PageToken: strings.Repeat("x", 600<<10)}), []codes.Code{codes.ResourceExhausted}},
	} {
		ok := false
		for _, code := range o.code {
			ok = ok || status.Code(o.err) == code
		}
		if !ok {
			t.Errorf("%s: %v", o.name, o.err)
		}
		t.Logf("%s: %v", o.name, o.err)
	}
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/sidegate.v1.MailService/SubmitMessages")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(&pb.SubmitMessagesResponse{}); !errors.Is(err, io.EOF) {
		t.Errorf("an empty stream ends with %v", err)
	}
	if err := call(ctx, "/sidegate.v1.MailboxService/ListMailboxes", empty); err != nil {
		t.Errorf("a good call after all that: %v", err)
	}
}
