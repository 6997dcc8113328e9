// Package macmail is what is particular to the Macintosh side: the addresses and the words of Microsoft Mail
// for AppleTalk Networks.
package macmail

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"sidegate/internal/mail"
	"sidegate/internal/side"
	"sidegate/internal/wording"
)

// postmaster signs what this side writes itself.
var postmaster = mail.MustAddress("Network Manager@macside")

// Dialect is the Macintosh side.
func Dialect() side.Dialect {
	return side.Dialect{
		Name: "macside", Side: "mac", EnvPrefix: "MACSIDE_", GRPCPort: 7402, HTTPPort: 9402,
		Check: Check, Words: wording.Mac{Postmaster: postmaster}, Postmaster: postmaster,
	}
}

// The lengths of names, in characters. Names with blanks are normal: John Chen@San Francisco Marketing (KB Q94410). A
// server is a Macintosh with an AppleTalk object name, which has at most 32 characters (Inside AppleTalk, 2nd edition,
// chapter 7). Nothing states the length of a user's name; it is shown in the Finder's manner, where a name has 31
// characters, and PC Mail tells names apart by their first 30 (KB Q96001). 63 leaves room for both halves of a name.
const (
	maxUser   = 63
	maxServer = 32
)

// forbidden mean something in an AppleTalk name: the zone and type separators, and the wildcards of a lookup.
const forbidden = "@:=≈"

// Check holds an address of type MSMAIL to the rules for user@server. Addresses of other types pass.
func Check(a mail.Address) error {
	if a.Type != mail.TypeMac {
		return nil
	}
	parts := a.Parts() // server, user
	if err := checkName(parts[0], maxServer, forbidden); err != nil {
		return fmt.Errorf("the server of %s %w", a, err)
	}
	// Servers write addresses of other systems as user@GatewayName, with whole foreign addresses before the @, so
	// more is let through there. KB Q156063.
	if err := checkName(parts[1], maxUser, ""); err != nil {
		return fmt.Errorf("the user of %s %w", a, err)
	}
	return nil
}

func checkName(name string, max int, forbidden string) error {
	if n := utf8.RuneCountInString(name); n > max {
		return fmt.Errorf("has %d characters, the most is %d", n, max)
	}
	if name != strings.TrimSpace(name) {
		return fmt.Errorf("begins or ends with a blank")
	}
	for _, r := range name {
		if strings.ContainsRune(forbidden, r) {
			return fmt.Errorf("holds %q, which an AppleTalk name cannot", r)
		}
	}
	return nil
}
