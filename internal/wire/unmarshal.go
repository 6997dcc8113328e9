package wire

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// Unmarshal reads the stored form of a message. It checks nothing but the form: what rests in bad mail may well
// break the rules.
func Unmarshal(b []byte) (*mail.Message, error) {
	var p pb.Message
	if err := proto.Unmarshal(b, &p); err != nil {
		return nil, fmt.Errorf("wire: stored message: %w", err)
	}
	return convert(&p), nil
}

// convert is the reverse of Message.
func convert(p *pb.Message) *mail.Message {
	m := &mail.Message{
		ID:          mail.ID(p.MessageId),
		Class:       mail.Class(p.Class),
		Sender:      address(p.Sender),
		To:          addresses(p.GetRecipients().GetTo()),
		Cc:          addresses(p.GetRecipients().GetCc()),
		Subject:     p.Subject,
		Priority:    int(p.Priority),
		ReadReceipt: p.ReadReceipt,
		Submitted:   inZone(fromTimestamp(p.SubmitTime), p.SubmitZoneMinutes),
		BodySize:    int64(p.BodySizeBytes),
		Size:        int64(p.SizeBytes),
		OriginStore: mail.StoreID(p.OriginStore),
		Origin:      mail.Origin(p.Origin),
		RetryOf:     mail.ID(p.RetryOf),
		Regarding:   mail.ID(p.Regarding),
		InReplyTo:   mail.ID(p.InReplyTo),
		Receipt:     fromReceipt(p.Receipt),
	}
	copy(m.SHA256[:], p.Sha256)
	for _, h := range p.Hops {
		m.Hops = append(m.Hops, mail.Hop{Store: mail.StoreID(h.GetStoreId()), End: h.GetEnd(), Time: fromTimestamp(h.GetTime())})
	}
	for _, f := range p.LegacyFields {
		m.Legacy = append(m.Legacy, mail.LegacyField{Name: f.GetName(), Value: f.GetValue()})
	}
	for _, a := range p.Attachments {
		m.Attachments = append(m.Attachments, fromAttachment(a))
	}
	if o := p.Original; o != nil {
		m.Original = &mail.Original{Format: o.Format, Size: int64(o.SizeBytes)}
		copy(m.Original.SHA256[:], o.Sha256)
		copy(m.Original.Digest[:], o.MessageDigest)
	}
	for _, f := range p.Failures {
		m.Failures = append(m.Failures, mail.Failure{Recipient: address(f.GetAddress()), Reason: f.GetReason(), Explanation: f.GetExplanation()})
	}
	return m
}

func fromReceipt(p *pb.ReceiptDetails) *mail.Receipt {
	if p == nil {
		return nil
	}
	return &mail.Receipt{
		NotRead: p.Outcome == pb.ReceiptOutcome_RECEIPT_OUTCOME_NOT_READ, Reader: address(p.Reader), Subject: p.Subject,
		Submitted: fromTimestamp(p.SubmitTime), Read: fromTimestamp(p.ReadTime),
	}
}

func fromAttachment(p *pb.Attachment) mail.Attachment {
	a := mail.Attachment{Name: p.GetFileName(), Size: int64(p.GetSizeBytes())}
	copy(a.SHA256[:], p.GetSha256())
	if f := p.GetMac(); f != nil {
		a.Mac = &mail.MacFile{
			FinderFlags: uint16(f.FinderFlags), Created: fromTimestamp(f.CreateTime), Modified: fromTimestamp(f.ModifyTime),
			ResourceSize: int64(f.ResourceForkSizeBytes), Comment: f.Comment,
		}
		copy(a.Mac.Type[:], f.Type)
		copy(a.Mac.Creator[:], f.Creator)
	}
	return a
}

// address reads an address without refusing any.
func address(text string) mail.Address {
	if text == "" {
		return mail.Address{}
	}
	a, err := mail.ParseAddress(text)
	if err == nil {
		return a
	}
	typ, value, found := strings.Cut(text, ":")
	if !found {
		return mail.Address{Value: text}
	}
	return mail.Address{Type: typ, Value: value}
}

func addresses(texts []string) []mail.Address {
	if len(texts) == 0 {
		return nil
	}
	as := make([]mail.Address, len(texts))
	for i, text := range texts {
		as[i] = address(text)
	}
	return as
}

// sanitize makes every string of a message valid UTF-8, so that it can be stored.
func sanitize(p *pb.Message) {
	fix := func(texts ...*string) {
		for _, text := range texts {
			*text = strings.ToValidUTF8(*text, "\uFFFD")
		}
	}
	fixAll := func(texts []string) {
		for i := range texts {
			fix(&texts[i])
		}
	}
	fix(&p.MessageId, &p.Sender, &p.Subject, &p.OriginStore, &p.RetryOf, &p.Regarding, &p.InReplyTo)
	if r := p.Receipt; r != nil {
		fix(&r.Reader, &r.Subject)
	}
	fixAll(p.GetRecipients().GetTo())
	fixAll(p.GetRecipients().GetCc())
	for _, h := range p.Hops {
		fix(&h.StoreId, &h.End)
	}
	for _, f := range p.LegacyFields {
		fix(&f.Name)
	}
	for _, a := range p.Attachments {
		fix(&a.FileName)
	}
	if p.Original != nil {
		fix(&p.Original.Format)
	}
	for _, f := range p.Failures {
		fix(&f.Address, &f.Reason, &f.Explanation)
	}
}
