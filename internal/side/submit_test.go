package side

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "sidegate/proto/sidegate/v1"
)

func TestSubmitRefusals(t *testing.T) {
	w := newWorld(t, settings{maxBytes: 100_000})
	w.box("ann@Here", "ann")
	many := strings.Split(strings.Repeat("x@Here,", 5)+"y@Here", ",")
	var lots []*pb.Attachment
	for i := range 65 {
		lots = append(lots, &pb.Attachment{FileName: fmt.Sprint(i), Content: []byte("x")})
	}
	tests := []struct {
		name   string
		who    string
		change func(*pb.SubmitMessageRequest)
		want   string
	}{
		{"nobody calls", "", func(r *pb.SubmitMessageRequest) {}, "Unauthenticated UNAUTHENTICATED"},
		{"no message", "ann", func(r *pb.SubmitMessageRequest) { r.Message = nil }, "InvalidArgument message"},
		{"no sender", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Sender = "" }, "InvalidArgument message.sender"},
		{"bad sender", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Sender = "ann" }, "InvalidArgument message.sender"},
		{"sender breaks the dialect", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Sender = "a!n@Here" }, "InvalidArgument message.sender"},
		{"sender not served", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Sender = "ann@There" }, "InvalidArgument message.sender"},
		{"sender of somebody else", "bob", func(r *pb.SubmitMessageRequest) {}, "PermissionDenied MAILBOX_NOT_OWNED"},
		{"sender without a mailbox", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Sender = "eve@Here" }, "PermissionDenied MAILBOX_NOT_OWNED"},
		{"no recipients", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Recipients = nil }, "InvalidArgument message.recipients"},
		{"empty recipients", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Recipients = &pb.Recipients{} }, "InvalidArgument message.recipients"},
		{"bad recipient", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Recipients.To = []string{"a@b", "c@d", "e@f", "nonsense"} }, "InvalidArgument message.recipients.to[3]"},
		{"empty recipient", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Recipients.Cc = []string{""} }, "InvalidArgument message.recipients.cc[0]"},
		{"control character in a recipient", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Recipients.Bcc = []string{"a@b", "a\x00@b"} }, "InvalidArgument message.recipients.bcc[1]"},
		{"recipient breaks the dialect", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Recipients.Cc = []string{"a@b", "c!@d"} }, "InvalidArgument message.recipients.cc[1]"},
		{"too many recipients", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Recipients.To = many }, "InvalidArgument message.recipients"},
		{"line end in the subject", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Subject = "a\r\nTO:b" }, "InvalidArgument message.subject"},
		{"long subject", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Subject = strings.Repeat("s", 999) }, "InvalidArgument message.subject"},
		{"carriage return in the body", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Body = "a\r\nb" }, "InvalidArgument message.body"},
		{"NUL in the body", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Body = "a\x00b" }, "InvalidArgument message.body"},
		{"priority", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Priority = 6 }, "InvalidArgument message.priority"},
		{"body size is a lie", "ann", func(r *pb.SubmitMessageRequest) { r.Message.BodySizeBytes = 3 }, "InvalidArgument message.body"},
		{"body is not there", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Body, r.Message.BodySizeBytes = "", 3 }, "InvalidArgument message"},
		{"hash is a lie", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Sha256 = hashOf([]byte("other")) }, "InvalidArgument message.sha256"},
		{"65 attachments", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Attachments = lots }, "InvalidArgument message.attachments"},
		{"nameless attachment", "ann", func(r *pb.SubmitMessageRequest) {
			r.Message.Attachments = []*pb.Attachment{{FileName: "a"}, {Content: []byte("x")}}
		}, "InvalidArgument message.attachments[1].file_name"},
		{"control character in a name", "ann", func(r *pb.SubmitMessageRequest) {
			r.Message.Attachments = []*pb.Attachment{{FileName: "a\nb"}}
		}, "InvalidArgument message.attachments[0].file_name"},
		{"long name", "ann", func(r *pb.SubmitMessageRequest) {
			r.Message.Attachments = []*pb.Attachment{{FileName: strings.Repeat("n", 256)}}
		}, "InvalidArgument message.attachments[0].file_name"},
		{"attachment size is a lie", "ann", func(r *pb.SubmitMessageRequest) {
			r.Message.Attachments = []*pb.Attachment{{FileName: "a", Content: []byte("abc"), SizeBytes: 2}}
		}, "InvalidArgument message.attachments[0].content"},
		{"attachment hash is a lie", "ann", func(r *pb.SubmitMessageRequest) {
			r.Message.Attachments = []*pb.Attachment{{FileName: "a", Content: []byte("abc"), Sha256: hashOf([]byte("abd"))}}
		}, "InvalidArgument message.attachments[0].sha256"},
		{"file type", "ann", func(r *pb.SubmitMessageRequest) {
			r.Message.Attachments = []*pb.Attachment{{FileName: "a", Mac: &pb.MacFile{Type: []byte("TEX")}}}
		}, "InvalidArgument message.attachments[0].mac.type"},
		{"ID", "ann", func(r *pb.SubmitMessageRequest) { r.Message.MessageId = "01a200a7-cf58-72b6-a74d-7c7ec0a71dce" }, "InvalidArgument message.message_id"},
		{"hops", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Hops = []*pb.Hop{{}} }, "InvalidArgument message.hops"},
		{"origin", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Origin = pb.Origin_ORIGIN_END }, "InvalidArgument message.origin"},
		{"a report", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Class = pb.MessageClass_MESSAGE_CLASS_DELIVERY_REPORT }, "InvalidArgument message.class"},
		{"system mail", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Class = pb.MessageClass_MESSAGE_CLASS_SYSTEM }, "InvalidArgument message.class"},
		{"forged original", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Original = &pb.Original{Format: "mmff"} }, "InvalidArgument message.original"},
		{"forged legacy field", "ann", func(r *pb.SubmitMessageRequest) { r.Message.LegacyFields = []*pb.LegacyField{{Name: "FROM"}} }, "InvalidArgument message.legacy_fields"},
		{"regarding in a note", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Regarding = "01a200a7-cf58-72b6-a74d-7c7ec0a71dce" }, "InvalidArgument message.regarding"},
		{"a receipt of somebody else", "ann", func(r *pb.SubmitMessageRequest) {
			r.Message.Class, r.Message.Receipt = pb.MessageClass_MESSAGE_CLASS_READ_RECEIPT, &pb.ReceiptDetails{Reader: "bob@Here"}
		}, "InvalidArgument message.receipt.reader"},
		{"a receipt in a note", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Receipt = &pb.ReceiptDetails{} }, "InvalidArgument message.receipt"},
		{"to a name that only reports", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Recipients.To = []string{"ann@Here", "NET/PO/Postoffice"} }, "InvalidArgument message.recipients.to[1] NOT_REPLIABLE"},
		{"a hidden copy to such a name", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Recipients.Bcc = []string{"NET/PO/POSTMASTER"} }, "InvalidArgument message.recipients.bcc[0] NOT_REPLIABLE"},
		{"an answer to nothing that could be", "ann", func(r *pb.SubmitMessageRequest) { r.Message.InReplyTo = "x" }, "InvalidArgument message.in_reply_to"},
		{"request ID too long", "ann", func(r *pb.SubmitMessageRequest) { r.RequestId = strings.Repeat("r", 129) }, "InvalidArgument request_id"},
		{"control character in the request ID", "ann", func(r *pb.SubmitMessageRequest) { r.RequestId = "r\n" }, "InvalidArgument request_id"},
		{"larger than the side takes", "ann", func(r *pb.SubmitMessageRequest) { r.Message.Body = strings.Repeat("b", 100_001) }, "InvalidArgument message.size_bytes"},
		{"larger than a single call", "ann", func(r *pb.SubmitMessageRequest) {
			r.Message.Attachments = []*pb.Attachment{{FileName: "a", Content: make([]byte, MaxUnary)}}
		}, "InvalidArgument message"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &pb.SubmitMessageRequest{Message: note("ann@Here", "s", "b", "ann@Here")}
			tt.change(r)
			ctx := w.as(tt.who)
			if tt.who == "" {
				ctx = t.Context()
			}
			_, err := w.mail.SubmitMessage(ctx, r)
			if got := refusal(err); got != tt.want {
				t.Errorf("got %s (%v), want %s", got, err, tt.want)
			}
		})
	}
	if got := w.subjects("ann", "ann@Here"); got != "" || len(w.store.Lanes()) > 0 || w.store.BadCount() > 0 {
		t.Errorf("something refused was stored: %q", got)
	}
}

func TestSubmitWhole(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	w.box("bob@Here", "bob")
	m := note("ann@Here", "Grüße", "Hello,\n\tworld €\n", "bob@Here", "BOB@here")
	m.Recipients.Cc, m.Recipients.Bcc = []string{"ann@Here"}, []string{"bob@here"}
	m.Priority, m.ReadReceipt, m.SubmitZoneMinutes = 5, true, -300
	m.SubmitTime = timestamppb.New(timestamppb.Now().AsTime().AddDate(-5, 0, 0))
	m.Attachments = []*pb.Attachment{
		{FileName: "../../etc/passwd", Content: []byte("data"), Mac: &pb.MacFile{Type: []byte("TEXT"), Creator: []byte("MSWD"), FinderFlags: 0x100, ResourceFork: []byte("fork"), Comment: []byte("c")}},
		{FileName: "empty"},
	}
	m.Sha256 = hashOf([]byte(m.Body), []byte("datafork"))
	id := w.send("ann", m)
	e, _, err := w.get("bob", "bob@Here", id, false)
	if err != nil {
		t.Fatal(err)
	}
	got := e.Message
	if got.Subject != "Grüße" || got.Body != m.Body || got.Priority != 5 || !got.ReadReceipt || got.Sender != "ann@Here" || got.MessageId != id {
		t.Errorf("message: %v", got)
	}
	if len(got.Recipients.To) != 2 || len(got.Recipients.Cc) != 1 || len(got.Recipients.Bcc) != 0 {
		t.Errorf("recipients: %v", got.Recipients)
	}
	if got.SubmitZoneMinutes != -300 || timestamppb.Now().AsTime().Sub(got.SubmitTime.AsTime()).Hours() > 1 {
		t.Errorf("time: %v, zone %d", got.SubmitTime.AsTime(), got.SubmitZoneMinutes)
	}
	a := got.Attachments[0]
	if string(a.Content) != "data" || string(a.Mac.ResourceFork) != "fork" || !bytes.Equal(a.Sha256, hashOf([]byte("data"))) || a.FileName != "../../etc/passwd" || a.Mac.FinderFlags != 0x100 {
		t.Errorf("attachment: %v", a)
	}
	if got.SizeBytes != uint32(len(m.Body)+8) || len(got.Attachments) != 2 || got.Origin != pb.Origin_ORIGIN_CLIENT || len(got.Hops) != 1 {
		t.Errorf("message: %v", got)
	}
	if s := w.subjects("bob", "bob@Here"); s != "Grüße" {
		t.Errorf("bob, named three times, has %q", s)
	}
}

func TestSubmitRequestID(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann", "bob")
	submit := func(who, subject string) (string, error) {
		r, err := w.mail.SubmitMessage(w.as(who), &pb.SubmitMessageRequest{Message: note("ann@Here", subject, "b", "ann@Here"), RequestId: "r1"})
		return r.GetMessageId(), err
	}
	first, err := submit("ann", "s")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := submit("ann", "s"); err != nil || again != first {
		t.Errorf("again: %q, %v", again, err)
	}
	_, err = submit("ann", "other")
	if got := refusal(err); got != "AlreadyExists REQUEST_ID_REUSED" {
		t.Errorf("other content: %s", got)
	}
	if other, err := submit("bob", "s"); err != nil || other == first {
		t.Errorf("another caller: %q, %v", other, err)
	}
}

func TestSubmitSenders(t *testing.T) {
	auto := newWorld(t, settings{autoMailbox: true})
	auto.send("anybody", note("new@Here", "s", "b", "other@Here"))
	if got := auto.subjects("somebody", "other@Here"); got != "s" {
		t.Errorf("an automatic mailbox holds %q", got)
	}
	auto.box("ann@Here", "ann")
	_, err := auto.mail.SubmitMessage(auto.as("bob"), &pb.SubmitMessageRequest{Message: note("ann@Here", "s", "b", "x@Here")})
	wantCode(t, "a mailbox with an owner", err, codes.PermissionDenied)

	w := newWorld(t, settings{})
	w.send("everybody", note("nobody@Here", "s", "b", "x@Here"))
	w.box("shared@Here")
	w.send("ann", note("shared@Here", "s", "b", "shared@Here"))
}

func TestSubmitToAFullStore(t *testing.T) {
	w := newWorld(t, settings{full: true})
	w.box("ann@Here", "ann")
	_, err := w.mail.SubmitMessage(w.as("ann"), &pb.SubmitMessageRequest{Message: note("ann@Here", "s", "b", "ann@Here")})
	if got := refusal(err); got != "ResourceExhausted STORE_FULL retry" {
		t.Errorf("got %s", got)
	}
	r := w.stream("ann")
	r.begin(1, note("ann@Here", "s", "b", "ann@Here"), "")
	if e := r.answer().GetError(); e.GetCode() != uint32(codes.ResourceExhausted) || e.RetryAfterSeconds == 0 || e.Reason != "STORE_FULL" {
		t.Errorf("in a stream: %v", e)
	}
}

// TestSubmitPowerCut: an acknowledged message is there once after a power cut.
func TestSubmitPowerCut(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	var disks []*vfs.MemFS
	for i := range 5 {
		body := strings.Repeat("x", i*40_000) // in the database, then in files
		w.send("ann", note("ann@Here", fmt.Sprint(i), body, "ann@Here"))
		disks = append(disks, w.disk.CrashClone(vfs.CrashCloneCfg{}))
	}
	for i, disk := range disks {
		cut := newWorld(t, settings{disk: disk})
		if got, want := cut.subjects("ann", "ann@Here"), strings.Join(strings.Split("01234"[:i+1], ""), " "); got != want {
			t.Errorf("after %d messages: %q, want %q", i+1, got, want)
		}
		for n, e := range cut.list("ann", "ann@Here") {
			got, chunks, err := cut.get("ann", "ann@Here", e.Message.MessageId, false)
			if err != nil || len(got.Message.Body)+len(chunks) != n*40_000 {
				t.Errorf("message %d of %d: %d+%d bytes, %v", n, i+1, len(got.GetMessage().GetBody()), len(chunks), err)
			}
		}
	}
}
