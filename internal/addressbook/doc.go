// Package addressbook keeps the directory of one end: who has a named mailbox here, who was imported here, and who the
// linked ends say is at home there.
//
// The first two are this end's own and are told to its peers. They are durable before anybody sees them, and an import
// happens in one commit, which writes what changed and nothing else. What a peer tells is replaced as a whole, is shown at
// once, and is remembered over restarts; when it was told is no part of any promise to mail: no message waits for a
// directory, and none is lost with one.
//
// Where several know an address, a mailbox of this end counts most, then what was imported here, then the peers in the
// order of their names.
package addressbook
