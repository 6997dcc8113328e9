package wire_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"sidegate/internal/bounds"
	"sidegate/internal/mail"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

const (
	id      = "0190a8e4-0000-7000-8000-000000000001"
	storeID = "0190a8e4-0000-7000-8000-000000000002"
)

var hash = bytes.Repeat([]byte{7}, 32)

// message is a message from outside that is right, with a bit of everything.
func message() *pb.Message {
	return &pb.Message{
		MessageId: id, Class: pb.MessageClass_MESSAGE_CLASS_NOTE, Sender: "NET/PO/ann",
		Recipients: &pb.Recipients{To: []string{"bob@Marketing"}, Cc: []string{"SMTP:cal@example.com"}},
		Subject:    "Budget", Priority: 3, SubmitTime: timestamppb.New(time.Date(1995, 8, 24, 9, 0, 0, 0, time.UTC)), SubmitZoneMinutes: -420,
		Hops:          []*pb.Hop{{StoreId: storeID, End: "pcside", Time: timestamppb.New(time.Date(1995, 8, 24, 9, 0, 1, 0, time.UTC))}},
		LegacyFields:  []*pb.LegacyField{{Name: "EXT:I:3:HEADLEN", Value: []byte("152")}},
		BodySizeBytes: 5, SizeBytes: 5 + 7 + 3 + 11, Sha256: hash, OriginStore: storeID, Origin: pb.Origin_ORIGIN_CLIENT,
		Attachments: []*pb.Attachment{{
			FileName: "BUDGET.XLS", SizeBytes: 7, Sha256: hash,
			Mac: &pb.MacFile{Type: []byte("XLS5"), Creator: []byte("XCEL"), FinderFlags: 0xFFFF, ResourceForkSizeBytes: 3, Comment: []byte("c")},
		}},
		Original: &pb.Original{Format: "mmff", SizeBytes: 11, Sha256: hash, MessageDigest: hash},
		Failures: []*pb.RecipientFailure{{Address: "NET/PO/dan", Reason: "NO_SUCH_MAILBOX", Explanation: "There is\nno such mailbox."}},
	}
}

// receipt is what a receipt says.
func receipt() *pb.ReceiptDetails {
	return &pb.ReceiptDetails{
		Outcome: pb.ReceiptOutcome_RECEIPT_OUTCOME_NOT_READ, Reader: "bob@Marketing", Subject: "Budget",
		SubmitTime: timestamppb.New(time.Date(1995, 8, 24, 9, 0, 0, 0, time.UTC)), ReadTime: timestamppb.New(time.Date(1995, 8, 24, 9, 5, 0, 0, time.UTC)),
	}
}

func many(n int, format string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(format, i)
	}
	return list
}

func repeat[T any](n int, one T) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = one
	}
	return list
}

// TestBounds has a row for every bound: what is just right, and what is wrong by how little.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*pb.Message)
		field  string // at fault; empty if none is
	}{
		{"nothing", func(*pb.Message) {}, ""},
		{"no ID", func(p *pb.Message) { p.MessageId = "" }, "message_id"},
		{"ID in capitals", func(p *pb.Message) { p.MessageId = strings.ToUpper(id) }, "message_id"},
		{"ID that is a path", func(p *pb.Message) { p.MessageId = "../../../../../../../../../etc/passwd" }, "message_id"},
		{"class unset", func(p *pb.Message) { p.Class = 0 }, ""},
		{"class unknown", func(p *pb.Message) { p.Class = 5 }, "class"},
		{"class negative", func(p *pb.Message) { p.Class = -1 }, "class"},
		{"origin unknown", func(p *pb.Message) { p.Origin = 4 }, "origin"},
		{"no sender, as in a report", func(p *pb.Message) { p.Sender = "" }, ""},
		{"sender without a form", func(p *pb.Message) { p.Sender = "ann" }, "sender"},
		{"sender with a line end", func(p *pb.Message) { p.Sender = "NET/PO/ann\nTO:x" }, "sender"},
		{"longest address", func(p *pb.Message) { p.Sender = "NET/PO/" + strings.Repeat("x", mail.MaxAddress-7) }, ""},
		{"address too long", func(p *pb.Message) { p.Sender = "NET/PO/" + strings.Repeat("x", mail.MaxAddress-6) }, "sender"},
		{"5,000 recipients", func(p *pb.Message) { p.Recipients.To = many(5000, "NET/PO/user%d") }, ""},
		{"too many recipients", func(p *pb.Message) { p.Recipients.To = many(wire.MaxRecipients, "NET/PO/user%d") }, "recipients.cc"},
		{"far too many recipients", func(p *pb.Message) { p.Recipients.To = many(wire.MaxRecipients+1, "NET/PO/user%d") }, "recipients.to"},
		{"empty recipient", func(p *pb.Message) { p.Recipients.Cc = []string{"NET/PO/x", ""} }, "recipients.cc[1]"},
		{"hidden recipients", func(p *pb.Message) { p.Recipients.Bcc = []string{"NET/PO/x"} }, "recipients.bcc"},
		{"no recipients", func(p *pb.Message) { p.Recipients = nil }, ""},
		{"longest subject", func(p *pb.Message) { p.Subject = strings.Repeat("é", wire.MaxSubject/2) }, ""},
		{"subject too long", func(p *pb.Message) { p.Subject = strings.Repeat("x", wire.MaxSubject+1) }, "subject"},
		{"subject of two lines", func(p *pb.Message) { p.Subject = "a\nb" }, "subject"},
		{"subject with DEL", func(p *pb.Message) { p.Subject = "a\x7f" }, "subject"},
		{"subject with a C1 control", func(p *pb.Message) { p.Subject = "a\u0085" }, "subject"},
		{"subject with a line separator", func(p *pb.Message) { p.Subject = "a\u2028" }, "subject"},
		{"subject that is not UTF-8", func(p *pb.Message) { p.Subject = "a\xff" }, "subject"},
		{"priority unset", func(p *pb.Message) { p.Priority = 0 }, ""},
		{"priority too high", func(p *pb.Message) { p.Priority = 6 }, "priority"},
		{"no time", func(p *pb.Message) { p.SubmitTime = nil }, ""},
		{"time after the year 9999", func(p *pb.Message) { p.SubmitTime.Seconds = 1 << 40 }, "submit_time"},
		{"time with negative nanoseconds", func(p *pb.Message) { p.SubmitTime.Nanos = -1 }, "submit_time"},
		{"zone beyond a day", func(p *pb.Message) { p.SubmitZoneMinutes = 1441 }, "submit_zone_minutes"},
		{"20 hops", func(p *pb.Message) { p.Hops = repeat(mail.MaxHops, p.Hops[0]) }, ""},
		{"21 hops", func(p *pb.Message) { p.Hops = repeat(mail.MaxHops+1, p.Hops[0]) }, "hops"},
		{"hop that is missing", func(p *pb.Message) { p.Hops = []*pb.Hop{nil} }, ""},
		{"hop without a store", func(p *pb.Message) { p.Hops[0].StoreId = "pcside" }, "hops[0].store_id"},
		{"hop with a control character", func(p *pb.Message) { p.Hops[0].End = "a\x1b[2J" }, "hops[0].end"},
		{"hop at no time", func(p *pb.Message) { p.Hops[0].Time.Nanos = 2e9 }, "hops[0].time"},
		{"legacy field without a name", func(p *pb.Message) { p.LegacyFields[0].Name = "" }, "legacy_fields[0].name"},
		{"legacy field with a line end", func(p *pb.Message) { p.LegacyFields[0].Name = "A\r" }, "legacy_fields[0].name"},
		{"legacy value too long", func(p *pb.Message) { p.LegacyFields[0].Value = make([]byte, wire.MaxLegacyValue+1) }, "legacy_fields[0].value"},
		{"too many legacy fields", func(p *pb.Message) { p.LegacyFields = repeat(wire.MaxLegacyFields+1, p.LegacyFields[0]) }, "legacy_fields"},
		{"sizes that do not add up", func(p *pb.Message) { p.SizeBytes-- }, "size_bytes"},
		{"sizes that overflow", func(p *pb.Message) { p.BodySizeBytes, p.SizeBytes = 1<<32-1, 20 }, "size_bytes"},
		{"content too large", func(p *pb.Message) { p.BodySizeBytes, p.SizeBytes = 1<<31, 1<<31+21 }, "size_bytes"},
		{"no hash", func(p *pb.Message) { p.Sha256 = nil }, "sha256"},
		{"short hash", func(p *pb.Message) { p.Sha256 = hash[:31] }, "sha256"},
		{"nothing at all", func(p *pb.Message) {
			p.Sha256, p.BodySizeBytes, p.SizeBytes, p.Attachments, p.Original = nil, 0, 0, nil, nil
		}, ""},
		{"body inside", func(p *pb.Message) { p.Body = "hello" }, ""},
		{"body inside of another size", func(p *pb.Message) { p.Body = "hell" }, "body"},
		{"fork inside of another size", func(p *pb.Message) { p.Attachments[0].Mac.ResourceFork = hash }, "attachments[0].mac.resource_fork"},
		{"64 attachments", func(p *pb.Message) { p.Attachments = repeat(64, p.Attachments[0]); p.SizeBytes = 16 + 640 }, ""},
		{"65 attachments", func(p *pb.Message) { p.Attachments = repeat(65, p.Attachments[0]) }, "attachments"},
		{"attachment that is missing", func(p *pb.Message) { p.Attachments[0] = nil; p.SizeBytes = 16 }, "attachments[0]"},
		{"longest file name", func(p *pb.Message) { p.Attachments[0].FileName = strings.Repeat("x", 255) }, ""},
		{"file name too long", func(p *pb.Message) { p.Attachments[0].FileName = strings.Repeat("x", 256) }, "attachments[0].file_name"},
		{"file name that is a path", func(p *pb.Message) { p.Attachments[0].FileName = "../../x" }, ""},
		{"file name with NUL", func(p *pb.Message) { p.Attachments[0].FileName = "x\x00.exe" }, "attachments[0].file_name"},
		{"attachment with a short hash", func(p *pb.Message) { p.Attachments[0].Sha256 = hash[:1] }, "attachments[0].sha256"},
		{"type of three bytes", func(p *pb.Message) { p.Attachments[0].Mac.Type = []byte("XLS") }, "attachments[0].mac.type"},
		{"creator of five bytes", func(p *pb.Message) { p.Attachments[0].Mac.Creator = []byte("XCELL") }, "attachments[0].mac.creator"},
		{"flags of 17 bits", func(p *pb.Message) { p.Attachments[0].Mac.FinderFlags = 1 << 16 }, "attachments[0].mac.finder_flags"},
		{"comment too long", func(p *pb.Message) { p.Attachments[0].Mac.Comment = make([]byte, 256) }, "attachments[0].mac.comment"},
		{"made at no time", func(p *pb.Message) { p.Attachments[0].Mac.CreateTime = &timestamppb.Timestamp{Nanos: -1} }, "attachments[0].mac.create_time"},
		{"original without a format", func(p *pb.Message) { p.Original.Format = "" }, "original.format"},
		{"original without a hash", func(p *pb.Message) { p.Original.Sha256 = nil }, "original.sha256"},
		{"original without a digest", func(p *pb.Message) { p.Original.MessageDigest = nil }, "original.message_digest"},
		{"origin store that is none", func(p *pb.Message) { p.OriginStore = "x" }, "origin_store"},
		{"retry of nothing known", func(p *pb.Message) { p.RetryOf = "x" }, "retry_of"},
		{"answer to nothing known", func(p *pb.Message) { p.InReplyTo = "x" }, "in_reply_to"},
		{"receipt in a note", func(p *pb.Message) { p.Class, p.Receipt = 1, receipt() }, "receipt"},
		{"receipt", func(p *pb.Message) { p.Class, p.Receipt = 3, receipt() }, ""},
		{"receipt of which nothing is known", func(p *pb.Message) { p.Class, p.Receipt = 3, &pb.ReceiptDetails{} }, ""},
		{"receipt with an unknown outcome", func(p *pb.Message) { p.Class, p.Receipt = 3, receipt(); p.Receipt.Outcome = 3 }, "receipt.outcome"},
		{"receipt of a reader without a form", func(p *pb.Message) { p.Class, p.Receipt = 3, receipt(); p.Receipt.Reader = "ann" }, "receipt.reader"},
		{"receipt about two lines", func(p *pb.Message) { p.Class, p.Receipt = 3, receipt(); p.Receipt.Subject = "a\nb" }, "receipt.subject"},
		{"receipt about no time", func(p *pb.Message) { p.Class, p.Receipt = 3, receipt(); p.Receipt.SubmitTime.Nanos = -1 }, "receipt.submit_time"},
		{"receipt at no time", func(p *pb.Message) { p.Class, p.Receipt = 3, receipt(); p.Receipt.ReadTime.Nanos = -1 }, "receipt.read_time"},
		{"regarding nothing known", func(p *pb.Message) { p.Regarding = "x" }, "regarding"},
		{"failure of nobody", func(p *pb.Message) { p.Failures[0].Address = "" }, "failures[0].address"},
		{"failure with a long reason", func(p *pb.Message) { p.Failures[0].Reason = strings.Repeat("X", 65) }, "failures[0].reason"},
		{"failure with a bell", func(p *pb.Message) { p.Failures[0].Explanation = "\a" }, "failures[0].explanation"},
	} {
		p := message()
		c.change(p)
		_, err := wire.ParseMessage(p)
		var field *wire.FieldError
		switch {
		case c.field == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.field != "" && !errors.As(err, &field):
			t.Errorf("%s: %v is no FieldError", c.name, err)
		case c.field != "" && field.Field != c.field:
			t.Errorf("%s: %s is said to be at fault: %v", c.name, field.Field, err)
		}
	}
	if _, err := wire.ParseMessage(nil); err == nil {
		t.Error("a message that is missing was read")
	}
}

func TestUnsetFields(t *testing.T) {
	m, err := wire.ParseMessage(&pb.Message{MessageId: id})
	if err != nil {
		t.Fatal(err)
	}
	want := &mail.Message{ID: id, Class: mail.Note, Priority: 3, SHA256: sha256.Sum256(nil)}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// address draws any address.
func address(t *rapid.T) mail.Address {
	return mail.MustAddress(rapid.SampledFrom([]string{
		"NET/PO/ann", "net/po/Ann B.", "bob@Marketing", "a@b@c", "SMTP:x@y", "SMTP:a/b/c", "X400:c=us;a= ;o=x", "CSI:a/b/c:d", "MSMAIL:a:b@c",
	}).Draw(t, "address"))
}

func text(t *rapid.T, name string, max int) string {
	return rapid.StringOfN(rapid.RuneFrom([]rune("abc éß漢 /.:*")), 0, -1, max).Draw(t, name)
}

func moment(t *rapid.T, name string) time.Time {
	if rapid.Bool().Draw(t, name+" unset") {
		return time.Time{}
	}
	return time.Unix(rapid.Int64Range(-1e10, 1e11).Draw(t, name), rapid.Int64Range(0, 999999999).Draw(t, name+" ns")).UTC()
}

func digest(t *rapid.T, name string) (d [32]byte) {
	copy(d[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, name))
	return d
}

func size(t *rapid.T, name string) int64 { return rapid.Int64Range(0, 1<<20).Draw(t, name) }

// genuine draws any message that keeps the rules.
func genuine(t *rapid.T) *mail.Message {
	m := &mail.Message{
		ID: id, Class: mail.Class(rapid.IntRange(1, 4).Draw(t, "class")), Sender: address(t), Subject: text(t, "subject", 100),
		Priority: rapid.IntRange(1, 5).Draw(t, "priority"), ReadReceipt: rapid.Bool().Draw(t, "read receipt"),
		Submitted: moment(t, "submitted"), BodySize: size(t, "body"), SHA256: digest(t, "hash"), OriginStore: storeID,
		Origin: mail.Origin(rapid.IntRange(1, 3).Draw(t, "origin")), RetryOf: mail.ID(rapid.SampledFrom([]string{"", id}).Draw(t, "retry of")),
	}
	if zone := rapid.IntRange(-720, 840).Draw(t, "zone"); zone != 0 && !m.Submitted.IsZero() {
		m.Submitted = m.Submitted.In(time.FixedZone("", zone*60))
	}
	for range rapid.IntRange(0, 3).Draw(t, "recipients") {
		m.To, m.Cc = append(m.To, address(t)), append(m.Cc, address(t))
	}
	for range rapid.IntRange(0, 2).Draw(t, "parts") {
		m.Hops = append(m.Hops, mail.Hop{Store: storeID, End: text(t, "end", 20), Time: moment(t, "hop")})
		m.Legacy = append(m.Legacy, mail.LegacyField{Name: "X" + text(t, "name", 20), Value: rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "value")})
		m.Failures = append(m.Failures, mail.Failure{Recipient: address(t), Reason: "R", Explanation: text(t, "why", 50)})
		a := mail.Attachment{Name: text(t, "file", 60), Size: size(t, "fork"), SHA256: digest(t, "fork hash")}
		if rapid.Bool().Draw(t, "mac") {
			a.Mac = &mail.MacFile{
				Type: [4]byte{'T', 'E', 'X', 'T'}, Creator: [4]byte{0, 255}, FinderFlags: rapid.Uint16().Draw(t, "flags"), Created: moment(t, "created"),
				Modified: moment(t, "modified"), ResourceSize: size(t, "resource"), Comment: rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "comment"),
			}
			m.Size += a.Mac.ResourceSize
		}
		m.Size += a.Size
		m.Attachments = append(m.Attachments, a)
	}
	if rapid.Bool().Draw(t, "original") {
		m.Original = &mail.Original{Format: "mmff", Size: size(t, "original size"), SHA256: digest(t, "original hash"), Digest: digest(t, "digest")}
		m.Size += m.Original.Size
	}
	m.Size += m.BodySize
	if m.Class == mail.ReadReceipt && rapid.Bool().Draw(t, "receipt") {
		m.Receipt = &mail.Receipt{
			NotRead: rapid.Bool().Draw(t, "not read"), Reader: address(t), Subject: text(t, "read subject", 100), Submitted: moment(t, "sent"),
			Read: moment(t, "read"),
		}
	}
	m.InReplyTo = mail.ID(rapid.SampledFrom([]string{"", id}).Draw(t, "in reply to"))
	return m
}

// TestRoundTrip sends any message out and reads it back, from outside and from the store.
func TestRoundTrip(t *testing.T) {
	zones := cmp.Comparer(func(a, b time.Time) bool {
		_, x := a.Zone()
		_, y := b.Zone()
		return a.Equal(b) && x == y
	})
	rapid.Check(t, func(t *rapid.T) {
		m := genuine(t)
		got, err := wire.ParseMessage(wire.Message(m))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got, zones); diff != "" {
			t.Fatalf("from outside (-want +got):\n%s", diff)
		}
		if got, err = wire.Unmarshal(wire.Marshal(m)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got, zones); diff != "" {
			t.Fatalf("from the store (-want +got):\n%s", diff)
		}
	})
}

// TestStoredAsItIs: bad mail may break every rule and is kept all the same.
func TestStoredAsItIs(t *testing.T) {
	m := &mail.Message{
		ID: "not a UUID", Sender: mail.Address{Type: "CSI", Value: "no form"}, To: []mail.Address{{Value: "?"}}, Subject: strings.Repeat("x\n", 2000),
		Attachments: []mail.Attachment{{Name: "a\xffb"}},
	}
	got, err := wire.Unmarshal(wire.Marshal(m))
	if err != nil {
		t.Fatal(err)
	}
	m.Attachments[0].Name = "a\uFFFDb"
	if diff := cmp.Diff(m, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := wire.Unmarshal([]byte{0xFF}); err == nil {
		t.Error("garbage was read")
	}
}

// FuzzParseMessage shows that bytes from outside are refused with the name of a field, or make a message that goes
// out as it came in.
func FuzzParseMessage(f *testing.F) {
	for _, p := range []*pb.Message{{}, {MessageId: id}, message(), {MessageId: id, Class: 3, Receipt: receipt()}} {
		b, err := proto.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p, again pb.Message
		if proto.Unmarshal(b, &p) != nil || proto.Unmarshal(b, &again) != nil {
			return
		}
		var m *mail.Message
		var err error
		bounds.Allocation(t, len(b), func() { m, err = wire.ParseMessage(&p) })
		var field *wire.FieldError
		if err != nil && (!errors.As(err, &field) || field.Field == "") {
			t.Fatalf("%v names no field", err)
		}
		if err == nil {
			once := wire.Message(m)
			second, err := wire.ParseMessage(once)
			if err != nil {
				t.Fatalf("a message that was read cannot be read again: %v", err)
			}
			if !proto.Equal(once, wire.Message(second)) {
				t.Fatalf("%v comes back as %v", once, wire.Message(second))
			}
			if stored, err := wire.Unmarshal(wire.Marshal(m)); err != nil || !proto.Equal(once, wire.Message(stored)) {
				t.Fatalf("stored as %v, %v", stored, err)
			}
		}
		if s, err := wire.ParseSubmission(&again); err == nil {
			var sum int64
			for _, part := range s.Parts {
				sum += part.Size
			}
			if sum != s.Message.Size || len(s.Recipients()) == 0 {
				t.Fatalf("submission of %d bytes in parts of %d for %d", s.Message.Size, sum, len(s.Recipients()))
			}
		} else if !errors.As(err, &field) {
			t.Fatalf("%v names no field", err)
		}
	})
}
