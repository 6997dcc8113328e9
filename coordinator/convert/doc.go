// Package convert turns the message text of the old gateway into messages and back.
//
// Inside there is one message: Unicode, \n line ends, moments in time. Code pages, line ends of DOS and Macintosh, clocks
// without a zone and short names exist only in files, and only this package knows of both. What goes in is accepted
// generously and kept; what goes out is written conservatively.
//
// # What crosses
//
//	MMFF                    message
//	TO, CC                  To, Cc; both are recipients. A Basic file has no CC: on the way out CC becomes TO and is listed
//	                        at the top of the text (KB Q87223)
//	FROM                    Sender
//	DATE, TIME              Submitted, in the zone of the spool; absent or unreadable: the present
//	SUBJECT                 Subject; outwards cut to the limit of the peer, with the whole at the top of the text (KB Q117581)
//	PRIORITY                see below
//	ATTACHMENT              Attachments; files with a Macintosh side travel as MacBinary II
//	EXT, unknown tokens     Legacy, as written
//	TEXT                    the body; any line end becomes \n, once
//	the file itself         Original, written again byte for byte when nothing was changed: see Converter.ToMMFF
//
// PRIORITY is one letter (KB Q112915, Q100457, Q103801, Q118787). 1 to 5 are the priority. R asks for a read receipt and leaves
// no room for a number: inwards it is normal priority with ReadReceipt, outwards an unusual priority is named in the text. C is
// a read receipt. T and an absent letter are normal. F and every other letter are normal and kept in Legacy.
//
// # Recipients
//
// A file names as TO exactly the recipients of its delivery, because the old systems deliver to every address they find, and
// submit lists again (KB Q164850). Other visible recipients, and who was Cc, are listed at the top of the text. A hidden
// recipient gets a file of its own: see Split.
//
// The PC half may know people by other names than the rest of the world does: see Addresses. Files have those, messages and
// fingerprints the addresses they mean; the lists at the top of a text name people as they are.
//
// # Receipts and meeting requests
//
// The old systems sent receipts as text for people. They are recognised by structure in any language (KB Q175040, Q131523), and
// their words become Message.Receipt. Which of the two forms a half expects is not known; outwards it is that of KB Q175040 for
// both, because it alone says reader, subject, both times, and whether the message was read or deleted unread. What stood where
// a message was deleted unread is not known either; the line "Was deleted on" is ours.
//
// No field is known that makes a meeting request of a message. Where WINMAIL.DAT says that it is one, the class is kept.
//
// # What is lost on a crossing
//
// A written and read message differs from the first one in this, and only in this: Cc is To; the visible recipients of other
// deliveries stand in the text; seconds of Submitted; characters a code page lacks (counted in a Note); surrounding blanks of a
// subject; what stands behind the limits of subject and body is at the top of the text and in an attachment; names of
// attachments become short, with the full ones at the end of the text; ID, hops, failures and the message regarded.
package convert
