// Package listfile reads and writes the two text files in which the old systems exchanged lists of people.
//
// The import file is that of IMPORT.EXE (KB Q96001, Q99419). A line has a code in column 1:
//
//	A alias                          TYPE:address     adds an entry
//	M alias                          TYPE:address     changes one
//	D alias                          TYPE:address     removes one; without an address, whoever bears the alias
//	R PCM:NET/PO                                      replaces a list: what follows is all of it
//	T                                                 begins a template
//	- Prompt:/value                                   is a detail of the entry above
//	#                                                 is a comment
//
// Column 2 is blank, the alias stands in the columns 3 to 32, and the address begins in column 34; or tabs stand between the
// three. A list is a postoffice (PCM:NET/PO), a server (MSMAIL:Server) or everything of another type (SMTP:). Templates and
// details are read over and counted, since no details are kept here: servers sent them to those who wanted none as well
// (KB Q118298, Q122778).
//
// The recipients file is the text import of gateway recipients on the Macintosh (KB Q111636, Q122849): one entry in a line,
// of name, type and address, or of name and address, with a tab between them or another character that was chosen.
//
//	Administrator;MS;Net/PO/Admin
//
// Both are in the code page of the machine they are for. Lines end in CR LF, CR or LF, and blanks before that say nothing, nor
// do tabs in an import file; a ^Z ends a file of DOS. Reading is strict, because a list with a fault in it would put wrong names
// into every address book: every fault is named with its line, and a file with faults is not used. A file makes no more than
// eight times its size.
package listfile
