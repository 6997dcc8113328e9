package mmff

import (
	"bytes"
	"fmt"
)

// Limits bound what a file may hold. A zero means the default. With the defaults, parsing allocates at most eight times
// the size of the data and a mebibyte.
type Limits struct {
	// MaxSize is the size of a file in bytes; default 32 MiB. A larger one is an error, but its messages are read.
	MaxSize int
	// MaxMessages is the number of messages in a file; default 100, twice what an FFAPI run took (KB Q104280).
	MaxMessages int
	// MaxRecipients is the number of TO and CC lines in a file; default 10,000.
	MaxRecipients int
	// MaxFields is the number of other header lines in a file; default 1,000.
	MaxFields int
	// MaxLine is the length of a header line or an EXT value in bytes; default 64 KiB.
	MaxLine int
	// MaxErrors is the number of errors, and of notes, that are kept; default 20.
	MaxErrors int
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		value   *int
		standby int
	}{{&l.MaxSize, 32 << 20}, {&l.MaxMessages, 100}, {&l.MaxRecipients, 10000}, {&l.MaxFields, 1000}, {&l.MaxLine, 64 << 10}, {&l.MaxErrors, 20}} {
		if *d.value <= 0 {
			*d.value = d.standby
		}
	}
	return l
}

// A Parser says how files are read. The zero Parser reads tolerantly, within the default limits.
type Parser struct {
	Limits Limits
	// Strict makes an error of everything the old program would have refused and we only note.
	Strict bool
	// EOL prescribes the line end, as the old program's switch did; EOLNone looks it up.
	EOL EOL
}

// Parse reads a file tolerantly, within the default limits. See Parser.Parse.
func Parse(data []byte) (*File, error) { return Parser{}.Parse(data) }

// Parse reads a file. The File is never nil and shares the memory of data. The error is nil or of type Errors; each
// message it names is Partial, the others are sound.
func (p Parser) Parse(data []byte) (*File, error) {
	r := p.reader(data)
	r.read()
	r.file.Trailing = data[r.pos:]
	r.errs.finish()
	r.notes.finish()
	r.file.Notes = r.notes.list
	if len(r.errs.list) == 0 {
		return r.file, nil
	}
	return r.file, r.errs.list
}

// reader begins a Parse.
func (p Parser) reader(data []byte) *reader {
	p.Limits = p.Limits.withDefaults()
	return &reader{parser: p, data: data, file: &File{}}
}

// A reader is the state of one Parse.
type reader struct {
	parser     Parser
	data       []byte
	pos        int // first byte not read
	file       *File
	errs       faults
	notes      faults
	recipients int // TO and CC lines so far, in the whole file
	fields     int // other header lines so far
	looked     int // bytes looked at so far, each time anew: the promise of proportional time is measured by it

	m          *Message // the message being read
	eol        string   // its line end
	line       int      // its current line
	lineStart  int      // offset of that line
	name       []byte   // the current line's parts, for errors
	tail       []byte
	terminated bool // the current line has its line end
	headless   bool // the message has no VERSION line
	seen       [tokens]bool
	content    content
}

func (r *reader) read() {
	if len(r.data) > r.parser.Limits.MaxSize {
		r.fail(&Error{Code: CodeProcessing, limit: true,
			Text: fmt.Sprintf("The file has %d bytes, more than the %d allowed", len(r.data), r.parser.Limits.MaxSize)})
	}
	for {
		lead := skipPadding(r.data[r.pos:])
		if r.pos == 0 {
			lead = skipLead(r.data)
		}
		r.looked += lead
		at := r.pos + lead
		if at == len(r.data) {
			r.end()
			return
		}
		if !beginsVersion(r.data[at:]) {
			r.stray(at)
			// A message that lost its first line can still say who is to be told.
			if len(r.file.Messages) == 0 && beginsToken(r.data[at:]) {
				r.headless = true
				r.message(at)
			}
			return
		}
		if len(r.file.Messages) == r.parser.Limits.MaxMessages {
			r.fail(&Error{Code: CodeProcessing, Offset: int64(at), limit: true,
				Text: fmt.Sprintf("The file has more than the %d messages allowed", r.parser.Limits.MaxMessages)})
			return
		}
		if !r.message(at) {
			return
		}
	}
}

// end ends a file in which nothing but padding is left.
func (r *reader) end() {
	if bytes.ContainsAny(r.data[r.pos:], "\x00\x1A") {
		r.line, r.name, r.tail = 0, nil, nil
		r.note(CodeParser, r.pos, func() string { return "NUL or ^Z behind the last message" })
	}
	if len(r.file.Messages) == 0 {
		r.fail(&Error{Code: CodeParser, incomplete: true, Text: "There is no message in the file"})
	}
}

// stray reports bytes where a message should begin.
func (r *reader) stray(at int) {
	rest := r.data[at:]
	e := &Error{Code: CodeParser, Offset: int64(at)}
	switch {
	case cutVersion(rest):
		e.incomplete, e.Ordinal, e.Line = true, len(r.file.Messages)+1, 1
		e.Text = "The VERSION line is cut"
	case len(r.file.Messages) == 0:
		e.Ordinal, e.Line = 1, 1
		e.Text = "No VERSION line, the file begins with " + quote(string(rest[:min(len(rest), quoteLimit)]))
	default:
		r.m.Partial = true
		e.Ordinal, e.Line = r.m.Ordinal, r.content.line
		e.misaligned = r.content.realign(r.data, r.m.EOL)
		left := fmt.Sprintf("%d bytes are", len(rest))
		if len(rest) == 1 {
			left = "1 byte is"
		}
		e.Text = fmt.Sprintf("%s left over at offset %d%s", left, at, alignedText(e.misaligned, r.m.EOL))
	}
	r.fail(e)
}

// message reads the message that begins at start and reports whether another one may follow.
func (r *reader) message(start int) bool {
	eol := r.parser.EOL
	if eol == EOLNone {
		eol = r.lookUp(start)
	}
	m := &Message{EOL: eol, Ordinal: len(r.file.Messages) + 1, Partial: r.headless,
		lead: r.data[r.pos:start], start: start, parser: r.parser}
	if m.Ordinal == 1 {
		r.file.EOL = eol
	}
	r.file.Messages = append(r.file.Messages, m)
	r.looked += r.content.looked
	r.m, r.eol, r.line, r.pos, r.seen, r.content = m, eol.Sequence(), 0, start, [tokens]bool{}, content{}
	if lead := m.lead; m.Ordinal == 1 && len(lead) > 0 {
		r.note(CodeParser, 0, func() string { return fmt.Sprintf("%d bytes before the VERSION line", len(lead)) })
	}
	more := r.header()
	if more && r.content.sized {
		more = r.contents()
	}
	m.orig = r.data[start:r.pos:r.pos]
	return more
}

// lookUp finds the line end of the message that begins at start.
func (r *reader) lookUp(start int) EOL {
	eol, at := findEOLAt(r.data[start:])
	r.looked += at
	return eol
}

// beginsVersion reports whether a message begins here.
func beginsVersion(data []byte) bool {
	const name = "VERSION"
	if len(data) <= len(name) || !bytes.EqualFold(data[:len(name)], []byte(name)) {
		return false
	}
	rest := bytes.TrimLeft(data[len(name):min(len(data), len(name)+8)], " \t")
	return len(rest) > 0 && rest[0] == ':'
}

// cutVersion reports whether data is the beginning of a VERSION line, too short to be one.
func cutVersion(data []byte) bool {
	const name = "VERSION"
	return 0 < len(data) && len(data) <= len(name) && bytes.EqualFold(data, []byte(name[:len(data)]))
}
