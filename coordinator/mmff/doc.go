// Package mmff reads and writes the message text of the old gateway: the files MMFF1.MSG to MMFFn.MSG of a spool.
//
// It guarantees three things. What was read and not changed is written back byte for byte. Whatever a file holds, it is
// either kept (in a named place of [Message]) or named in an error; nothing is dropped silently. And a damaged or hostile
// file costs bounded memory and time proportional to its size.
//
// The package knows bytes, not charsets: every value is in the code page of the file. It opens no file.
//
// # Grammar
//
// Tokens and their order come from KB Q118785, Q117581 and Q103801; the grammar as a whole is our reading of them.
//
//	file     = *padding 1*( message *padding )
//	message  = "VERSION:" n.nn EOL *field ( "TEXT:" count EOL count*OCTET / "XTEXT:" path EOL ) *attach-octets
//	field    = "TO:" address EOL                       one per line, at least one
//	         / "CC:" address EOL                       Extended only
//	         / "FROM:" address EOL                     exactly one
//	         / "DATE:" yyyy-mm-dd EOL                  default today
//	         / "TIME:" hh:mm EOL                       24 hours, no zone: local time; default now
//	         / "SUBJECT:" text EOL                     default empty
//	         / "PRIORITY:" value EOL                   one character: 1 low to 5 high, R registered, C confirmation, F file
//	         / ( "ATTACHMENT:" / "ATTACHMENTS:" ) name SP count EOL
//	         / "XATTACH:" physical [ "," logical ] EOL content in an outside file
//	         / "EXT:" type ":" n ":" name EOL value    Extended only (KB Q147034)
//	address  = [ type ":" ] value                      type absent means CSI (KB Q94410, Q106623)
//	padding  = space / tab / CR / LF / VT / FF / ^Z / NUL
//
// A line is a token, the first colon, and the rest, which the old error texts call the tail. Token names are read in any
// case and in any order between VERSION and TEXT or XTEXT, which end the header. They are written in upper case in the one
// order both published samples show: VERSION, TO, CC, FROM, DATE, TIME, SUBJECT, PRIORITY, ATTACHMENT, XATTACH,
// unknown ones, EXT, TEXT.
//
// # Line ends
//
// The old programs were told by a switch whether lines end in CR, LF or CR LF, and failed with 144 or 141 when it was wrong
// (KB Q85055, Q118533). Here the line end is looked up behind each VERSION line and applied to that message. The other line
// end characters are then bytes like any other: a CR in a subject (which made an old reader spin, KB Q141970) stays in the
// subject and is noted. One exception: where lines end in LF, a CR before it belongs to the line end of the header. CR LF is written by default: both samples that can be measured have it.
//
// # Counts
//
// TEXT counts every byte of the body, its last line end included; the next byte is the first of the first attachment, in
// header order, with nothing in between (KB Q118785, and exactly so in the sample of KB Q103801: 152 and 291 bytes). Counts
// are believed. A count that overruns the file makes it incomplete (it may still be being written); bytes that are left over
// and are neither padding nor the VERSION line of a next message make it bad. When the counts fit exactly under another line
// end, the error says so: that is what a server that translates text files leaves behind.
// An attachment's name may hold spaces ("Read Me", KB Q122779): name and count part at the last one.
//
// # Extended fields
//
// The published sample is "EXT:I:3:HEADLEN" with "9" in the next line (KB Q147034). Whether 3 counts the value with its line
// end or numbers the field is unknown. Reading: if n bytes end on a line end, and no line inside them but the first begins
// with a known token, they are the value; otherwise the value is one line. Writing: a counted n is counted again, any other is
// kept. HEADLEN is a claim, see [Message.PrintedHeader]. The Extended names for time parts and for an attachment's date and
// type are unknown: such lines are kept in Message.Fields by name, value and line. So is a field repeated that may stand once
// (the first one counts).
//
// The Basic format has no CC: it becomes TO on export (KB Q87223). Writing Basic does the same and leaves EXT and unknown
// fields out, because an unknown token costs the reader's whole message (error 141); [Omitted] lists them beforehand.
//
// "^0D" in FAX and MCI addresses (KB Q87651) is an escape of the gateways behind and stays as it is.
//
// # Unknown things, and what was chosen
//
//   - The separator in XATTACH: comma or brackets are read (KB Q113454 shows a comma for the command line); the tail is kept.
//   - A missing VERSION, TO or FROM line makes a message bad although VERSION has a default: a file without its head may have
//     lost recipients, too.
//   - A bad address (142, 151) is a note, not an error: one bad recipient must not stop the others (KB Q122779).
//     [Parser.Strict] turns every note into an error.
//   - PCM and MS are read as CSI; the old program refused PCM with 151 (KB Q106623), and so does Strict.
//   - A file is said to hold one message; several are read, as FFAPI files had up to 50 (KB Q104280).
//   - Blank header lines, leading padding and a UTF-8 byte order mark (files edited and dropped again by hand) are noted.
//   - The bytes of a handshake are unknown: see [Classify].
package mmff
