package wire_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// submitted is what a client sends: content inside, and nothing an end sets.
func submitted() *pb.Message {
	return &pb.Message{
		Sender: "NET/PO/ann", Recipients: &pb.Recipients{To: []string{"bob@Marketing"}, Bcc: []string{"BOB@marketing", "NET/PO/cal"}}, Subject: "Budget",
		Body: "hello\n", Attachments: []*pb.Attachment{
			{FileName: "a", Content: []byte("data"), Mac: &pb.MacFile{ResourceFork: []byte("rsrc")}},
			{FileName: "b", SizeBytes: 1 << 20},
		},
	}
}

func TestSubmission(t *testing.T) {
	s, err := wire.ParseSubmission(submitted())
	if err != nil {
		t.Fatal(err)
	}
	parts := []wire.Part{{Size: 6, Inside: []byte("hello\n")}, {Size: 4, Inside: []byte("data")}, {Size: 4, Inside: []byte("rsrc")}, {Size: 1 << 20}}
	if diff := cmp.Diff(parts, s.Parts); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	m := s.Message
	if m.Size != 14+1<<20 || m.BodySize != 6 || m.Attachments[0].Mac.ResourceSize != 4 || m.Class != mail.Note || m.Priority != 3 {
		t.Errorf("message %+v", m)
	}
	if s.Complete() {
		t.Error("a megabyte is still to come")
	}
	if got := fmt.Sprint(s.Recipients()); got != "[bob@Marketing NET/PO/cal]" {
		t.Errorf("recipients %s", got)
	}
	if len(m.To) != 1 || len(m.Cc) != 0 || len(s.Bcc) != 2 {
		t.Errorf("to %v, cc %v, bcc %v", m.To, m.Cc, s.Bcc)
	}
}

func TestSubmissionRefused(t *testing.T) {
	for _, c := range []struct {
		field  string
		change func(*pb.Message)
	}{
		{"message_id", func(p *pb.Message) { p.MessageId = id }},
		{"hops", func(p *pb.Message) { p.Hops = []*pb.Hop{{}} }},
		{"origin_store", func(p *pb.Message) { p.OriginStore = storeID }},
		{"origin", func(p *pb.Message) { p.Origin = pb.Origin_ORIGIN_END }},
		{"retry_of", func(p *pb.Message) { p.RetryOf = id }},
		{"failures", func(p *pb.Message) { p.Failures = []*pb.RecipientFailure{{}} }},
		{"class", func(p *pb.Message) { p.Class = pb.MessageClass_MESSAGE_CLASS_DELIVERY_REPORT }},
		{"sender", func(p *pb.Message) { p.Sender = "" }},
		{"recipients", func(p *pb.Message) { p.Recipients = nil }},
		{"recipients.bcc[0]", func(p *pb.Message) { p.Recipients.Bcc = []string{"nobody"} }},
		{"body", func(p *pb.Message) { p.Body = "a\r\nb" }},
		{"body", func(p *pb.Message) { p.BodySizeBytes = 7 }},
		{"size_bytes", func(p *pb.Message) { p.SizeBytes = 3 }},
		{"size_bytes", func(p *pb.Message) { p.Attachments[1].SizeBytes = 1 << 31 }},
		{"sha256", func(p *pb.Message) { p.Sha256 = []byte{1} }},
		{"subject", func(p *pb.Message) { p.Subject = strings.Repeat("x", 999) }},
	} {
		p := submitted()
		c.change(p)
		_, err := wire.ParseSubmission(p)
		var field *wire.FieldError
		if !errors.As(err, &field) || field.Field != c.field {
			t.Errorf("%s: %v", c.field, err)
		}
	}
}

func TestEmbed(t *testing.T) {
	p := message()
	content := []byte("hello" + "content" + "rsc" + "11 bytes..!")
	if err := wire.Embed(p, content); err != nil {
		t.Fatal(err)
	}
	if p.Body != "hello" || string(p.Attachments[0].Content) != "content" || string(p.Attachments[0].Mac.ResourceFork) != "rsc" || string(p.Original.Content) != "11 bytes..!" {
		t.Errorf("pieces are in the wrong places: %v", p)
	}
	if _, err := wire.ParseMessage(p); err != nil {
		t.Error(err)
	}
	if got, complete := wire.Content(p); string(got) != string(content) || !complete {
		t.Errorf("gathered %q, complete %v", got, complete)
	}
	p.Body = ""
	if _, complete := wire.Content(p); complete {
		t.Error("content is complete without its body")
	}
	for name, size := range map[string]uint32{"a part too long": 6, "a part too short": 4} {
		p := message()
		p.BodySizeBytes = size
		if err := wire.Embed(p, content); err == nil {
			t.Errorf("%s: embedded", name)
		}
	}
	if err := wire.Embed(message(), content[1:]); err == nil {
		t.Error("content of another size was embedded")
	}
}

func TestStatus(t *testing.T) {
	full, conflict := errors.New("store is full"), errors.New("request ID was used")
	mappings := []wire.Mapping{
		{Is: full, Code: codes.ResourceExhausted, Reason: "STORE_FULL", Retry: 30 * time.Second},
		{Is: conflict, Code: codes.AlreadyExists, Reason: "REQUEST_ID_USED"},
	}
	for _, c := range []struct {
		name   string
		err    error
		code   codes.Code
		reason string
		retry  time.Duration
		field  string
	}{
		{"field with a reason", &wire.FieldError{Field: "subject", Problem: "is long", Reason: "LONG"}, codes.InvalidArgument, "LONG", 0, "subject"},
		{"field", fmt.Errorf("submit: %w", &wire.FieldError{Field: "subject", Problem: "is long"}), codes.InvalidArgument, "INVALID_FIELD", 0, "subject"},
		{"mapped with retry", fmt.Errorf("submit: %w", full), codes.ResourceExhausted, "STORE_FULL", 30 * time.Second, ""},
		{"mapped", fmt.Errorf("submit: %w", conflict), codes.AlreadyExists, "REQUEST_ID_USED", 0, ""},
		{"coded", fmt.Errorf("x: %w", wire.NewError(codes.NotFound, "NO_SUCH_MAILBOX", time.Second, full)), codes.NotFound, "NO_SUCH_MAILBOX", time.Second, ""},
		{"own status", fmt.Errorf("x: %w", status.Error(codes.Aborted, "newer session")), codes.Aborted, "", 0, ""},
		{"canceled", fmt.Errorf("x: %w", context.Canceled), codes.Canceled, "", 0, ""},
		{"late", fmt.Errorf("x: %w", context.DeadlineExceeded), codes.DeadlineExceeded, "", 0, ""},
		{"anything else", errors.New("x"), codes.Internal, "INTERNAL", 0, ""},
	} {
		s := status.Convert(wire.Status(c.err, mappings...))
		var reason, field, domain string
		var retry time.Duration
		for _, d := range s.Details() {
			switch d := d.(type) {
			case *errdetails.ErrorInfo:
				reason, domain = d.Reason, d.Domain
			case *errdetails.BadRequest:
				field = d.FieldViolations[0].Field
			case *errdetails.RetryInfo:
				retry = d.RetryDelay.AsDuration()
			}
		}
		if s.Code() != c.code || reason != c.reason || retry != c.retry || field != c.field || reason != "" && domain != wire.Domain {
			t.Errorf("%s: %v, reason %q, retry %v, field %q, domain %q", c.name, s, reason, retry, field, domain)
		}
		if !strings.Contains(s.Message(), errors.Unwrap(fmt.Errorf("%w", c.err)).Error()) && c.name != "own status" {
			t.Errorf("%s: message %q", c.name, s.Message())
		}
	}
	if wire.Status(nil) != nil {
		t.Error("no error became a status")
	}
}

// TestMessageHasNoContent: what is stored and sent never carries content by accident.
func TestMessageHasNoContent(t *testing.T) {
	p := message()
	if err := wire.Embed(p, make([]byte, 26)); err != nil {
		t.Fatal(err)
	}
	m, err := wire.ParseMessage(p)
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(wire.Message(m), message()) {
		t.Errorf("%v", wire.Message(m))
	}
}
