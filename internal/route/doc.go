// Package route says where mail for an address goes: into a mailbox here, into the lane of the end that serves it, or
// nowhere yet.
//
// No static table is needed. Every end announces to its peers which addresses it serves; the most specific
// announcement wins. The order of choice is
//
//  1. a pin of the configuration,
//  2. what this end serves itself: the patterns of the configuration, and aliases of mailboxes, which are announced
//     like exact addresses,
//  3. an exact address that a peer announced,
//  4. the pattern with the most fixed parts that a peer announced,
//  5. the pattern * of a peer,
//  6. nobody: unrouted as long as a configured peer was never heard from, unknown after that.
//
// Two peers that announce the same are a tie. It is settled by the order of the configuration, so that mail keeps
// flowing in one direction, and reported, because it is a mistake in somebody's configuration.
//
// Announcements are remembered over restarts by whoever owns the table (see Load), so that a peer which is down at the
// start does not turn its mail into unknown addresses.
package route
