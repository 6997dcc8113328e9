package wire

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// Message converts a message, without its content.
func Message(m *mail.Message) *pb.Message {
	p := &pb.Message{
		MessageId:     string(m.ID),
		Class:         pb.MessageClass(m.Class),
		Sender:        m.Sender.String(),
		Subject:       m.Subject,
		Priority:      uint32(m.Priority),
		ReadReceipt:   m.ReadReceipt,
		SubmitTime:    timestamp(m.Submitted),
		BodySizeBytes: uint32(m.BodySize),
		SizeBytes:     uint32(m.Size),
		OriginStore:   string(m.OriginStore),
		Origin:        pb.Origin(m.Origin),
		RetryOf:       string(m.RetryOf),
		Regarding:     string(m.Regarding),
		InReplyTo:     string(m.InReplyTo),
		Receipt:       receipt(m.Receipt),
	}
	if m.Size > 0 || m.SHA256 != [32]byte{} {
		p.Sha256 = m.SHA256[:]
	}
	if len(m.To)+len(m.Cc) > 0 {
		p.Recipients = &pb.Recipients{To: Addresses(m.To), Cc: Addresses(m.Cc)}
	}
	if !m.Submitted.IsZero() {
		_, seconds := m.Submitted.Zone()
		p.SubmitZoneMinutes = int32(seconds / 60)
	}
	for _, h := range m.Hops {
		p.Hops = append(p.Hops, &pb.Hop{StoreId: string(h.Store), End: h.End, Time: timestamp(h.Time)})
	}
	for _, f := range m.Legacy {
		p.LegacyFields = append(p.LegacyFields, &pb.LegacyField{Name: f.Name, Value: f.Value})
	}
	for i := range m.Attachments {
		p.Attachments = append(p.Attachments, attachment(&m.Attachments[i]))
	}
	if o := m.Original; o != nil {
		p.Original = &pb.Original{Format: o.Format, SizeBytes: uint32(o.Size), Sha256: o.SHA256[:], MessageDigest: o.Digest[:]}
	}
	p.Failures = Failures(m.Failures)
	return p
}

func attachment(a *mail.Attachment) *pb.Attachment {
	p := &pb.Attachment{FileName: a.Name, SizeBytes: uint32(a.Size)}
	if a.SHA256 != [32]byte{} {
		p.Sha256 = a.SHA256[:]
	}
	if f := a.Mac; f != nil {
		p.Mac = &pb.MacFile{
			Type: f.Type[:], Creator: f.Creator[:], FinderFlags: uint32(f.FinderFlags), CreateTime: timestamp(f.Created),
			ModifyTime: timestamp(f.Modified), ResourceForkSizeBytes: uint32(f.ResourceSize), Comment: f.Comment,
		}
	}
	return p
}

func receipt(r *mail.Receipt) *pb.ReceiptDetails {
	if r == nil {
		return nil
	}
	p := &pb.ReceiptDetails{
		Outcome: pb.ReceiptOutcome_RECEIPT_OUTCOME_READ, Reader: r.Reader.String(), Subject: r.Subject,
		SubmitTime: timestamp(r.Submitted), ReadTime: timestamp(r.Read),
	}
	if r.NotRead {
		p.Outcome = pb.ReceiptOutcome_RECEIPT_OUTCOME_NOT_READ
	}
	return p
}

// Failures converts the failures of a delivery report.
func Failures(fs []mail.Failure) []*pb.RecipientFailure {
	var ps []*pb.RecipientFailure
	for _, f := range fs {
		ps = append(ps, &pb.RecipientFailure{Address: f.Recipient.String(), Reason: f.Reason, Explanation: f.Explanation})
	}
	return ps
}

// timestamp converts a time; the zero time is absent.
func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// fromTimestamp is the reverse of timestamp.
func fromTimestamp(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// inZone gives a time the zone offset that was sent beside it.
func inZone(t time.Time, minutes int32) time.Time {
	if t.IsZero() || minutes == 0 {
		return t
	}
	return t.In(time.FixedZone("", int(minutes)*60))
}

// Marshal is the stored form of a message, without its content.
func Marshal(m *mail.Message) []byte {
	b, err := proto.Marshal(Message(m))
	if err != nil {
		// The one reason is a string that is not UTF-8, which only mail that could not be read as a message has.
		p := Message(m)
		sanitize(p)
		b, _ = proto.Marshal(p)
	}
	return b
}
