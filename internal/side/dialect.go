package side

import (
	"sidegate/internal/mail"
	"sidegate/internal/wording"
)

// Dialect is everything in which one side differs from the other.
type Dialect struct {
	Name      string // of the program and, unless configured, of the end: pcside
	Side      string // pc or mac
	EnvPrefix string // of the program's environment variables: PCSIDE_
	GRPCPort  int    // default port of the API and of links
	HTTPPort  int    // default port of the status page and metrics
	// Check applies the rules of this side's own kind of address; addresses of other kinds pass. It guards what is
	// new: senders, recipients and mailboxes named in calls. What arrives on links is read tolerantly.
	Check func(mail.Address) error
	// Words are those of this side's old system, for delivery reports and read receipts.
	Words wording.Words
	// Postmaster signs what the side writes itself.
	Postmaster mail.Address
}
