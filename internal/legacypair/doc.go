// Package legacypair plays the two old programs of a PC Mail to AppleTalk Mail gateway, for tests: MACGATE on the PC
// (PCHalf) and GW on the Macintosh (MacHalf), which know each other only through the files of a spool. They are written
// from the published articles alone and share no code with the coordinator, so that it is not tested against itself.
// They are strict where the old programs were, simple everywhere else, and have the old faults on switches (Bugs).
//
// Nothing here runs by itself. Step does one cycle and returns; Run repeats it. All times are those of Options.Now.
//
// # A cycle
//
// Both halves read first and then write (KB Q95521). The PC half does so every Frequency minutes (KB Q76091), the
// Macintosh half whenever the gateway connects (KB Q102789).
//
//	reading   list .MSG, lowest slot first, at most a batch: MMFFn.MSG -> .RDG -> read -> .DEL -> removed
//	sweeping  own .WRT left from a cycle that broke off are removed
//	writing   per message the lowest free slot: MMFFn.WRT -> written -> .MSG; only then it leaves the mailbag
//	idling    with an aging factor, an empty mailbag and an empty directory: a handshake in the lowest slot
//	watching  with an aging factor: a notice about each file of ours that lies longer
//
// What is documented, and where:
//
//   - Slots are MMFF1 to MMFFb, b being the blocking factor, 10 by default and 99 at most (KB Q117580). The PC half
//     reads and writes at most 50 messages a cycle (KB Q95521), the Macintosh half b (KB Q137998).
//   - The names .WRT, .RDG and .DEL and who owns them (KB Q130066, Q148768, Q164858). 1.0b claimed as MSGATE.RDG
//     (Options.OldClaim); some version deleted the .MSG itself (error 550, Options.Direct).
//   - Order is kept as long as a directory is emptied before it is filled again, and always with b = 1. A writer that
//     refills slots while the reader is among them lets newer mail overtake older; a higher b makes it rarer (KB Q137998).
//   - Names are taken in any letter case on the PC; the Macintosh sees all upper or all lower case only (KB Q103199).
//   - The message text is the Basic format (KB Q118785, Q103801, Q87223) with the line end of a switch (KB Q104280). What
//     does not fit is error 140 to 147 or 151 (KB Q85043, Q106623), goes to BADMAIL, and whoever is in charge gets the
//     notice "Bad incoming message file" (KB Q152477). A bad address costs the whole message (KB Q122779).
//   - The Macintosh half refuses subjects over 63 (KB Q117581) and bodies over 32,767 characters (KB Q132855, Q102122).
//   - A handshake lies in an ordinary slot, is recognised by its content, and deleted by its reader; aging factor 0 stops
//     both halves from writing one (KB Q121917, Q152477).
//   - Log lines: MSGATE.LOG as in KB Q119047 and Q121915, MMACGATE.LOG as in KB Q130066.
//
// What is not documented was chosen, and a test must not rest on it: the bytes of a handshake (four shapes) and that one
// is written only into an empty directory, that it stops mail at once where it does (Gates) and still does after a restart,
// that slots above b are read too, that a slot is free when it has no file of any of the four extensions, names in BADMAIL
// (the slot's own, then MMFFn.001), that .DEL left by a dead reader are removed at its next start, the wording of the notice
// about old files, numbers of errors other than 531 and 550 on the Macintosh.
//
// # Faults
//
//	KB Q121917  PC -> Mac stops for ever, Mac -> PC flows    PC: Gates, Aging; Mac: Hide: HideHandshakes
//	KB Q152477  BADMAIL fills, notices flow                  MisreadHandshake, the other half with Aging
//	KB Q166162  the notice about a bad file crashes          DiesReporting
//	KB Q119022  the same message again and again             StuckSlot (reader), StuckQueue (writer)
//	KB Q130066  duplicates, errors 531 and 550               two halves of a kind on one Volume, Direct, Pace
//	KB Q119641  outgoing mail vanishes                       two halves of a kind, Pace
//	KB Q148768  .RDG left behind, and tried again at start   DieAt: Claimed, Restart
//	KB Q147006  deleted files are listed, the half freezes   ListsDeleted
//	KB Q137998  order not kept                               Pace on the reader
//	KB Q103199  mixed case names, counts changed             MixedCase, CountOff
//	KB Q122551  new files invisible                          HideAll, HideExcept
//	KB Q141970  a CR in a subject hangs the half             SpinsOnCR
//	KB Q95521   one half works, the other does not           DeadReader, Kill
//
// ShortMSG, a file that grows under its final name, is what people do who copy a repaired file back (KB Q117581).
//
// # Comparing with the original programs
//
// Who has the old programs in an emulator can hold this stand-in, or the coordinator, against them. Make a spool
// with MakeSpool in a directory that the emulator's file server shares as the Connection store, \MAILDATA\MACGATE: for
// the PC half mount it in DOS as the drive of the postoffice's data, for the Macintosh half as the AppleShare volume chosen
// in the gateway configuration, press Update there, and set connect times to Always and Frequency to 1 (KB Q76091,
// Q109253). Let Run play the missing half with Options.Log on a file. Then watch, with a listing every second:
//
//   - STORE\PCTOMAC and STORE\MACTOPC: which slot is taken first, which names a file goes through, and how long each stays;
//   - an idle hour with aging factor 0 and one with 1: in which directory a handshake appears, when, with which bytes, and
//     whether mail sent while it lies there is held back;
//   - line ends and PRIORITY of a first message each way, and an attachment's bytes against its count;
//   - a subject of 64 characters, a PCM address, a CC line: whether the file comes to BADMAIL, under which name, and
//     what MSGATE.LOG, MMACGATE.LOG and the notice say;
//   - a switched-off emulator with a .RDG or .DEL in place: what the next start does with it.
//
// Generate gives the mail for it. A difference is a fault of this package; the articles of KB Q121917 and Q152477 are what
// its own tests reproduce.
package legacypair
