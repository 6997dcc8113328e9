// Package legacytest runs the scripted halves of the old gateway against coordinators, on real directories, in the
// topologies in which an old program takes part:
//
//	B  pcside <==link==> coordinator [spool] <-files-> Macintosh half
//	C  PC half <-files-> [spool] coordinator <==link==> macside
//	D  PC half <-files-> [spool] coordinator <==link==> coordinator [spool] <-files-> Macintosh half
//
// Every message must arrive once, unchanged, and in order where order is promised: towards an old half, and from one
// whose blocking factor is 1. An old half with more slots refills a low one while a higher one waits, and so mixes the
// order up by itself (KB Q137998).
//
// SIDEGATE_LEGACY=10000 sets the number of messages each way; make legacy does so. Somebody with the original programs
// in an emulator can compare: point the program at a spool that a coordinator keeps, send numbered messages both ways,
// and look for the same.
package legacytest
