package mail

import (
	"strings"
	"time"
)

// Receipt is what a read receipt says of the message that Message.Regarding names. Receipts of the old systems are text for
// people, so that everything but the outcome may be missing.
type Receipt struct {
	NotRead   bool    // it was deleted unread
	Reader    Address // the mailbox it was in
	Subject   string  // of the message
	Submitted time.Time
	Read      time.Time // or deleted
}

// Answerable reports whether somebody may read what is sent to the sender of a message of this class. Nobody stands behind
// reports, receipts and mail between programs.
func (c Class) Answerable() bool { return c == Note || c == 0 }

// ReportSender reports whether an address is a name in which PC Mail writes failures and receipts, and which reads nothing:
// an answer to it failed, with a failure from the next such name (KB Q119047).
func (a Address) ReportSender() bool {
	if a.Type != TypePC {
		return false
	}
	user := a.Value[strings.LastIndexByte(a.Value, '/')+1:]
	return strings.EqualFold(user, "POSTOFFICE") || strings.EqualFold(user, "POSTMASTER")
}
