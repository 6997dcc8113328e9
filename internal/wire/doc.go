// Package wire turns the words of package mail into the messages of the protocol and back.
//
// Whatever comes from outside is checked while it is converted: sizes, counts, control characters, and that the
// sizes of the parts add up to the size of the whole. What the store wrote itself is read back as it is.
//
// Bounds, in bytes unless said otherwise: subject 998 (RFC 5322, 2.1.1), address 512, attachment name 255,
// attachments 64 in number, visible recipients 10,000 in number, hops 20 in number, whole content 1 GiB.
package wire

import (
	"fmt"

	"sidegate/internal/mail"
)

// The bounds on what is read from outside.
const (
	MaxSubject       = 998
	MaxRecipients    = 10_000
	MaxAttachments   = 64
	MaxFileName      = 255
	MaxLegacyFields  = 1024
	MaxLegacyName    = 255
	MaxLegacyValue   = 64 << 10
	MaxFinderComment = 255
	MaxEndName       = 255
	MaxReason        = 64
	MaxExplanation   = 4096
	MaxContent       = 1 << 30
	maxFormat        = 16
	maxZoneMinutes   = 24 * 60
)

// FieldError says which field of a message from outside is wrong, by its path in the protocol, such as
// "attachments[2].file_name".
type FieldError struct {
	Field   string
	Problem string // goes on after the field's name: "has 1,200 bytes, the most is 998"
	Reason  string // stable, for callers who act on it; empty for INVALID_FIELD
}

// Error is the whole sentence.
func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

func fieldError(field, format string, args ...any) error {
	return &FieldError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// uuidLength is the length of a UUID in its usual text form.
const uuidLength = 36

// isUUID reports whether s is a UUID in its usual text form, lower case.
func isUUID(s string) bool {
	if len(s) != uuidLength {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}

// CheckID checks a message ID from outside.
func CheckID(field, id string) error {
	if !isUUID(id) {
		return fieldError(field, "is not a message ID: a UUID in lower case")
	}
	return nil
}

// ParseAddress reads an address from outside.
func ParseAddress(field, text string) (mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err != nil {
		return mail.Address{}, fieldError(field, "%v", err)
	}
	return a, nil
}

// ParseAddresses reads a list of at most max addresses from outside.
func ParseAddresses(field string, texts []string, max int) ([]mail.Address, error) {
	if len(texts) > max {
		return nil, fieldError(field, "names %d addresses, the most is %d", len(texts), max)
	}
	if len(texts) == 0 {
		return nil, nil
	}
	as := make([]mail.Address, len(texts))
	for i, text := range texts {
		a, err := mail.ParseAddress(text)
		if err != nil {
			return nil, fieldError(fmt.Sprintf("%s[%d]", field, i), "%v", err)
		}
		as[i] = a
	}
	return as, nil
}

// Addresses is the text form of addresses.
func Addresses(as []mail.Address) []string {
	if len(as) == 0 {
		return nil
	}
	texts := make([]string, len(as))
	for i, a := range as {
		texts[i] = a.String()
	}
	return texts
}
