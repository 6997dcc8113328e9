package mmff

import "strings"

// A File is what a spool file holds: usually one message.
type File struct {
	// EOL is the line end of the first message.
	EOL EOL
	// Messages are in the order of the file. After an error they include those that could be read in part only.
	Messages []*Message
	// Trailing is what stands behind the last message: padding, or after an error whatever was not read.
	Trailing []byte
	// Notes say what was tolerated, in the shape of errors. There are at most Limits.MaxErrors of them.
	Notes []*Error
}

// A Message is one message as the file has it. Strings are in the code page of the file and without their line end.
// Body and the contents of attachments share the memory of the data that was parsed.
type Message struct {
	// Version is the tail of the VERSION line, "3.00" as a rule. Empty is written as "3.00".
	Version string
	// To and Cc are the recipients as written: see ParseAddress.
	To, Cc []string
	// From is the sender as written.
	From string
	// Date is yyyy-mm-dd and Time hh:mm, local time without a zone; both as written, and empty when absent.
	Date, Time string
	// Subject and Priority are as written, and empty when absent.
	Subject, Priority string
	// Attachments are in header order, which is the order of their contents.
	Attachments []Attachment
	// XText is set when the body is in an outside file; Body is empty then.
	XText *Reference
	// XAttach are attachments in outside files. They are never opened here: see Inline.
	XAttach []Reference
	// Ext are the EXT fields.
	Ext []Ext
	// Fields are the lines with unknown tokens, and repetitions of fields that may stand once.
	Fields []Field
	// Body is the text, in the line ends of the file.
	Body []byte

	// EOL is the line end of the header.
	EOL EOL
	// Ordinal is the position of the message in its file, from 1.
	Ordinal int
	// Partial says that errors name this message: its fields are what could be read, body and attachments what is there.
	Partial bool

	lead   []byte // padding before the message
	orig   []byte // from VERSION to the last byte counted; nil for a message that was not parsed
	start  int    // offset of orig in the file
	parser Parser // how orig was read
}

// An Attachment is a file inside the message. It is known by its position and its count, never by its name.
type Attachment struct {
	// Token is the spelling of the token in upper case, ATTACHMENT or ATTACHMENTS; empty is written as ATTACHMENT.
	Token string
	// Name is everything before the last space of the tail.
	Name string
	// Size is the count in the header. It differs from len(Content) only in a Partial message; Write counts again.
	Size int64
	// Content are the bytes of the file.
	Content []byte
	// Line is the line of the message, VERSION being 1.
	Line int
}

// An Ext is an EXT field with its value.
type Ext struct {
	// Type is the part behind EXT, "I" in the only known sample.
	Type string
	// N is the number as written: a byte count or a field number, nobody knows.
	N int
	// Name is the rest of the line, for example HEADLEN.
	Name string
	// Value is without its last line end.
	Value string
	// Counted says that N was the count of the value with its line end; such an N is counted again when written.
	Counted bool
	// Line is the line of the message.
	Line int
}

// A Field is a line of the header that has no place of its own.
type Field struct {
	// Name is the token as spelled.
	Name string
	// Value is the tail.
	Value string
	// Line is the line of the message.
	Line int
}

// A Reference names content in an outside file. Whether that file may be opened is the caller's decision; a reference
// from a spool can name any file of the machine.
type Reference struct {
	// Token is XTEXT or XATTACH.
	Token string
	// Tail is what follows the colon.
	Tail string
	// Line is the line of the message.
	Line int
}

// Physical returns the path of the outside file.
func (r Reference) Physical() string {
	physical, _ := r.split()
	return physical
}

// Logical returns the name the file goes by in the message, empty if none is given.
func (r Reference) Logical() string {
	_, logical := r.split()
	return logical
}

func (r Reference) split() (physical, logical string) {
	tail := strings.Trim(r.Tail, " \t")
	if r.Token == "XTEXT" {
		return tail, ""
	}
	if head, ok := strings.CutSuffix(tail, "]"); ok {
		if i := strings.LastIndexByte(head, '['); i > 0 {
			return strings.TrimRight(head[:i], " \t"), head[i+1:]
		}
	}
	if i := strings.LastIndexByte(tail, ','); i > 0 {
		return strings.TrimRight(tail[:i], " \t"), strings.TrimLeft(tail[i+1:], " \t")
	}
	return tail, ""
}

// References returns the outside files of the message: XTEXT first, then XATTACH in header order.
func (m *Message) References() []Reference {
	var refs []Reference
	if m.XText != nil {
		refs = append(refs, *m.XText)
	}
	return append(refs, m.XAttach...)
}

// Extended reports whether the message holds what the Basic format cannot carry.
func (m *Message) Extended() bool {
	return len(m.Cc) > 0 || len(m.Ext) > 0 || len(m.Fields) > 0
}

// Original returns the bytes the message was read from, from VERSION to the last byte counted, and their offset in the
// file. It returns nil for a message that was not parsed.
func (m *Message) Original() (raw []byte, offset int) { return m.orig, m.start }

// Modified reports whether the message differs from what it was read from. A message that was not parsed is modified; a
// Partial one never is, because it can only be handed on as it is.
func (m *Message) Modified() bool {
	if m.orig == nil || m.Partial {
		return m.orig == nil
	}
	// Reading again is cheaper than keeping a second copy: contents share their memory and compare at once.
	f, _ := m.parser.Parse(m.orig)
	return len(f.Messages) == 0 || difference(m, f.Messages[0]) != ""
}

// Bytes returns the original bytes of an unmodified message, and otherwise what Marshal makes of it in the line end it was
// read with and, where it needs it, the Extended format.
func (m *Message) Bytes() ([]byte, error) {
	if !m.Modified() {
		return m.orig, nil
	}
	return Marshal(m, Options{EOL: m.EOL, Extended: m.Extended()})
}

// Bytes returns the file: the messages with what stands around them. It is the data that was parsed, sound or not, if no
// message was modified.
func (f *File) Bytes() ([]byte, error) {
	var data []byte
	for _, m := range f.Messages {
		b, err := m.Bytes()
		if err != nil {
			return nil, err
		}
		data = append(append(data, m.lead...), b...)
	}
	return append(data, f.Trailing...), nil
}
