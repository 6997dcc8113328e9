package legacypair

import (
	"fmt"
	"strconv"
	"strings"
)

// maxSlots is the highest blocking factor (KB Q117580).
const maxSlots = 99

// oldClaim is what 1.0b renamed whatever it read to (KB Q148768).
const oldClaim = "MSGATE.RDG"

// slotOf reads MMFFn.EXT in any letter case.
func slotOf(name string) (slot int, ext string, ok bool) {
	upper := strings.ToUpper(name)
	digits, ext, _ := strings.Cut(strings.TrimPrefix(upper, "MMFF"), ".")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > maxSlots || upper != fmt.Sprintf("MMFF%d.%s", n, ext) {
		return 0, "", false
	}
	switch ext {
	case "WRT", "MSG", "RDG", "DEL":
		return n, ext, true
	}
	return 0, "", false
}

// oneCase reports whether a name is in upper or in lower case throughout: the Macintosh half sees no other (KB Q103199).
func oneCase(name string) bool {
	return name == strings.ToUpper(name) || name == strings.ToLower(name)
}

// spell makes the name of a slot as this half writes it.
func (h *half) spell(slot int, ext string) string {
	name := fmt.Sprintf("MMFF%d.%s", slot, ext)
	switch {
	case h.bugs.MixedCase:
		return "M" + strings.ToLower(name[1:len(name)-3]) + ext[:1] + strings.ToLower(ext[1:])
	case h.o.Lower:
		return strings.ToLower(name)
	}
	return name
}

// alike gives a name another extension in the letter case it has.
func alike(name, ext string) string {
	stem := name[:len(name)-3]
	if name == strings.ToLower(name) {
		return stem + strings.ToLower(ext)
	}
	return stem + ext
}
