package intake

import (
	"errors"
	"fmt"
	"strings"

	"sidegate/internal/mail"
)

// Why a recipient could not be reached, in the words of mail.Failure.Reason.
const (
	ReasonNoMailbox = "NO_SUCH_MAILBOX"      // the address is served here and has no mailbox
	ReasonNoRoute   = "NO_ROUTE"             // no end serves the address
	ReasonTooLarge  = "TOO_LARGE"            // the end that serves the address does not take a message of this size
	ReasonLoop      = "LOOP"                 // the message has been here before
	ReasonExpired   = "EXPIRED"              // it waited for the whole of its lifetime
	ReasonOperator  = "RETURNED_BY_OPERATOR" // an operator sent it back
	ReasonFaxFile   = "FAX_FILE"             // a file goes with it that a fax gateway cannot send
	// ReasonNotRepliable: it is a name in which the old systems report, and nobody reads what is sent to it (KB Q119047).
	ReasonNotRepliable = "NOT_REPLIABLE"
)

// Steps of a message's way, in the words of TraceEvent.event.
const (
	EventSubmitted = "submitted"
	EventQueued    = "queued"
	EventAccepted  = "accepted"
	EventDelivered = "delivered"
	EventRerouted  = "rerouted"
	EventRetried   = "retried"
	EventHeld      = "held"
	EventReleased  = "released"
	EventReturned  = "returned"
	EventBadMail   = "bad-mail"
	EventReported  = "reported"
	EventDuplicate = "duplicate"
	EventDeferred  = "deferred"
	EventDeleted   = "deleted"
	// EventAcknowledged is a reader's mark.
	EventAcknowledged = "acknowledged"
)

// The errors a caller acts on, besides those of the store and *wire.FieldError.
var (
	// ErrRetried says that bad mail was tried again before.
	ErrRetried = errors.New("was tried again already")
	// ErrNoRecipients says that bad mail holds nothing that could be tried again.
	ErrNoRecipients = errors.New("has no recipients to try")
)

// submittedDetail is what the trace says when a message enters; ParseSubmitted reads it.
func submittedDetail(m *mail.Message) string {
	if m.RetryOf != "" {
		return fmt.Sprintf("retry of %s, from %s", m.RetryOf, m.Sender)
	}
	return "from " + m.Sender.String()
}

// ParseSubmitted reads the detail of a submitted event: who sent the message, and of which message it is a retry, if
// it is one. The trace outlives the message, so that tracking can still tell who may ask.
func ParseSubmitted(detail string) (sender mail.Address, retryOf mail.ID, ok bool) {
	if rest, found := strings.CutPrefix(detail, "retry of "); found {
		id, from, both := strings.Cut(rest, ", ")
		if !both {
			return mail.Address{}, "", false
		}
		retryOf, detail = mail.ID(id), from
	}
	text, ok := strings.CutPrefix(detail, "from ")
	if !ok {
		return mail.Address{}, "", false
	}
	sender, err := mail.ParseAddress(text)
	return sender, retryOf, err == nil
}

// retriedDetail is what the trace of bad mail says when it is tried again; ParseRetried reads it.
func retriedDetail(as mail.ID) string { return "as " + string(as) }

// ParseRetried reads the detail of a retried event of bad mail: the ID of the message made of it.
func ParseRetried(detail string) (as mail.ID, ok bool) {
	id, ok := strings.CutPrefix(detail, "as ")
	return mail.ID(id), ok && id != ""
}
