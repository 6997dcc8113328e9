package convert

import (
	"strings"

	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

// TypeInvalid is the type of an address that could not be read. It keeps what was written in front of people's eyes;
// nobody serves it.
const TypeInvalid = "INVALID"

// readAddress reads the tail of an address line. The code is that of the old program, 0 if the address is good.
func readAddress(raw string, table *charset.Table) (a mail.Address, code int) {
	parts, err := mmff.ParseAddress(raw)
	text := table.DecodeAddress(parts.Value)
	if err == nil || parts.Token != "" {
		a, err = mail.ParseAddress(parts.Type + ":" + text)
	} else {
		// Without a type the old format means CSI. People who drop files by hand leave it out before user@server, too.
		a, err = mail.ParseAddress(text)
	}
	if err != nil {
		return invalidAddress(text), mmff.CodeAddress
	}
	return a, 0
}

// invalidAddress holds as much of the text as an address may.
func invalidAddress(text string) mail.Address {
	text = cutText(strings.TrimSpace(text), mail.MaxAddress-len(TypeInvalid)-1)
	if text == "" {
		text = "(empty)"
	}
	return mail.Address{Type: TypeInvalid, Value: text}
}

// cutText shortens s to at most n bytes without cutting a character in two.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// writeAddress is the tail of an address line. The type is always written: without it the old programs guess CSI.
func writeAddress(a mail.Address, table *charset.Table) string {
	return a.Type + ":" + table.EncodeAddress(a.Value)
}

// unique drops repetitions of the same recipient.
func unique(as []mail.Address) []mail.Address {
	seen := make(map[string]bool, len(as))
	out := make([]mail.Address, 0, len(as))
	for _, a := range as {
		if key := a.Key(); !seen[key] {
			seen[key] = true
			out = append(out, a)
		}
	}
	return out
}

// sameSet reports whether two lists name the same recipients.
func sameSet(a, b []mail.Address) bool {
	a, b = unique(a), unique(b)
	return len(a) == len(b) && len(unique(append(a[:len(a):len(a)], b...))) == len(a)
}
