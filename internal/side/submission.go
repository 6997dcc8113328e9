package side

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"time"

	"sidegate/internal/intake"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// incoming is a submission whose content is being put together.
type incoming struct {
	s       *shared
	caller  caller
	sub     *wire.Submission
	request string
	zone    *time.Location // of the sender

	draft  *store.Draft
	next   int   // the part whose bytes come next
	got    int64 // of that part
	hashes []hash.Hash
	body   textCheck
}

// receive checks a submission and begins its content. After nil the caller must finish or discard it.
func (s *shared) receive(c caller, p *pb.Message, request string) (*incoming, error) {
	if err := checkRequestID(request); err != nil {
		return nil, err
	}
	if err := s.checkOwn(p); err != nil {
		return nil, err
	}
	sub, err := wire.ParseSubmission(p)
	if err != nil {
		return nil, ofMessage(err)
	}
	if err := s.checkSubmission(c, sub); err != nil {
		return nil, err
	}
	in := &incoming{s: s, caller: c, sub: sub, request: request, zone: time.UTC, draft: s.Store.NewDraft(sub.Message.Size)}
	if minutes := int(p.SubmitZoneMinutes); minutes != 0 {
		in.zone = time.FixedZone("", minutes*60)
	}
	in.hashes = make([]hash.Hash, len(sub.Parts))
	for i := 1; i < len(in.hashes); i++ { // the body, part 0, has no hash of its own
		in.hashes[i] = sha256.New()
	}
	if err := in.fill(); err != nil {
		in.draft.Discard()
		return nil, err
	}
	return in, nil
}

func checkRequestID(id string) error {
	if id == "" {
		return nil
	}
	return wire.CheckLine("request_id", id, MaxRequestID)
}

// checkOwn refuses what only ends may say, besides what package wire refuses: bytes and fields read from legacy files
// would be written into such a file again unseen, and mail between programs is never answered by a report.
func (s *shared) checkOwn(p *pb.Message) error {
	switch {
	case p.GetOriginal() != nil:
		return badField("message.original", "is set by the end that reads a legacy file")
	case len(p.GetLegacyFields()) > 0:
		return badField("message.legacy_fields", "are set by the end that reads a legacy file")
	case p.GetClass() == pb.MessageClass_MESSAGE_CLASS_SYSTEM:
		return badField("message.class", "mail between programs is not submitted here")
	case p.GetRegarding() != "" && p.GetClass() != pb.MessageClass_MESSAGE_CLASS_READ_RECEIPT:
		return badField("message.regarding", "is for read receipts")
	}
	return nil
}

// checkSubmission applies the rules of this side.
func (s *shared) checkSubmission(c caller, sub *wire.Submission) error {
	m := sub.Message
	if m.Size > s.Intake.MaxMessageBytes() {
		return badField("message.size_bytes", "the content has %d bytes, the most is %d", m.Size, s.Intake.MaxMessageBytes())
	}
	if n := len(m.To) + len(m.Cc) + len(sub.Bcc); n > s.Intake.MaxRecipients() {
		return badField("message.recipients", "names %d recipients, the most is %d", n, s.Intake.MaxRecipients())
	}
	for i, a := range m.Attachments {
		if a.Name == "" {
			return badField(fmt.Sprintf("message.attachments[%d].file_name", i), "is empty")
		}
	}
	if n := headerSize(sub); n > MaxHeader {
		return badField("message", "has %d bytes of headers, the most is %d", n, MaxHeader)
	}
	if err := s.Dialect.Check(m.Sender); err != nil {
		return badField("message.sender", "%v", err)
	}
	for _, list := range addressed(sub) {
		for i, a := range list.addresses {
			if err := s.Dialect.Check(a); err != nil {
				return badField(fmt.Sprintf("%s[%d]", list.field, i), "%v", err)
			}
		}
	}
	if err := checkReceipt(m); err != nil {
		return err
	}
	if err := s.maySend(c, m.Sender); err != nil {
		return err
	}
	return s.checkReaders(sub)
}

// headerSize is about how many bytes a message has beside its content.
func headerSize(sub *wire.Submission) int {
	m := sub.Message
	n := len(m.Subject) + len(m.Sender.Value)
	for _, list := range addressed(sub) {
		for _, a := range list.addresses {
			n += len(a.Type) + 1 + len(a.Value)
		}
	}
	for _, a := range m.Attachments {
		n += len(a.Name) + 64
		if a.Mac != nil {
			n += 64 + len(a.Mac.Comment)
		}
	}
	return n
}

// missing reports whether bytes are still to come.
func (in *incoming) missing() bool { return in.next < len(in.sub.Parts) }

// fill takes parts that are inside, as long as they are next.
func (in *incoming) fill() error {
	for in.missing() {
		part := in.sub.Parts[in.next]
		if part.Size > 0 && part.Inside == nil {
			return nil
		}
		if err := in.write(part.Inside); err != nil {
			return err
		}
		in.next, in.got = in.next+1, 0
	}
	return nil
}

// chunk takes the next bytes. They may end one part and begin another, but must not go beyond the last one.
func (in *incoming) chunk(data []byte) error {
	for len(data) > 0 {
		if !in.missing() {
			return badField("chunk.data", "goes %d bytes beyond what was declared", len(data))
		}
		n := min(int64(len(data)), in.sub.Parts[in.next].Size-in.got)
		if err := in.write(data[:n]); err != nil {
			return err
		}
		in.got += n
		data = data[n:]
		if in.got == in.sub.Parts[in.next].Size {
			in.next, in.got = in.next+1, 0
			if err := in.fill(); err != nil {
				return err
			}
		}
	}
	return nil
}

// write adds bytes of the part that is next.
func (in *incoming) write(data []byte) error {
	switch {
	case in.next > 0:
		in.hashes[in.next].Write(data)
	case in.sub.Parts[0].Inside == nil: // what came inside has been checked as a whole
		if err := in.body.add(data); err != nil {
			return badField("message.body", "%v", err)
		}
	}
	_, err := in.draft.Write(data)
	return err
}

// finish seals the content and returns what the intake is to take. The draft stays the caller's to discard.
func (in *incoming) finish() (intake.Submission, error) {
	if err := in.body.end(); err != nil {
		return intake.Submission{}, badField("message.body", "%v", err)
	}
	if err := in.draft.Seal(); err != nil {
		return intake.Submission{}, err
	}
	m := *in.sub.Message
	if m.SHA256 != [32]byte{} && m.SHA256 != in.draft.SHA256() {
		return intake.Submission{}, badField("message.sha256", "is not the hash of the content")
	}
	m.SHA256 = in.draft.SHA256()
	if err := in.attachments(&m); err != nil {
		return intake.Submission{}, err
	}
	s := intake.Submission{Message: &m, Recipients: in.sub.Recipients(), Content: in.draft}
	if in.request != "" {
		s.Request = &store.Request{Caller: in.caller.uri, ID: in.request, Digest: digest(&m, in.sub.Bcc)}
	}
	m.Submitted = in.s.Store.Now().In(in.zone) // the time is ours to say
	m.Origin = mail.FromClient
	return s, nil
}

// attachments sets the hashes of the data forks, or holds those given against them.
func (in *incoming) attachments(m *mail.Message) error {
	part := 1 // the body is 0
	m.Attachments = append([]mail.Attachment(nil), m.Attachments...)
	for i := range m.Attachments {
		a := &m.Attachments[i]
		sum := [32]byte(in.hashes[part].Sum(nil))
		if a.SHA256 != [32]byte{} && a.SHA256 != sum {
			return badField(fmt.Sprintf("message.attachments[%d].sha256", i), "is not the hash of the file")
		}
		a.SHA256 = sum
		part++
		if a.Mac != nil {
			part++
		}
	}
	return nil
}
