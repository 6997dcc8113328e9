// Package spool keeps one legacy directory: it reads the mail that the old half leaves there and writes mail for it, so that
// nothing is lost, nothing is doubled but in the one case named below, and nothing the half or the volume does stops the rest.
//
// # The directory
//
// A spool (Microsoft: "Connection store") is the directory MACGATE on a volume that both halves can mount. In it are INI,
// BADMAIL, MISC, STORE/MACTOPC and STORE/PCTOMAC, in any letter case. The two last ones hold one message each in files
// MMFF1 to MMFFn, n being the blocking factor (KB Q117580), whose extension is their state:
//
//	.WRT  a writer has not finished
//	.MSG  mail, or a handshake (KB Q121917, Q152477)
//	.RDG  a reader has claimed it; MSGATE.RDG with readers of 1.0b (KB Q148768)
//	.DEL  a reader is through with it (KB Q130066)
//
// Two files of ours lie in the root, away from the mail: SIDEGATE.ID, which tells one spool from another (KB Q141583), and
// GWOWNER.LCK, the lease: {"owner": UUID of the store, "epoch": its count of starts, "counter": raised every 15 seconds}. Bad mail
// goes to BADMAIL as BADnnnnn.MSG with BADnnnnn.TXT, its reason, beside it. Nothing else is made, and nothing that is not a
// regular file with one of the names above is ever touched: no directory, no link, no pipe, whatever it is called (KB Q164858).
//
// # What is assumed
//
// Of the store: what is committed survives. Of the volume: a file that was flushed, closed and read back keeps its bytes; a rename
// within it is seen by all as one step, sooner or later; it refuses to rename onto an existing name (renameat2 or link; where it
// can do neither, the self-test says so and a race remains). Not assumed: that listings are fresh or complete, that an error
// means that nothing was done, that file times mean anything, that files keep their numbers (found out at the start), that a
// directory can be flushed (found out, too), that the other half keeps to any protocol.
//
// # Reading
//
// Every two seconds the directory is listed. A file is stable when two looks find it equal; an empty one when five do, over ten
// seconds. Handshakes are recognised first, by their bytes, in any slot, and consumed: renamed to .RDG, compared, recorded,
// renamed to .DEL, looked at again (after T for an empty one: what grew is mail), removed. Then mail, in the order (look that
// showed it first, slot):
//
//  1. read it, hash it, record the claim with the hash: "about to parse". Found twice at a start, it is put away unparsed
//  2. parse, within five seconds, panics caught. What is cut stays .MSG until it is whole, or for half an hour as observed
//  3. rename .MSG to .RDG, read again, compare
//  4. read the files that a message names by XTEXT and XATTACH, if they are in the spool and two looks find them equal (mail behind it
//     waits for the second look, and no longer); they are never changed or removed, for other messages may name them
//  5. import every message of the file, one commit each, together with the claim; what cannot be read goes to bad mail with a report
//     to its sender; the third equal file within ten minutes is held (KB Q119022)
//  6. rename to .DEL, unlink, record that it is over
//
// # Writing
//
//  1. choose the lowest slots with none of the four extensions, in any letter case. Ascending waves keep the order: the next begins
//     when the former is consumed, slots stuck for longer than T left out
//  2. record STAGING with the whole bytes; create .WRT exclusively, write, flush, close, read back; record STAGED
//  3. look that the lease is proved and the slot still ours; rename to .MSG; flush the directory
//  4. record PUBLISHED together with the receipt of the link: custody is ours until then, and theirs only from here
//  5. a file that two looks do not find, neither in the listing nor by name, while marker and directory are proved afterwards to be the
//     right ones, is CONSUMED. Two or more that had been lying there and vanish in one step, with nothing left and no sign of the half for
//     T, are DOUBTFUL: kept, until there is a sign, or an operator has them written again
//
// A file of ours that turns up in BADMAIL within seven days is returned to its sender, once.
//
// # Recovery
//
// There is no special start: the journal is read, and the ordinary looks judge what lies there.
//
//	found                        the journal says     what happens
//	our .WRT                     STAGING              removed if it begins as our bytes do; the peer offers the message again
//	our .WRT, whole              STAGED               published
//	our .WRT, torn               STAGED               written again in another slot
//	nothing of a staged file     STAGED               only we remove .WRT: published and consumed. If the volume failed meanwhile, or the
//	                                                  directory is another one, it is written again, as a possible duplicate: the one exception
//	.WRT in our directory        nothing              somebody else's: a sign; after a day it is put away in BADMAIL
//	.WRT of the half             -                    left alone; after a day a warning
//	.RDG                         claimed              read on; what is settled is not settled again
//	.RDG, .DEL                   imported             removed, if the hash is the claim's; else it is a new file
//	.RDG, MSGATE.RDG             nothing              a predecessor's claim: imported when stable
//	.DEL                         known and over       removed
//	.DEL                         nothing              put away in BADMAIL and bad mail, with an alarm
//	.MSG and .RDG of one slot    -                    .RDG first
//	.RDG, .DEL of our file       PUBLISHED            the half is at work
//
// # Owners
//
// The lease may be taken when its counter has stood still for 60 seconds of the observer's running time; our own, after a start, at
// once, if the counter is one that the store allowed. Old gateways know no lease. Signs of one (a .WRT that is not ours, a file of
// ours changed, one swept away before it had its last name, a claim taken away, the lease changed) are counted; the second stops
// our writing, with an alarm. What one sweeps away while no process of ours runs cannot be told from what the half took.
package spool
