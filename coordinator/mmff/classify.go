package mmff

import "bytes"

// Kind is what a file in a slot is.
type Kind uint8

const (
	// KindForeign is nothing of the gateway's: no token of a message anywhere at the start of a line.
	KindForeign Kind = iota
	// KindEmpty is a file of no bytes: a handshake, or a mail whose writer has only just begun. Only watching it over some
	// scans can tell, so the spool decides.
	KindEmpty
	// KindHandshake is a liveness file: see Classify.
	KindHandshake
	// KindMail is one or more messages, all sound.
	KindMail
	// KindIncomplete is a message that is cut: more bytes may come.
	KindIncomplete
	// KindBad is a message with errors that more bytes would not cure.
	KindBad
)

// String returns the kind in lower case: foreign, empty, handshake, mail, incomplete or bad.
func (k Kind) String() string {
	return [...]string{"foreign", "empty", "handshake", "mail", "incomplete", "bad"}[k]
}

// Classify says what a file is, tolerantly and within the default limits.
//
// The bytes of a real handshake are not known; a program that did not recognise one called it a bad message (KB Q152477). So
// every plausible shape is one. A handshake has at most 512 bytes and is one of these, in any case and with any line end,
// with padding (white space, NUL, ^Z) before and behind:
//
//   - nothing but padding;
//   - a VERSION line, or a header that begins with another token of a message but FROM, without TO, CC, BCC and attachments, ending
//     with the file or with a TEXT line that counts zero and nothing behind it;
//   - the same with VERSION and FROM, but only if it ends with such a TEXT line: without one it is a mail that was cut;
//   - a marker: at most 64 bytes in one line, that hold no token of a message and do not begin like a file of a known format.
//
// A mail is never one: TO, CC, BCC, an attachment, a count that is not zero, FROM without an end, and a last line cut inside any
// token rule it out, wherever a line of any kind begins. A file of no bytes is KindEmpty.
func Classify(data []byte) Kind {
	kind, _, _ := Parser{}.Inspect(data)
	return kind
}

// Inspect is Classify and Parse in one. File and error are those of Parse for mail, incomplete and bad files; for the other
// kinds File is nil and there is no error.
func (p Parser) Inspect(data []byte) (Kind, *File, error) {
	switch {
	case len(data) == 0:
		return KindEmpty, nil, nil
	case isHandshake(data):
		return KindHandshake, nil, nil
	}
	rest := data[skipLead(data):]
	if len(rest) > 0 && !beginsVersion(rest) && !cutVersion(rest) && !hasToken(data) {
		return KindForeign, nil, nil
	}
	f, err := p.Parse(data)
	if err == nil {
		return KindMail, f, nil
	}
	if faults, ok := err.(Errors); ok && faults.Temporary() {
		return KindIncomplete, f, err
	}
	return KindBad, f, err
}

// tokenWindow is how far into a file hasToken looks: no header of ours begins later.
const tokenWindow = 4096

// hasToken reports whether any line near the start of data begins with a known token and a colon: a message that lost its
// VERSION line.
func hasToken(data []byte) bool {
	for rest := data[:min(len(data), tokenWindow)]; len(rest) > 0; {
		line := rest
		if i := bytes.IndexFunc(rest, isControl); i >= 0 {
			line, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		if beginsToken(bytes.TrimLeft(line, " ")) {
			return true
		}
	}
	return false
}

// isControl ends lines where the true line end is not known.
func isControl(r rune) bool { return r < ' ' }
