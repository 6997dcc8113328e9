// Package side serves mail to people and programs: MailService and MailboxService, over a store and an intake.
//
// Both sides are this package; what is particular to one of them is a value of type Dialect, and nothing in here asks
// which one it is.
//
// Who may do what. The caller is the URI that the Authority proves. A mailbox may be used by its owners, and by any
// user if it has none. A mailbox that is not there and one of somebody else look the same to a user. A message may be
// tracked by who may use its sender's mailbox, or a recipient's; the latter is told only of what concerns the
// recipients that are the caller's own, because the hidden ones are nobody else's business.
//
// Errors are canonical codes with google.rpc details: BadRequest names the field by its path in the request, ErrorInfo
// carries one of the Reason constants under the domain "sidegate", RetryInfo says when to try again.
package side
