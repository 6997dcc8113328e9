package tnef

import "bytes"

// messageClass is the attribute with the class of the message, a text in ASCII.
const messageClass = 0x8008

// maxClass bounds a class; those that exist are far shorter.
const maxClass = 64

// Class returns the class of the message, such as "IPM.Microsoft Schedule.MtgReq", empty if none can be read.
func Class(data []byte) string {
	if !Is(data) {
		return ""
	}
	for rest := data[6:]; ; {
		level, id, content, next, ok := attribute(rest)
		switch {
		case !ok:
			return ""
		case level == levelMessage && id == messageClass:
			return plain(content)
		}
		rest = next
	}
}

// plain is a text up to its end mark, if it is printable ASCII of a sensible length.
func plain(content []byte) string {
	text, _, _ := bytes.Cut(content, []byte{0})
	if len(text) > maxClass || bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return string(text)
}
