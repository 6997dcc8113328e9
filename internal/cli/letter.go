package cli

import (
	"fmt"
	"strings"

	pb "sidegate/proto/sidegate/v1"
)

// letter shows a message for a person: a few lines about it, an empty line, the body.
func (p *printer) letter(m *pb.Message) error {
	s := p.sheet()
	s.field("From", m.GetSender())
	s.field("To", strings.Join(m.GetRecipients().GetTo(), ", "))
	s.field("Cc", strings.Join(m.GetRecipients().GetCc(), ", "))
	s.field("Subject", m.GetSubject())
	s.field("Date", p.when(m.GetSubmitTime().AsTime()))
	if p := m.GetPriority(); p != 0 && p != 3 {
		s.field("Priority", itoa(p))
	}
	switch m.GetClass() {
	case pb.MessageClass_MESSAGE_CLASS_DELIVERY_REPORT:
		s.field("Kind", "delivery report")
	case pb.MessageClass_MESSAGE_CLASS_READ_RECEIPT:
		s.field("Kind", "read receipt")
	case pb.MessageClass_MESSAGE_CLASS_SYSTEM:
		s.field("Kind", "system")
	}
	if m.GetOrigin() == pb.Origin_ORIGIN_LEGACY_UNAUTHENTICATED {
		s.field("Origin", "legacy spool; the sender was not verified")
	}
	for _, a := range m.GetAttachments() {
		s.field("File", fmt.Sprintf("%s (%s%s)", a.GetFileName(), p.bytes(uint64(a.GetSizeBytes())), p.resourceFork(a)))
	}
	for _, f := range m.GetFailures() {
		s.field("Failed", fmt.Sprintf("%s: %s (%s)", f.GetAddress(), f.GetExplanation(), f.GetReason()))
	}
	s.receipt(m.GetReceipt())
	s.field("Regarding", m.GetRegarding())
	s.field("Answers", m.GetInReplyTo())
	s.field("ID", m.GetMessageId())
	s.text("\n" + cleanText(m.GetBody()))
	if b := m.GetBody(); b != "" && !strings.HasSuffix(b, "\n") {
		s.text("\n")
	}
	return s.write()
}

// resourceFork tells of the half of a file that only a Macintosh has.
func (p *printer) resourceFork(a *pb.Attachment) string {
	if n := a.GetMac().GetResourceForkSizeBytes(); n > 0 {
		return ", resource fork " + p.bytes(uint64(n))
	}
	return ""
}

// sheet is text for a person. It is written at once, so that nobody takes a letter for read that a full disk has cut.
type sheet struct {
	p *printer
	b strings.Builder
}

func (p *printer) sheet() *sheet { return &sheet{p: p} }

// field adds a line, unless it would be empty.
func (s *sheet) field(name, value string) {
	if value != "" {
		s.text(paint(s.p.colour, cell{name + ":", dim}) + " " + clean(value) + "\n")
	}
}

// text adds text that is fit for a terminal.
func (s *sheet) text(t string) { s.b.WriteString(t) }

// receipt adds what a receipt says of the message that was read, or was not.
func (s *sheet) receipt(r *pb.ReceiptDetails) {
	if r == nil {
		return
	}
	when := "Read"
	if r.GetOutcome() == pb.ReceiptOutcome_RECEIPT_OUTCOME_NOT_READ {
		when = "Deleted unread"
	}
	if t := r.GetReadTime(); t != nil {
		s.field(when, s.p.when(t.AsTime()))
	} else {
		s.field(when, "at a time that is not known")
	}
	s.field("By", r.GetReader())
	s.field("Its subject", r.GetSubject())
	if t := r.GetSubmitTime(); t != nil {
		s.field("Its date", s.p.when(t.AsTime()))
	}
}

func (s *sheet) write() error {
	_, err := s.p.w.Write([]byte(s.b.String()))
	return err
}
