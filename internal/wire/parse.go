package wire

import (
	"crypto/sha256"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// ParseMessage reads a complete message from outside and checks everything: what crosses links, and what mailboxes
// hand out. Content inside it is allowed where its length is the declared size. The error is a *FieldError.
func ParseMessage(p *pb.Message) (*mail.Message, error) {
	if p == nil {
		return nil, fieldError("message", "is missing")
	}
	if err := CheckID("message_id", p.MessageId); err != nil {
		return nil, err
	}
	if len(p.GetRecipients().GetBcc()) > 0 {
		return nil, fieldError("recipients.bcc", "hidden recipients exist in a submission only")
	}
	if err := checkAll(p, checkHead, checkRecipients, checkWay, checkAttachments, checkOriginal, checkFailures, checkReceipt, checkInside, checkSizes); err != nil {
		return nil, err
	}
	return normal(p), nil
}

// normal converts a checked message and fills in what may be left unset.
func normal(p *pb.Message) *mail.Message {
	m := convert(p)
	if m.Class == 0 {
		m.Class = mail.Note
	}
	if m.Priority == 0 {
		m.Priority = 3
	}
	if m.Size == 0 && m.SHA256 == [32]byte{} {
		m.SHA256 = sha256.Sum256(nil)
	}
	return m
}

func checkAll(p *pb.Message, checks ...func(*pb.Message) error) error {
	for _, check := range checks {
		if err := check(p); err != nil {
			return err
		}
	}
	return nil
}

func checkHead(p *pb.Message) error {
	if p.Class < 0 || p.Class > pb.MessageClass_MESSAGE_CLASS_SYSTEM {
		return fieldError("class", "%d is not a class of messages", p.Class)
	}
	if p.Origin < 0 || p.Origin > pb.Origin_ORIGIN_END {
		return fieldError("origin", "%d is not an origin", p.Origin)
	}
	if p.Priority > 5 {
		return fieldError("priority", "is %d, the most is 5", p.Priority)
	}
	if err := checkLine("subject", p.Subject, MaxSubject); err != nil {
		return err
	}
	if z := p.SubmitZoneMinutes; z < -maxZoneMinutes || z > maxZoneMinutes {
		return fieldError("submit_zone_minutes", "is %d, which is no offset", z)
	}
	if err := checkTime("submit_time", p.SubmitTime); err != nil {
		return err
	}
	for _, id := range []struct{ field, value string }{
		{"origin_store", p.OriginStore}, {"retry_of", p.RetryOf}, {"regarding", p.Regarding},
		{"in_reply_to", p.InReplyTo},
	} {
		if id.value != "" && !isUUID(id.value) {
			return fieldError(id.field, "is not a UUID in lower case")
		}
	}
	return nil
}

func checkRecipients(p *pb.Message) error {
	if p.Sender != "" {
		if _, err := ParseAddress("sender", p.Sender); err != nil {
			return err
		}
	}
	to, cc := p.GetRecipients().GetTo(), p.GetRecipients().GetCc()
	if _, err := ParseAddresses("recipients.to", to, MaxRecipients); err != nil {
		return err
	}
	_, err := ParseAddresses("recipients.cc", cc, MaxRecipients-len(to))
	return err
}

// checkWay checks what the message has been through: hops and legacy fields.
func checkWay(p *pb.Message) error {
	if len(p.Hops) > mail.MaxHops {
		return fieldError("hops", "names %d ends, the most is %d", len(p.Hops), mail.MaxHops)
	}
	for i, h := range p.Hops {
		field := fmt.Sprintf("hops[%d]", i)
		if h.GetStoreId() != "" && !isUUID(h.GetStoreId()) {
			return fieldError(field+".store_id", "is not a UUID in lower case")
		}
		if err := checkLine(field+".end", h.GetEnd(), MaxEndName); err != nil {
			return err
		}
		if err := checkTime(field+".time", h.GetTime()); err != nil {
			return err
		}
	}
	if len(p.LegacyFields) > MaxLegacyFields {
		return fieldError("legacy_fields", "are %d, the most is %d", len(p.LegacyFields), MaxLegacyFields)
	}
	for i, f := range p.LegacyFields {
		field := fmt.Sprintf("legacy_fields[%d]", i)
		if f.GetName() == "" {
			return fieldError(field+".name", "is empty")
		}
		if err := checkLine(field+".name", f.GetName(), MaxLegacyName); err != nil {
			return err
		}
		if n := len(f.GetValue()); n > MaxLegacyValue {
			return fieldError(field+".value", "has %d bytes, the most is %d", n, MaxLegacyValue)
		}
	}
	return nil
}

func checkFailures(p *pb.Message) error {
	if len(p.Failures) > MaxRecipients {
		return fieldError("failures", "are %d, the most is %d", len(p.Failures), MaxRecipients)
	}
	for i, f := range p.Failures {
		field := fmt.Sprintf("failures[%d]", i)
		if _, err := ParseAddress(field+".address", f.GetAddress()); err != nil {
			return err
		}
		if err := checkLine(field+".reason", f.GetReason(), MaxReason); err != nil {
			return err
		}
		if err := CheckText(field+".explanation", f.GetExplanation(), MaxExplanation); err != nil {
			return err
		}
	}
	return nil
}

// checkReceipt checks what a receipt says. Only receipts say it.
func checkReceipt(p *pb.Message) error {
	r := p.Receipt
	switch {
	case r == nil:
		return nil
	case p.Class != pb.MessageClass_MESSAGE_CLASS_READ_RECEIPT:
		return fieldError("receipt", "is for read receipts")
	case r.Outcome < 0 || r.Outcome > pb.ReceiptOutcome_RECEIPT_OUTCOME_NOT_READ:
		return fieldError("receipt.outcome", "%d is not an outcome", r.Outcome)
	}
	if r.Reader != "" {
		if _, err := ParseAddress("receipt.reader", r.Reader); err != nil {
			return err
		}
	}
	if err := checkLine("receipt.subject", r.Subject, MaxSubject); err != nil {
		return err
	}
	if err := checkTime("receipt.submit_time", r.SubmitTime); err != nil {
		return err
	}
	return checkTime("receipt.read_time", r.ReadTime)
}

func checkTime(field string, t *timestamppb.Timestamp) error {
	if t != nil {
		if err := t.CheckValid(); err != nil {
			return fieldError(field, "is no time between the years 1 and 9999")
		}
	}
	return nil
}
