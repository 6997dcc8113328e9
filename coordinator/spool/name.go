package spool

import (
	"fmt"
	"strconv"
	"strings"
)

// The extensions of a slot, in their order of life. KB Q130066, Q148768, Q164858.
const (
	extWrite = "WRT" // a writer has not finished
	extMail  = "MSG" // mail, or a handshake
	extRead  = "RDG" // a reader has claimed it
	extDone  = "DEL" // a reader is through with it
)

// MaxSlots is the highest blocking factor. KB Q117580.
const MaxSlots = 99

// oldClaim is the name to which the readers of 1.0b renamed whatever they read. KB Q148768.
const oldClaim = "MSGATE.RDG"

// parseName reads MMFFn.EXT in any letter case, n from 1 to 99 without leading zeros. Anything else is not ours to
// touch.
func parseName(name string) (slot int, ext string, ok bool) {
	if len(name) < len("MMFF1.MSG") || len(name) > len("MMFF99.MSG") || !strings.EqualFold(name[:4], "MMFF") {
		return 0, "", false
	}
	digits, tail, _ := strings.Cut(name[4:], ".")
	if digits == "" || digits[0] == '0' || strings.Trim(digits, "0123456789") != "" {
		return 0, "", false
	}
	slot, err := strconv.Atoi(digits)
	if err != nil || slot > MaxSlots {
		return 0, "", false
	}
	ext = strings.ToUpper(tail)
	switch ext {
	case extWrite, extMail, extRead, extDone:
		return slot, ext, true
	}
	return 0, "", false
}

// slotName is the name of a slot in the letter case we write.
func slotName(slot int, ext string, lower bool) string {
	name := fmt.Sprintf("MMFF%d.%s", slot, ext)
	if lower {
		return strings.ToLower(name)
	}
	return name
}

// withExt gives a slot's name another extension in the same letter case: mmff3.Msg becomes mmff3.Rdg.
func withExt(name, ext string) string {
	i := strings.LastIndexByte(name, '.') + 1
	b := []byte(name[:i])
	for k := range len(ext) {
		c := ext[k]
		if old := name[i+min(k, len(name)-i-1)]; 'a' <= old && old <= 'z' {
			c |= 0x20
		}
		b = append(b, c)
	}
	return string(b)
}

// noSlot says why a file is left alone that was perhaps meant for us.
const noSlot = "slots are called MMFF1 to MMFF99"

// meant reports whether a name that is no slot's looks as if somebody had meant it for one.
func meant(name string) bool {
	upper := strings.ToUpper(name)
	return !isDropping(name) && (strings.HasPrefix(upper, "MMFF") || strings.HasSuffix(upper, "."+extMail))
}

// droppings are what volumes and desktops leave beside files. They are nobody's mail and no sign of anything.
var droppings = []string{".ds_store", ".appledouble", ".appledesktop", "icon\r", "thumbs.db", "desktop.ini",
	"network trash folder", "thevolumesettingsfolder"}

// isDropping reports whether a name is none of the gateway's business.
func isDropping(name string) bool {
	lower := strings.ToLower(name)
	for _, d := range droppings {
		if lower == d {
			return true
		}
	}
	for _, p := range []string{"._", ".nfs", ".smbdelete", ".fuse_hidden"} {
		if strings.HasPrefix(lower, p) {
			return true
		}
	}
	return false
}
