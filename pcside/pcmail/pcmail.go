// Package pcmail is what is particular to the PC side: the addresses and the words of Microsoft Mail for PC
// Networks.
package pcmail

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"sidegate/internal/mail"
	"sidegate/internal/side"
	"sidegate/internal/wording"
)

// postmaster signs what this side writes itself. Nobody reads what is sent to it (KB Q119047).
var postmaster = mail.MustAddress("PCSIDE/PCSIDE/POSTMASTER")

// Dialect is the PC side.
func Dialect() side.Dialect {
	return side.Dialect{
		Name: "pcside", Side: "pc", EnvPrefix: "PCSIDE_", GRPCPort: 7401, HTTPPort: 9401,
		Check: Check, Words: wording.PC{Postmaster: postmaster}, Postmaster: postmaster,
	}
}

// maxPart is the length of a network, postoffice or mailbox name in characters. FFAPI carries 10/10/10. KB Q96003.
const maxPart = 10

// extra are the characters besides letters and digits that a name may hold. KB Q96003 allows letters and digits only;
// but $SYSTEM and *SPECIAL are mailboxes every postoffice has (KB Q122849), and the others are harmless in file names
// (KB Q129902), occur in postoffices that were set up before anybody looked, and mean nothing in an address.
const extra = "$-_.&'#!%^~`{}()"

// Check holds an address of type CSI to the rules for NET/PO/USER: three names of 1 to 10 characters each. Addresses of
// other types pass.
func Check(a mail.Address) error {
	if a.Type != mail.TypePC {
		return nil
	}
	for i, part := range a.Parts() {
		if err := checkPart(part); err != nil {
			return fmt.Errorf("the %s of %s %w", [...]string{"network", "postoffice", "mailbox"}[min(i, 2)], a, err)
		}
	}
	return nil
}

func checkPart(name string) error {
	if n := utf8.RuneCountInString(name); n > maxPart {
		return fmt.Errorf("has %d characters, the most is %d", n, maxPart)
	}
	if name != strings.TrimSpace(name) {
		return fmt.Errorf("begins or ends with a blank")
	}
	for i, r := range name {
		reserved := i == 0 && r == '*' && len(name) > 1 // *SPECIAL
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(extra, r) && !reserved {
			return fmt.Errorf("holds %q, which a PC Mail name cannot", r)
		}
	}
	return nil
}
