package convert

import (
	"time"

	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/convert/mappings"
	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

// NameRule says what names of attachments a peer can take.
type NameRule uint8

// The rules for names.
const (
	// DOSNames are eight letters, a dot and three letters.
	DOSNames NameRule = iota + 1
	// MacNames have up to 31 characters, as HFS allows.
	MacNames
)

// Dialect is what the old program that shares a spool with us writes and can read.
type Dialect struct {
	Name    string // "pc" or "mac"
	Charset *charset.Table
	EOL     mmff.EOL // of files we write; any is read
	// SubjectLimit is the longest subject in characters; 0 means any.
	SubjectLimit int
	// BodyLimit is the longest text in characters; 0 means any.
	BodyLimit int
	Names     NameRule
	// Extended allows CC, EXT and unknown fields in files we write. The old halves are not known to take them.
	Extended bool
	// NoWinmail keeps WINMAIL.DAT from the peer: an old Macintosh half returned such mail.
	NoWinmail bool
}

// Winmail says what becomes of WINMAIL.DAT in a file that is read. It stays in the original in any case.
type Winmail uint8

// The ways to treat WINMAIL.DAT.
const (
	// WinmailOpen puts the files inside in its place. One that cannot be read is kept.
	WinmailOpen Winmail = iota
	// WinmailStrip leaves it out.
	WinmailStrip
	// WinmailKeep makes it an attachment like any other.
	WinmailKeep
)

// PC is the PC half. Code page 850 is that of PC Mail's own tables (KB Q85058).
func PC() Dialect {
	return Dialect{Name: "pc", Charset: charset.CP850, EOL: mmff.CRLF, Names: DOSNames}
}

// Mac is the Macintosh half. Files in the shared directory are in the form of the PC: it is the Macintosh half that
// converts between Mac Roman and code page 850, when its switch for that is on. It takes subjects of 63 characters
// (KB Q117581) and notes of 32,767 (KB Q132855).
func Mac() Dialect {
	return Dialect{Name: "mac", Charset: charset.CP850, EOL: mmff.CRLF, SubjectLimit: 63, BodyLimit: 32767, Names: MacNames, NoWinmail: true}
}

// Options set a Converter up.
type Options struct {
	// Peer is the old program behind the spool.
	Peer Dialect
	// Zone is where its clock stands; nil means the zone of this machine.
	Zone *time.Location
	// MaxSize is the largest file in bytes; 0 means any.
	MaxSize int64
	// Postmaster signs messages that have no sender. A file must have one.
	Postmaster mail.Address
	// DropBlankLine removes one blank line at the beginning of texts read: Windows clients put one there (KB Q98209).
	DropBlankLine bool
	// Winmail says what becomes of WINMAIL.DAT.
	Winmail Winmail
	// Mappings is the current table of file types: mappings.Source.Table. Nil means none.
	Mappings func() *mappings.Table
	// ConvertText converts text among the attachments between the forms of PC and Macintosh, as the table says. Set it where
	// the peer is the PC half: the Macintosh half does it by itself.
	ConvertText bool
	// OpenBinHex takes attachments in BinHex apart. Without it they are the text that they are.
	OpenBinHex bool
	// Addresses has other names of addresses; nil: there are none.
	Addresses Addresses
	// RefuseFaxFiles refuses files for FAX addresses with attachments that a fax gateway cannot send.
	RefuseFaxFiles bool
	// Now is the wall clock; nil means time.Now.
	Now func() time.Time
}

// Converter converts for one spool. It may be used from several goroutines.
type Converter struct {
	options Options
}

// New makes a Converter.
func New(o Options) *Converter {
	if o.Peer.Charset == nil {
		o.Peer.Charset = charset.CP850
	}
	if o.Peer.EOL == mmff.EOLNone {
		o.Peer.EOL = mmff.CRLF
	}
	if o.Peer.Names == 0 {
		o.Peer.Names = DOSNames
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Mappings == nil {
		o.Mappings = func() *mappings.Table { return nil }
	}
	if o.Addresses == nil {
		o.Addresses = asTheyAre{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Converter{options: o}
}

// Decode returns text in the code page of the peer as Unicode.
func (c *Converter) Decode(raw string) string { return c.options.Peer.Charset.Decode(raw) }
