// Package intake takes custody. Whatever enters an end, from a client, a link or a spool, is routed here, recipient by
// recipient, into mailboxes, lanes, the waiting rooms or bad mail, and one commit holds all of it: the message, its
// places, the reports it causes and the trace.
//
// The promises:
//
//   - What Submit or Take has answered is durable.
//   - Recipients are independent: one that cannot be reached changes nothing for the others (KB Q122779 tells of a
//     gateway where a single bad address held up everybody).
//   - A recipient that cannot be reached ends in bad mail together with exactly one delivery report to the sender, in
//     the same commit. Reports, read receipts and system mail are never answered by a report; if they cannot be
//     delivered they rest in bad mail and the trace says so.
//   - Loops end: a message that comes back to a store it passed, or that passed too many, is returned.
//   - What waits is looked at again: deferred mail when due, unrouted mail when somebody announces, unsent mail when a
//     better way appears. After its lifetime, counted in time this end was running, it is returned.
//
// Trace events are written with the words of TraceEvent.event in the API.
package intake
