package wire

import (
	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// Submission is a message on its way in, as a client sends it.
type Submission struct {
	// Message has no ID and no origin yet. Its Size is the sum of the parts; its SHA256 is zero unless the client
	// sent one, which then must be the content's.
	Message *mail.Message
	Bcc     []mail.Address
	Parts   []Part
}

// Part is one piece of the content, in the order of the content.
type Part struct {
	Size   int64
	Inside []byte // nil when the bytes follow in chunks
}

// Recipients is everybody the submission is for, each once, in the order To, Cc, Bcc.
func (s *Submission) Recipients() []mail.Address {
	seen := make(map[string]bool)
	var all []mail.Address
	for _, list := range [][]mail.Address{s.Message.To, s.Message.Cc, s.Bcc} {
		for _, a := range list {
			if key := a.Key(); !seen[key] {
				seen[key] = true
				all = append(all, a)
			}
		}
	}
	return all
}

// Complete reports whether all of the content is inside.
func (s *Submission) Complete() bool {
	for _, p := range s.Parts {
		if p.Size > 0 && p.Inside == nil {
			return false
		}
	}
	return true
}

// ParseSubmission reads a message that a client submits. Fields that an end sets must be empty; a size left out is
// the length of the bytes inside. The error is a *FieldError. p is changed.
func ParseSubmission(p *pb.Message) (*Submission, error) {
	if p == nil {
		return nil, fieldError("message", "is missing")
	}
	if err := checkAll(p, checkUnset, fillSizes, checkHead, checkRecipients, checkWay, checkAttachments, checkOriginal, checkReceipt, checkInside, checkBody); err != nil {
		return nil, err
	}
	if p.Sender == "" {
		return nil, fieldError("sender", "is empty")
	}
	visible := len(p.GetRecipients().GetTo()) + len(p.GetRecipients().GetCc())
	bcc, err := ParseAddresses("recipients.bcc", p.GetRecipients().GetBcc(), MaxRecipients-visible)
	if err != nil {
		return nil, err
	}
	if visible+len(bcc) == 0 {
		return nil, fieldError("recipients", "names nobody")
	}
	s := &Submission{Bcc: bcc}
	var size int64
	for _, piece := range parts(p) {
		size += int64(piece.size)
		s.Parts = append(s.Parts, Part{Size: int64(piece.size), Inside: piece.inside()})
	}
	if size > MaxContent {
		return nil, fieldError("size_bytes", "the content has %d bytes, the most is %d", size, MaxContent)
	}
	if p.SizeBytes != 0 && int64(p.SizeBytes) != size {
		return nil, fieldError("size_bytes", "is %d, but the parts have %d bytes", p.SizeBytes, size)
	}
	if n := len(p.Sha256); n != 0 && n != 32 {
		return nil, fieldError("sha256", "has %d bytes instead of 32", n)
	}
	p.SizeBytes = uint32(size)
	s.Message = normal(p)
	return s, nil
}

// checkUnset refuses what only an end may say of a message.
func checkUnset(p *pb.Message) error {
	for _, f := range []struct {
		field string
		set   bool
	}{
		{"message_id", p.MessageId != ""}, {"hops", len(p.Hops) > 0}, {"origin_store", p.OriginStore != ""},
		{"origin", p.Origin != 0}, {"retry_of", p.RetryOf != ""}, {"failures", len(p.Failures) > 0},
	} {
		if f.set {
			return fieldError(f.field, "is set by the end, not by the sender")
		}
	}
	if c := p.Class; c == pb.MessageClass_MESSAGE_CLASS_DELIVERY_REPORT {
		return fieldError("class", "delivery reports are made by ends only")
	}
	return nil
}

// fillSizes sets the sizes that were left out although the bytes are inside.
func fillSizes(p *pb.Message) error {
	fill := func(size *uint32, n int) {
		if *size == 0 && int64(n) <= MaxContent {
			*size = uint32(n)
		}
	}
	fill(&p.BodySizeBytes, len(p.Body))
	for _, a := range p.Attachments {
		if a == nil {
			continue
		}
		fill(&a.SizeBytes, len(a.Content))
		if a.Mac != nil {
			fill(&a.Mac.ResourceForkSizeBytes, len(a.Mac.ResourceFork))
		}
	}
	if p.Original != nil {
		fill(&p.Original.SizeBytes, len(p.Original.Content))
	}
	return nil
}

// checkBody checks a body that travels inside: the text of a message has \n line ends only.
func checkBody(p *pb.Message) error { return CheckText("body", p.Body, MaxContent) }
