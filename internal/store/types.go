package store

import (
	"time"

	"sidegate/internal/mail"
)

// Class is what the store can do now.
type Class uint8

// The classes of a store.
const (
	ClassOK       Class = iota + 1
	ClassRefusing       // finishes what it has, takes nothing new
	ClassFailed
)

// Lane names a lane: the StoreID of the receiver whose messages wait in it, or one of the waiting rooms.
type Lane string

// The waiting rooms. Their entries have positions like those of every lane, which are never sent.
const (
	LaneUnrouted Lane = "unrouted" // nobody is known who serves the recipient, but somebody not heard from yet might
	LaneDeferred Lane = "deferred" // waits for Due
	LaneHeld     Lane = "held"     // waits for an operator
	LaneSpool    Lane = "spool"    // a coordinator's own reports on their way into its spool
)

// Entry is one delivery that waits in a lane.
type Entry struct {
	Lane       Lane
	Seq        uint64 // position; gapless in every lane; for a receiver's lane also the number on the link
	Void       bool   // carries nothing any more, but the number must still be passed on
	MessageID  mail.ID
	Recipients []mail.Address
	Queued     time.Time // first queued, kept over moves
	Attempts   int
	Due        time.Time // LaneDeferred only
	From       Lane      // LaneDeferred, LaneHeld and LaneUnrouted: the lane it waited in before, if any
	Reason     string    // what was said last
	Bytes      int64     // content
	Sender     mail.Address
}

// LaneInfo sums a lane up.
type LaneInfo struct {
	Lane        Lane
	Depth       int // voids not counted
	Bytes       int64
	Oldest      time.Time // Queued of the oldest
	Assigned    uint64    // highest number assigned
	Durable     uint64    // highest number known durable
	Released    uint64    // everything up to here was let go
	LastRelease time.Time // when something was released last, zero if never since the start
}

// Inbound is the durable account of what came from one sender store.
type Inbound struct {
	Sender     mail.StoreID
	Through    uint64 // everything up to here is in custody, or void
	Beyond     []Range
	Exceptions []OpenException
	LastTaken  time.Time // zero if never since the start
}

// Range is a closed range of sequence numbers.
type Range struct{ First, Last uint64 }

// OpenException is a delivery, or part of one, that was not taken and is not void yet.
type OpenException struct {
	Seq uint64
	mail.Exception
}

// MaxOpenExceptions is how many exceptions one sender may have open before it gets no more credit.
const MaxOpenExceptions = 1024

// Session names a session of a link. Only the newest one of a peer can change anything.
type Session struct {
	Peer  mail.StoreID
	Epoch uint64 // the peer's count of starts
	N     uint64 // rises with every session opened here
}

// MailboxInfo describes a mailbox.
type MailboxInfo struct {
	Address        mail.Address
	Owners         []string       // URIs; empty means any user
	Aliases        []mail.Address // further addresses that lead to it
	Created        time.Time
	Messages       int
	Unacknowledged int
	Last           uint64 // highest durable position; its message may be gone
}

// MailboxEntry is one message in one mailbox.
type MailboxEntry struct {
	Position     uint64 // rises with every delivery, never used again
	Message      *mail.Message
	Delivered    time.Time
	Acknowledged bool
}

// Bad is one piece of bad mail: a message with the recipients that could not be reached. Bytes that are no message
// at all rest as content under a Message with as much as could be read.
type Bad struct {
	ID          string
	Message     *mail.Message
	Recipients  []mail.Address
	Reason      string // stable
	Explanation string // for a person, naming field, file and line
	Time        time.Time
	ReportID    mail.ID // the delivery report sent, if any
	RetriedAs   mail.ID
}

// Trace is one step on a message's way.
type Trace struct {
	MessageID mail.ID
	Recipient mail.Address // zero: the whole message
	End       string
	Store     mail.StoreID
	Time      time.Time
	Event     string
	Detail    string
}

// Request is a caller's own name for a submission.
type Request struct {
	Caller string
	ID     string
	Digest [32]byte // of what was submitted
}
