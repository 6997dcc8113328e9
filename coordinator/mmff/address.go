package mmff

import "strings"

// Address types in their written form.
const (
	// TypeCSI is PC Mail: NET/PO/USER. PCM and MS, the same elsewhere (KB Q106623, Q122849), are read as CSI.
	TypeCSI = "CSI"
	// TypeMSMail is AppleTalk Mail: user@server (KB Q94410). MSA, the same in Exchange, is read as MSMAIL.
	TypeMSMail = "MSMAIL"
)

// services are the address types we know, with the type each is read as, and whether strict reading refuses it.
// KB Q94410, Q106623, Q117582, Q87651, Q104425.
var services = []struct {
	name, kind string
	refused    bool
}{
	{"CSI", TypeCSI, false}, {"PCM", TypeCSI, true}, {"MS", TypeCSI, true},
	{"MSMAIL", TypeMSMail, false}, {"MSA", TypeMSMail, false},
	{"SMTP", "SMTP", false}, {"X400", "X400", false}, {"MHS", "MHS", false}, {"PROFS", "PROFS", false},
	{"SNADS", "SNADS", false}, {"FAX", "FAX", false}, {"MCI", "MCI", false}, {"3COM", "3COM", false}, {"ATT", "ATT", false},
}

// An Address is the tail of a TO, CC or FROM line, taken apart.
type Address struct {
	// Raw is the tail as written.
	Raw string
	// Token is the type as written, empty if the tail has none.
	Token string
	// Type is the type it is read as, in upper case; TypeCSI if the tail has none.
	Type string
	// Value is the rest without surrounding blanks. Escapes like ^0D are left in it.
	Value string
}

// ParseAddress takes the tail of an address line apart, tolerantly. The error is an *Error with code 151 for an unknown
// type and 142 for a malformed address; the Address then holds what could be told apart.
func ParseAddress(raw string) (Address, error) { return parseAddress(raw, false) }

// ParseAddressStrict is ParseAddress with the rules of the old program: no PCM and no MS (KB Q106623), and no part of
// NET/PO/USER longer than ten characters (KB Q96003).
func ParseAddressStrict(raw string) (Address, error) { return parseAddress(raw, true) }

func parseAddress(raw string, strict bool) (Address, error) {
	a, code := splitAddress(raw, strict)
	if code == 0 {
		return a, nil
	}
	return a, &Error{Code: code, Tail: raw, Text: addressText(code, a)}
}

func addressText(code int, a Address) string {
	if code == CodeService {
		return "Unknown service " + quote(a.Token) + " (in address " + quote(a.Raw) + ")"
	}
	return "Bad address " + quote(a.Raw)
}

// splitAddress does the work without building an error: a file may hold thousands of bad addresses.
func splitAddress(raw string, strict bool) (a Address, code int) {
	a = Address{Raw: raw, Type: TypeCSI, Value: strings.Trim(raw, " \t")}
	if head, rest, found := strings.Cut(a.Value, ":"); found && head == "" {
		return a, CodeAddress
	} else if head = strings.Trim(head, " \t"); found && isType(head) {
		a.Token, a.Type, a.Value = head, "", strings.Trim(rest, " \t")
		for _, s := range services {
			if strings.EqualFold(s.name, a.Token) && !(strict && s.refused) {
				a.Type = s.kind
			}
		}
		if a.Type == "" {
			a.Type = strings.ToUpper(a.Token)
			return a, CodeService
		}
	}
	if !a.wellFormed(strict) {
		return a, CodeAddress
	}
	return a, 0
}

// isType reports whether s can be an address type: a value with a colon further on, like NET/PO/A:B, has none.
func isType(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20
		if !('a' <= c && c <= 'z' || '0' <= s[i] && s[i] <= '9' || s[i] == '-' || s[i] == '_') {
			return false
		}
	}
	return 0 < len(s) && len(s) <= 16
}

func (a Address) wellFormed(strict bool) bool {
	for i := 0; i < len(a.Raw); i++ {
		if a.Raw[i] < ' ' && a.Raw[i] != '\t' || a.Raw[i] == 0x7F {
			return false
		}
	}
	switch a.Type {
	case TypeCSI:
		network, postoffice, user, ok := a.Mailbox()
		return ok && !(strict && (len(network) > 10 || len(postoffice) > 10 || len(user) > 10))
	case TypeMSMail:
		_, _, ok := a.Native()
		return ok
	}
	return a.Value != ""
}

// Mailbox returns the parts of a CSI address, NET/PO/USER. It is false for every other type or form.
func (a Address) Mailbox() (network, postoffice, user string, ok bool) {
	network, rest, _ := strings.Cut(a.Value, "/")
	postoffice, user, _ = strings.Cut(rest, "/")
	ok = a.Type == TypeCSI && network != "" && postoffice != "" && user != "" && !strings.Contains(user, "/")
	return network, postoffice, user, ok
}

// Native returns the parts of an AppleTalk Mail address, user@server, either of which may hold blanks; the last @ counts.
// It is false for every other type or form.
func (a Address) Native() (user, server string, ok bool) {
	i := strings.LastIndexByte(a.Value, '@')
	if a.Type != TypeMSMail || i <= 0 || i == len(a.Value)-1 {
		return "", "", false
	}
	return a.Value[:i], a.Value[i+1:], true
}
