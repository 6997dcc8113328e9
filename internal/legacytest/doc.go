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
// TestTopologies does so in real time, TestBugs and TestSecondGateway with every fault of the old programs in virtual time,
// and TestSMB over a real SMB server. SIDEGATE_LEGACY=10000 sets the number of messages each way, SIDEGATE_SMB that over SMB; make
// legacy and make smb do so. docs/legacy-pair.md says how somebody with the original programs compares.
package legacytest
