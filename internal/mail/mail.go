// Package mail holds the words of the system: what a message is, where it can go, and how it is handed on.
//
// Every hop has the same shape. Whatever holds messages is a Source and lends deliveries; whatever takes them is an
// Acceptor and answers for each recipient; a loop between the two takes loans, offers them and settles them. Lanes,
// links, mailboxes and spool directories are Sources, Acceptors or both.
//
// The package knows neither gRPC nor files, and imports only the standard library.
package mail

import (
	"context"
	"io"
	"time"
)

// ID is the identity of a message for life: a UUID version 7 in its usual text form, set where the message enters.
type ID string

// StoreID is the UUID of a durable store, in its usual text form. It names an end for ever, wherever it runs.
type StoreID string

// Class tells notes from the mail that gateways and readers send back.
type Class uint8

// The classes of messages.
const (
	Note Class = iota + 1
	// DeliveryReport says which recipients could not be reached. No report ever answers it.
	DeliveryReport
	// ReadReceipt says that somebody read a message. No report ever answers it.
	ReadReceipt
	// System is mail between the programs of the old systems.
	System
)

// Origin tells how a message entered, and so how far its sender can be trusted.
type Origin uint8

// The origins of messages.
const (
	FromClient Origin = iota + 1
	// FromLegacy is mail read from a spool, where whoever can write the directory can write any sender.
	FromLegacy
	// FromEnd is mail an end made itself.
	FromEnd
)

// MaxHops is how many ends a message may pass before it counts as looping.
const MaxHops = 20

// Message is one piece of mail without its content. The content is the concatenation of the body, then of each
// attachment's data fork and resource fork, then of the original; the sizes here say where each begins.
//
// A Message that has been handed on is never changed; make a copy to change one.
type Message struct {
	ID          ID
	Class       Class
	Sender      Address
	To, Cc      []Address // visible recipients; hidden ones exist in Deliveries only
	Subject     string    // one line of UTF-8
	Priority    int       // 1 (low) to 5 (urgent), 3 is normal
	ReadReceipt bool      // the sender wishes one
	Submitted   time.Time // with the sender's zone offset
	Hops        []Hop     // oldest first
	Legacy      []LegacyField
	BodySize    int64 // bytes of UTF-8 with \n line ends
	Attachments []Attachment
	Original    *Original // nil unless read from a legacy file
	Size        int64     // bytes of the whole content
	SHA256      [32]byte  // of the whole content
	OriginStore StoreID   // the store that set ID
	Origin      Origin
	RetryOf     ID        // the message an operator tried again as this one
	Regarding   ID        // the message a report or read receipt speaks of
	Failures    []Failure // of a delivery report
	Receipt     *Receipt  // of a read receipt; nil if nothing is known but that it is one
	InReplyTo   ID        // the message this one answers
}

// Attachment is one enclosed file.
type Attachment struct {
	Name   string // as its sender gave it; data, never a path
	Size   int64  // bytes of the data fork
	SHA256 [32]byte
	Mac    *MacFile // nil for a file without Macintosh information
}

// MacFile is what the Macintosh Finder keeps of a file beside its data fork.
type MacFile struct {
	Type, Creator     [4]byte
	FinderFlags       uint16
	Created, Modified time.Time
	ResourceSize      int64 // bytes of the resource fork
	Comment           []byte
}

// Original describes the legacy bytes a message was read from, so that they can be written again unchanged.
type Original struct {
	Format string // "mmff"
	Size   int64
	SHA256 [32]byte
	// Digest is over the message as it was read. As long as it holds, nothing was changed on the way.
	Digest [32]byte
}

// LegacyField is a header field of the legacy text that has no place of its own, kept as written.
type LegacyField struct {
	Name  string
	Value []byte
}

// Hop is one end that a message has passed.
type Hop struct {
	Store StoreID
	End   string
	Time  time.Time
}

// Failure says why one recipient could not be reached.
type Failure struct {
	Recipient   Address
	Reason      string // stable, such as NO_SUCH_MAILBOX
	Explanation string // for a person
}

// Content is the bytes of a message. It may be opened any number of times.
type Content interface {
	// Open returns a reader from the first byte. The caller closes it.
	Open() (io.ReadCloser, error)
	Size() int64
	SHA256() [32]byte
}

// Delivery is a message together with the recipients one receiver is to take.
type Delivery struct {
	Message    *Message
	Recipients []Address // the envelope, hidden recipients included
	Content    Content
}

// ExceptionKind says why a recipient was not taken.
type ExceptionKind uint8

// The kinds of exceptions.
const (
	// Deferred means: not now, try again later.
	Deferred ExceptionKind = iota + 1
	// NotServed means: not here, find another way.
	NotServed
)

// Exception names recipients of one delivery that were not taken.
type Exception struct {
	Recipients []Address
	Kind       ExceptionKind
	Reason     string        // one sentence
	RetryAfter time.Duration // for Deferred; zero lets the sender choose
}

// Outcome is what an Acceptor says of one delivery: every recipient that no exception names has been taken, which
// means it is durable, was known already, or rests in bad mail with its report sent.
type Outcome struct {
	Exceptions []Exception
}

// Source lends deliveries.
type Source interface {
	// Next waits for at least one delivery and returns up to max of them. The caller settles every loan it gets.
	Next(ctx context.Context, max int) ([]Loan, error)
}

// Loan is a delivery the lender still answers for.
type Loan interface {
	Delivery() *Delivery
	// Settle ends the loan with what Accept said of it. Only then may the lender let go.
	Settle(ctx context.Context, o Outcome) error
}

// Acceptor takes responsibility for deliveries.
type Acceptor interface {
	// Accept returns one outcome for each delivery, in order. An error means that nothing can be said of any of
	// them: the caller may offer them again, and what was taken already will be recognised.
	Accept(ctx context.Context, ds []*Delivery) ([]Outcome, error)
}
