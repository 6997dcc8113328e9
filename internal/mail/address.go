package mail

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The address types that have a short form.
const (
	TypePC  = "CSI"    // NET/PO/USER
	TypeMac = "MSMAIL" // user@server
)

// Bounds on addresses, in bytes.
const (
	MaxAddress     = 512
	maxAddressType = 16
)

// Address names a sender or recipient. The zero Address is nobody. Two addresses are the same recipient when their
// Keys are equal; letter case is kept for people only.
type Address struct {
	Type  string // upper case, such as CSI, MSMAIL, SMTP
	Value string
}

// synonyms are the spellings of one type that occur in the old system. KB Q106623, Q94410, Q116466.
var synonyms = map[string]string{"PCM": TypePC, "MS": TypePC, "MSA": TypeMac}

// ParseAddress reads NET/PO/USER, CSI:NET/PO/USER, user@server, MSMAIL:user@server or TYPE:value. The types PCM and
// MS are read as CSI, and MSA as MSMAIL.
func ParseAddress(text string) (Address, error) {
	if err := checkAddressText(text); err != nil {
		return Address{}, fmt.Errorf("address %q: %w", text, err)
	}
	a := splitType(text)
	if same, ok := synonyms[a.Type]; ok {
		a.Type = same
	}
	err := a.check()
	if n := len(a.String()); err == nil && n > MaxAddress { // MSA is shorter than MSMAIL
		err = fmt.Errorf("has %d bytes as %s, the most is %d", n, a.Type, MaxAddress)
	}
	if err != nil {
		return Address{}, fmt.Errorf("address %q: %w", text, err)
	}
	return a, nil
}

func splitType(text string) Address {
	if i := strings.IndexByte(text, ':'); i > 0 && i <= maxAddressType && isType(text[:i]) {
		return Address{Type: strings.ToUpper(text[:i]), Value: text[i+1:]}
	}
	if strings.Count(text, "/") == 2 {
		return Address{Type: TypePC, Value: text}
	}
	return Address{Type: TypeMac, Value: text}
}

// isType reports whether s is letters and digits, such as X400 or 3COM (KB Q94410). A number alone is no type.
func isType(s string) bool {
	letters := 0
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			letters++
		case c < '0' || c > '9':
			return false
		}
	}
	return letters > 0
}

func checkAddressText(text string) error {
	switch {
	case text == "":
		return fmt.Errorf("is empty")
	case len(text) > MaxAddress:
		return fmt.Errorf("has %d bytes, the most is %d", len(text), MaxAddress)
	case !utf8.ValidString(text):
		return fmt.Errorf("is not valid UTF-8")
	}
	for _, r := range text {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return fmt.Errorf("holds the control character %U", r)
		}
	}
	return nil
}

// check applies the rules of the types that have a form of their own. Other types are opaque.
func (a Address) check() error {
	switch a.Type {
	case TypePC:
		if strings.Count(a.Value, "/") != 2 {
			return fmt.Errorf("a PC Mail address is NET/PO/USER")
		}
		for p := range strings.SplitSeq(a.Value, "/") {
			if strings.TrimSpace(p) == "" {
				return fmt.Errorf("a part of NET/PO/USER is empty")
			}
		}
	case TypeMac:
		i := strings.LastIndexByte(a.Value, '@')
		if i <= 0 || i == len(a.Value)-1 || strings.TrimSpace(a.Value[:i]) == "" || strings.TrimSpace(a.Value[i+1:]) == "" {
			return fmt.Errorf("write NET/PO/USER, user@server or TYPE:value")
		}
	default:
		if strings.TrimSpace(a.Value) == "" {
			return fmt.Errorf("nothing follows its type %s", a.Type)
		}
	}
	return nil
}

// MustAddress is ParseAddress for addresses written in source text; it panics on a bad one.
func MustAddress(text string) Address {
	a, err := ParseAddress(text)
	if err != nil {
		panic(err)
	}
	return a
}

// IsZero reports whether a is nobody.
func (a Address) IsZero() bool { return a == Address{} }

// String is the shortest text that ParseAddress reads back as a.
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	if short := splitType(a.Value); short == a && short.check() == nil {
		return a.Value
	}
	return a.Type + ":" + a.Value
}

// Key is equal for addresses that name the same recipient: both old systems ignore letter case.
func (a Address) Key() string { return a.Type + ":" + strings.ToLower(a.Value) }

// Parts splits the address into what a pattern can leave open, most general first: network, postoffice and user, or
// server and user. An address of another type has one part.
func (a Address) Parts() []string {
	switch a.Type {
	case TypePC:
		return strings.Split(a.Value, "/")
	case TypeMac:
		i := strings.LastIndexByte(a.Value, '@')
		return []string{a.Value[i+1:], a.Value[:i]}
	}
	return []string{a.Value}
}
