package mmff

import "bytes"

const (
	// handshakeSize is the size up to which a file can be a handshake.
	handshakeSize = 512
	// markerSize is the size up to which a file without tokens can be one.
	markerSize = 64
)

// isHandshake decides by the shapes listed at Classify. It looks at every line that begins after any control character, so
// that a mail in a line end we misread is still seen to be a mail.
func isHandshake(data []byte) bool {
	if len(data) == 0 || len(data) > handshakeSize {
		return false
	}
	rest := bytes.TrimFunc(data[skipLead(data):], func(r rune) bool { return r < 0x80 && isPadding(byte(r)) })
	if len(rest) == 0 {
		return true
	}
	first, _ := word(rest)
	if t := known(first); t == tokenUnknown || t == tokenFrom {
		return isMarker(rest)
	}
	return isEmptyHeader(rest, known(first) == tokenVersion, endsInLine(data))
}

// endsInLine reports whether data ends within a line, so that its last line may be cut.
func endsInLine(data []byte) bool {
	c := data[len(data)-1]
	return c != '\r' && c != '\n' && c != 0x1A && c != 0
}

// isEmptyHeader reports whether header carries no mail. A sender alone is allowed if a VERSION line begins the header and a
// TEXT line ends it.
func isEmptyHeader(header []byte, version, cut bool) bool {
	sender, ended := false, false
	for rest := header; len(rest) > 0; {
		line, next := rest, []byte(nil)
		if i := bytes.IndexFunc(rest, isControl); i >= 0 {
			line, next = rest[:i], rest[i+1:]
		}
		rest = next
		name, tail := word(line)
		if bytes.EqualFold(name, hidden) {
			return false
		}
		if len(name) == 0 && len(bytes.Trim(line, " ")) == 0 {
			continue
		}
		if ended || cut && len(next) == 0 && cutToken(line) {
			return false
		}
		switch known(name) {
		case tokenTo, tokenCc, tokenAttachment, tokenXAttach, tokenXText:
			return false
		case tokenFrom:
			sender = true
		case tokenText:
			if !isZero(tail) {
				return false
			}
			ended = true
		}
	}
	return !sender || version && ended
}

// hidden may name recipients (see package convert): nothing with one is thrown away.
var hidden = []byte("BCC")

// word returns the letters a line begins with and what follows them.
func word(line []byte) (name, tail []byte) {
	line = bytes.TrimLeft(line, " ")
	n := 0
	for n < len(line) && 'A' <= line[n]&^0x20 && line[n]&^0x20 <= 'Z' {
		n++
	}
	return line[:n], line[n:]
}

// isZero reports whether the tail of a TEXT line, colon included, counts no bytes: zero, or nothing at all.
func isZero(tail []byte) bool {
	digits, ok := bytes.CutPrefix(bytes.Trim(tail, " "), []byte(":"))
	return ok && len(bytes.Trim(digits, " 0")) == 0 || len(tail) == 0
}

// cutToken reports whether a last line is the beginning of a known token, but not all of it and its colon.
func cutToken(line []byte) bool {
	line = bytes.Trim(line, " ")
	for name := range names {
		if len(line) <= len(name) && bytes.EqualFold(line, []byte(name[:len(line)])) && name != "VERSION" {
			return true
		}
	}
	return false
}

// formats are how files of other programs begin. AppleSingle and AppleDouble are what a Macintosh leaves on foreign volumes.
var formats = []string{"\x00\x05\x16\x00", "\x00\x05\x16\x07", "PK\x03\x04", "%PDF", "MZ", "GIF8", "\x89PNG", "\xFF\xD8\xFF", "{\\rtf", "#!", "<"}

// isMarker reports whether a file without any token can be a marker.
func isMarker(rest []byte) bool {
	if len(rest) > markerSize || bytes.ContainsAny(rest, "\r\n") || hasToken(rest) || cutVersion(rest) || cutToken(rest) {
		return false
	}
	for _, f := range formats {
		// The NULs of a format may have been taken for padding.
		if bytes.HasPrefix(rest, bytes.TrimLeft([]byte(f), "\x00")) {
			return false
		}
	}
	name, _ := word(rest)
	return known(name) == tokenUnknown
}
