package proxy

import (
	"fmt"
	"strings"

	"sidegate/internal/mail"
)

// maxPart is the length of a part of an address of PC Mail. KB Q96003.
const maxPart = 10

// reservedNetwork cannot be the network of proxies: the old gateway uses it for native addresses. KB Q112157.
const reservedNetwork = "MSMAIL"

// Name is the network and the postoffice under which proxies stand, in upper case.
type Name struct{ Network, Postoffice string }

// ParseName reads NET/PO.
func ParseName(text string) (Name, error) {
	network, postoffice, ok := strings.Cut(text, "/")
	if !ok {
		return Name{}, fmt.Errorf("proxy: %q is not NET/PO, such as MACNET/MACPO", text)
	}
	for _, part := range []string{network, postoffice} {
		if len(part) == 0 || len(part) > maxPart || !alphanumeric(part) {
			return Name{}, fmt.Errorf("proxy: %q in %q is not one to %d letters and digits", part, text, maxPart)
		}
	}
	if strings.EqualFold(network, reservedNetwork) {
		return Name{}, fmt.Errorf("proxy: the network %s is reserved for native addresses (KB Q112157)", reservedNetwork)
	}
	return Name{strings.ToUpper(network), strings.ToUpper(postoffice)}, nil
}

func (n Name) String() string { return n.Network + "/" + n.Postoffice }

// of is an address under the name.
func (n Name) of(id string) mail.Address {
	return mail.Address{Type: mail.TypePC, Value: n.Network + "/" + n.Postoffice + "/" + id}
}

// cut returns what stands under the name in an address of PC Mail.
func (n Name) cut(a mail.Address) (user string, ok bool) {
	parts := a.Parts()
	if a.Type != mail.TypePC || len(parts) != 3 || !strings.EqualFold(parts[0], n.Network) || !strings.EqualFold(parts[1], n.Postoffice) {
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
