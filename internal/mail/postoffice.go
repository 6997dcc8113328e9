package mail

import (
	"fmt"
	"strings"
)

// maxPart is the length of a part of an address that PC Mail itself can hold. KB Q96003.
const maxPart = 10

// reservedNetwork is no network of PC Mail: the old gateway uses the name for Macintosh addresses. KB Q112157.
const reservedNetwork = "MSMAIL"

// Postoffice names a postoffice of PC Mail as PC Mail itself can hold it, in upper case. The zero Postoffice is none.
type Postoffice struct{ Network, Name string }

// ParsePostoffice reads NET/PO, each of one to ten letters and digits.
func ParsePostoffice(text string) (Postoffice, error) {
	network, name, ok := strings.Cut(text, "/")
	if !ok {
		return Postoffice{}, fmt.Errorf("%q is not NET/PO, such as MACNET/MACPO", text)
	}
	for _, part := range []string{network, name} {
		if len(part) == 0 || len(part) > maxPart || !alphanumeric(part) {
			return Postoffice{}, fmt.Errorf("%q: %q is not one to %d letters and digits", text, part, maxPart)
		}
	}
	if strings.EqualFold(network, reservedNetwork) {
		return Postoffice{}, fmt.Errorf("%q: the network %s is reserved for Macintosh addresses (KB Q112157)", text, reservedNetwork)
	}
	return Postoffice{strings.ToUpper(network), strings.ToUpper(name)}, nil
}

// String is the text that ParsePostoffice reads back as p; empty for none.
func (p Postoffice) String() string {
	if p == (Postoffice{}) {
		return ""
	}
	return p.Network + "/" + p.Name
}

// Address is that of a user there.
func (p Postoffice) Address(user string) Address {
	return Address{Type: TypePC, Value: p.Network + "/" + p.Name + "/" + user}
}

// User is who an address names there; false if it is an address of another place.
func (p Postoffice) User(a Address) (user string, ok bool) {
	if a.Type != TypePC {
		return "", false
	}
	parts := a.Parts()
	if len(parts) != 3 || !strings.EqualFold(parts[0], p.Network) || !strings.EqualFold(parts[1], p.Name) {
		return "", false
	}
	return parts[2], true
}

func alphanumeric(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
			return false
		}
	}
	return true
}
