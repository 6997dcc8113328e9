package mmff

import (
	"errors"
	"fmt"
	"strings"
)

// The numbers of the old programs, kept because people know and look up these (KB Q85043, Q106623).
const (
	// CodeProcessing is "error while processing message"; here a file over the limits of size or messages.
	CodeProcessing = 114
	// CodeToken is an error with token and tail that has no number of its own, such as a count that is no number.
	CodeToken = 140
	// CodeUnknownToken is a token that cannot be matched.
	CodeUnknownToken = 141
	// CodeAddress is a malformed address.
	CodeAddress = 142
	// CodeParser is any other error of the format: missing lines, counts that do not fit.
	CodeParser = 143
	// CodeLine is a line that cannot be partitioned into token and tail.
	CodeLine = 144
	// CodeTooBig is contents too big; here a header over the limits.
	CodeTooBig = 145
	// CodeXText is a bad or missing file name in XTEXT or XATTACH.
	CodeXText = 146
	// CodeXTextOpen is an XTEXT or XATTACH file that cannot be opened: see OpenError.
	CodeXTextOpen = 147
	// CodeService is an unknown address type.
	CodeService = 151
)

var (
	// ErrIncomplete matches errors that more bytes could cure: the file may still be being written.
	ErrIncomplete = errors.New("mmff: incomplete")
	// ErrMisaligned matches errors whose counts would fit the content under another line end.
	ErrMisaligned = errors.New("mmff: counted with another line end")
	// ErrLimit matches errors that come from Limits and not from the format.
	ErrLimit = errors.New("mmff: over a limit")
)

// An Error is one fault of a file. It may quote an address or a subject: do not log its text above Debug.
type Error struct {
	// Code is one of the old numbers.
	Code int
	// Ordinal is the message in the file, from 1; 0 means the file as a whole.
	Ordinal int
	// Line is the line in that message, VERSION being 1; 0 if it concerns no line.
	Line int
	// Token and Tail are the two parts of the line, as read and in full, where the fault lies in one.
	Token, Tail string
	// Text is the explanation. What it quotes is shortened and free of control characters.
	Text string
	// Offset is where in the file the fault begins, in bytes.
	Offset int64
	// Promised and Present are the bytes a count states and those that are there, for counts that overrun the file.
	Promised, Present int64

	incomplete, limit bool
	misaligned        EOL
}

// Error returns the fault in the shape of the old programs: "141-1-2 Cannot match token TO (has tail net/po/mailbox)".
func (e *Error) Error() string { return fmt.Sprintf("%d-%d-%d %s", e.Code, e.Ordinal, e.Line, e.Text) }

// Temporary reports whether more bytes could cure the fault.
func (e *Error) Temporary() bool { return e.incomplete }

// Misaligned returns the line end with which the counts would fit, EOLNone if there is none.
func (e *Error) Misaligned() EOL { return e.misaligned }

// Is makes errors.Is work with ErrIncomplete, ErrMisaligned and ErrLimit.
func (e *Error) Is(target error) bool {
	return target == ErrIncomplete && e.incomplete ||
		target == ErrMisaligned && e.misaligned != EOLNone ||
		target == ErrLimit && e.limit
}

// Errors are the faults of a file in the order they were met: at most Limits.MaxErrors, and then one that counts the rest.
type Errors []*Error

// Error returns all faults, one per line.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives errors.Is and errors.As every fault.
func (es Errors) Unwrap() []error {
	all := make([]error, len(es))
	for i, e := range es {
		all[i] = e
	}
	return all
}

// Temporary reports whether more bytes could cure any of the faults. A file that is cut is called incomplete even if it has
// other faults: waiting loses nothing, taking a file from under its writer does.
func (es Errors) Temporary() bool { return errors.Is(es, ErrIncomplete) }

// ForeignError says of a file that Inspect calls foreign what a person sees at its beginning.
func ForeignError(data []byte) *Error {
	return &Error{Code: CodeParser, Ordinal: 1, Line: 1, Text: "This is no message file, it begins with " + short(data)}
}

// quoteLimit is how much of a value an error text shows.
const quoteLimit = 64

// quote makes s fit for an error text: no surrounding control characters, the others as \xNN, and not too long.
func quote(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7F })
	more := ""
	if len(s) > quoteLimit {
		s, more = s[:quoteLimit], "..."
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7F {
			fmt.Fprintf(&b, "\\x%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String() + more
}
