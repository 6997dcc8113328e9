package mmff

import "bytes"

// EOL is the line end of a message.
type EOL uint8

const (
	// EOLNone means that no line end was found; in options, that none is prescribed.
	EOLNone EOL = iota
	// CR was the default of the old programs (switch -F0, KB Q104280).
	CR
	// LF was switch -F1.
	LF
	// CRLF was switch -F2, and is what both published samples have.
	CRLF
)

// Sequence returns the bytes of the line end, none for EOLNone.
func (e EOL) Sequence() string {
	switch e {
	case CR:
		return "\r"
	case LF:
		return "\n"
	case CRLF:
		return "\r\n"
	}
	return ""
}

// String returns the name of the line end.
func (e EOL) String() string {
	switch e {
	case CR:
		return "CR"
	case LF:
		return "LF"
	case CRLF:
		return "CR LF"
	}
	return "none"
}

// findEOL returns the first line end in data.
func findEOL(data []byte) EOL {
	eol, _ := findEOLAt(data)
	return eol
}

// findEOLAt returns the first line end in data and how many bytes stand before it.
func findEOLAt(data []byte) (EOL, int) {
	i := bytes.IndexAny(data, "\r\n")
	switch {
	case i < 0:
		return EOLNone, len(data)
	case data[i] == '\n':
		return LF, i
	case i+1 < len(data) && data[i+1] == '\n':
		return CRLF, i
	}
	return CR, i
}

// isPadding tells what may stand around messages without meaning anything: white space, the DOS end-of-file mark, and the
// NULs of a program that writes whole blocks.
func isPadding(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', '\v', '\f', 0x1A, 0:
		return true
	}
	return false
}

// skipPadding returns the length of the padding data begins with.
func skipPadding(data []byte) int {
	n := 0
	for n < len(data) && isPadding(data[n]) {
		n++
	}
	return n
}

// byteOrderMark is what an editor may put before a file that somebody repaired by hand.
const byteOrderMark = "\xEF\xBB\xBF"

// skipLead is skipPadding for the start of a file, where a byte order mark may stand, too.
func skipLead(data []byte) int {
	n := 0
	if bytes.HasPrefix(data, []byte(byteOrderMark)) {
		n = len(byteOrderMark)
	}
	return n + skipPadding(data[n:])
}
