package service

import (
	"fmt"
	"io"

	"sidegate/coordinator/convert"
	"sidegate/coordinator/mmff"
	"sidegate/coordinator/spool"
	"sidegate/internal/mail"
)

// ReasonNotRegistered is why mail of a sender goes back who is not in the list.
const ReasonNotRegistered = "NOT_REGISTERED"

// gate lets the notes of registered senders through. The mail of everybody else goes back to them, with a reason that
// says so (WA0728, KB Q60093).
type gate struct {
	spool.Converter
	may func(mail.Address) bool
}

// FromMMFF reads a message. What the old programs send by themselves is no note of anybody, and passes.
func (g gate) FromMMFF(m *mmff.Message, w io.Writer) (*convert.Import, error) {
	in, err := g.Converter.FromMMFF(m, w)
	if err != nil || in.Message.Class != mail.Note || g.may(in.Message.Sender) {
		return in, err
	}
	for _, r := range in.Recipients {
		in.Failures = append(in.Failures, mail.Failure{Recipient: r, Reason: ReasonNotRegistered,
			Explanation: fmt.Sprintf("%s is not registered for this gateway. Ask whoever runs it.", in.Message.Sender)})
	}
	in.Recipients, in.Fingerprints = nil, nil
	return in, nil
}
