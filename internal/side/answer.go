package side

import (
	"errors"
	"fmt"

	"sidegate/internal/intake"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
)

// checkReaders refuses what nobody would read: mail to the names in which PC Mail writes failures and receipts, and answers
// to reports, receipts and mail between programs. The old gateway carried both, and made a failure of them that could be
// answered again (KB Q119047). A mailbox that an operator made under such a name is one like any other.
func (s *shared) checkReaders(sub *wire.Submission) error {
	m := sub.Message
	for _, list := range addressed(sub) {
		for i, a := range list.addresses {
			if !a.ReportSender() {
				continue
			}
			if _, err := s.Store.Mailbox(a); errors.Is(err, store.ErrNotFound) {
				return notRepliable(fmt.Sprintf("%s[%d]", list.field, i), "%s is a name in which failures and receipts are written; nobody reads what is sent to it", a)
			} else if err != nil {
				return err
			}
		}
	}
	if m.InReplyTo == "" {
		return nil
	}
	// Only what lies in the sender's own mailbox is looked at, so that nobody learns of mail of others.
	answered, err := s.Store.MailboxEntry(m.Sender, m.InReplyTo)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	case !answered.Message.Class.Answerable():
		return notRepliable("message.in_reply_to", "is no note: nobody reads an answer to a report or a receipt")
	}
	return nil
}

func notRepliable(field, format string, args ...any) error {
	return &wire.FieldError{Field: field, Problem: fmt.Sprintf(format, args...), Reason: intake.ReasonNotRepliable}
}

// recipientList is one kind of recipients and the field they stand in.
type recipientList struct {
	field     string
	addresses []mail.Address
}

// addressed are the recipients of a submission, by kind.
func addressed(sub *wire.Submission) []recipientList {
	return []recipientList{
		{"message.recipients.to", sub.Message.To}, {"message.recipients.cc", sub.Message.Cc}, {"message.recipients.bcc", sub.Bcc},
	}
}

// checkReceipt completes what a client's own receipt says. It is the reader's word, so it speaks for nobody else.
func checkReceipt(m *mail.Message) error {
	switch r := m.Receipt; {
	case r == nil:
	case r.Reader.IsZero():
		r.Reader = m.Sender
	case r.Reader.Key() != m.Sender.Key():
		return badField("message.receipt.reader", "is not the sender")
	}
	return nil
}
