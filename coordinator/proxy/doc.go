// Package proxy keeps the proxy addresses by which the PC half knows people of the other side.
//
// PC Mail holds addresses of ten characters in each of three parts, letters and digits only (KB Q96003), so that
// user@server cannot stand in it. The old gateway gave everybody an ID instead, under a network and a postoffice that
// were its own: CSI:MACNET/MACPO/T60009HO (KB Q94410, Q117581). So does this package, with one promise that the old one
// did not keep: an ID is allocated once, durable before its first use, never computed again, and never given to anybody
// else, whatever is lost or imported (KB Q118459, Q134235, README32). A store that comes back from an older copy under a new
// identity leaves out a thousand numbers of each server, and codes of servers, which may have been given since.
//
// # IDs
//
// An ID has eight characters: a code of two letters or digits for the server, a number of four digits, and two letters
// or digits of the user's name, for people to recognise. Each is in one of three states:
//
//	live     it is written for its address, and read as it
//	also     it is read as its address, but another ID is written for that
//	retired  neither; mail for it is returned, and the ID is never used again
//
// # The map as text
//
// Export writes the whole map and Import takes it in, on the model of the old SERVER.MAP: server codes, then IDs. It is
// text in UTF-8 whose lines end in LF, CR LF or CR. Blank lines, and lines that begin with ";", say nothing. Two words stand
// alone on their lines and begin the two parts; what is on a line is parted by single blanks, and the last part goes
// on to the end of the line, for servers and users have blanks in their names:
//
//	; who is who
//	SERVERS
//	1F San Francisco Marketing
//	T6 Marketing
//	IDS
//	1F0001MF live Mary Fox@San Francisco Marketing
//	T60009HO live Harry Olson@Marketing
//	T60010HO also Harry Olson@Marketing
//	T60011XX retired Xaver Xylander@Marketing
//
// Every code is declared once, every ID stands once, under a code of its own server, and an address has at most one live
// ID. An import is taken in whole or not at all. It adds what is new and retires what it says is retired; it changes
// nothing else, and refuses, naming the line, to give a code to another server, an ID to another address, or a retired
// ID back. A live ID for an address that has one here becomes one that is also read.
package proxy
