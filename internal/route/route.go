package route

import (
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Kind says what to do with mail for an address.
type Kind uint8

// The kinds of routes.
const (
	// Mailbox: this end keeps the address's mailbox.
	Mailbox Kind = iota + 1
	// Lane: another receiver takes it; Route.Lane is where it waits for that.
	Lane
	// Unrouted: nobody is known who serves the address, but a configured peer that was never heard from might.
	Unrouted
	// Unknown: nobody serves the address.
	Unknown
)

// String is the kind in words.
func (k Kind) String() string {
	switch k {
	case Mailbox:
		return "mailbox"
	case Lane:
		return "lane"
	case Unrouted:
		return "unrouted"
	}
	return "unknown"
}

// Route is the way to one address.
type Route struct {
	Kind Kind
	Lane store.Lane   // for Lane
	End  string       // for Lane: name of the receiver, for people
	Via  mail.Pattern // what decided; the zero Pattern when nothing matched
	Tie  bool         // another peer announced it just as well, and the order of the configuration decided
	// MaxBytes is the largest content the receiver takes; 0 means that it named no limit.
	MaxBytes int64
}

// Pin is a rule of the configuration that wins over everything announced.
type Pin struct {
	Pattern mail.Pattern
	End     string // name of the end, or the UUID of its store
}

// Announcement is everything one peer serves.
type Announcement struct {
	Peer       mail.StoreID
	End        string // its name, for people and pins
	Order      int    // place of the peer in the configuration, lower wins a tie
	Generation uint64 // rises with every change at the peer
	Patterns   []mail.Pattern
	Except     map[string]bool // Keys of addresses that a pattern covers but the peer does not serve
	// MaxMessageBytes is the largest content the peer takes; 0 means that it named no limit.
	MaxMessageBytes int64
}

// Options sets a table up.
type Options struct {
	// Serves is what this end serves itself, and announces.
	Serves []mail.Pattern
	// Except are addresses that Serves covers but that live elsewhere.
	Except []mail.Address
	// LocalLane is the lane that mail for served addresses goes to; empty means into mailboxes.
	LocalLane store.Lane
	Pins      []Pin
	// ExpectedPeers is how many peers are configured, whether dialled or awaited.
	ExpectedPeers int
}
