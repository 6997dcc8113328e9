package intake

import (
	"errors"
	"fmt"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
)

// FaxRule says what becomes of mail to FAX addresses with files that a fax gateway cannot send.
type FaxRule string

// The rules for faxes.
const (
	FaxAny    FaxRule = "any" // and the zero value
	FaxWarn   FaxRule = "warn"
	FaxRefuse FaxRule = "refuse"
)

// unfit says why a recipient cannot be served whatever way there is; nil if nothing speaks against it.
func (in *Intake) unfit(m *mail.Message, r mail.Address) *mail.Failure {
	switch {
	case r.Type == mail.TypeFax && in.o.FaxFiles == FaxRefuse:
		if i, found := m.Unfaxable(); found {
			return &mail.Failure{Recipient: r, Reason: ReasonFaxFile, Explanation: faxFault(m.Attachments[i].Name)}
		}
	case m.Origin == mail.FromLegacy && m.Class.Answerable() && r.ReportSender():
		// A client is told at once; see package side. The writer of a file can only be told by a report, which ends there: it
		// is a report, and names that report get none.
		if _, err := in.store.Mailbox(r); errors.Is(err, store.ErrNotFound) {
			return &mail.Failure{Recipient: r, Reason: ReasonNotRepliable,
				Explanation: fmt.Sprintf("%s is a name in which failures and receipts are written; nobody reads what is sent to it.", r)}
		}
	}
	return nil
}

func faxFault(name string) string {
	return fmt.Sprintf("%q cannot be sent by fax: a fax gateway takes files called .TXT, .PCX or .DCX only.", name)
}

// checkFax holds a submission by a client against the rule. A client is told at once, with the field.
func (in *Intake) checkFax(m *mail.Message, recipients []mail.Address) error {
	i, found := m.Unfaxable()
	if !found || in.o.FaxFiles == FaxAny || in.o.FaxFiles == "" {
		return nil
	}
	for _, r := range recipients {
		switch {
		case r.Type != mail.TypeFax:
		case in.o.FaxFiles == FaxWarn:
			in.log.Warn("a fax gateway may refuse a file", "attachment", i+1, "attachments", len(m.Attachments))
			return nil
		case m.Origin == mail.FromClient:
			return &wire.FieldError{Field: fmt.Sprintf("message.attachments[%d].file_name", i), Problem: faxFault(m.Attachments[i].Name), Reason: ReasonFaxFile}
		}
	}
	return nil
}
