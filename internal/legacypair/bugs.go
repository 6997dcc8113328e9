package legacypair

import "strings"

// Bugs are the faults a half can have. The zero value has none.
type Bugs struct {
	// Hide keeps files of the other half from this one's listings: the Macintosh view of a volume that is not what the PC
	// sees (KB Q121917, Q110483, Q122551).
	Hide Hide
	// Gates makes the half put no mail into the spool while its own handshake lies there (KB Q121917).
	Gates bool
	// MisreadHandshake takes a handshake for mail: it goes to BADMAIL with a notice (KB Q152477).
	MisreadHandshake bool
	// DiesReporting crashes the half while it writes the notice about a bad file (KB Q166162).
	DiesReporting bool
	// StuckSlot is a slot whose file the reader delivers but cannot delete: again and again (KB Q119022). 0 is none.
	StuckSlot int
	// StuckQueue keeps the oldest message in the mailbag: it is sent in every cycle, and nothing behind it (KB Q119022).
	StuckQueue bool
	// DeadReader takes nothing; writing goes on. The halves do not depend on each other (KB Q95521).
	DeadReader bool
	// Pace is how many file operations a Step does; the next one goes on from there. 0 is a whole cycle. A slow reader lets
	// the writer refill the slots behind it, which costs the order of messages (KB Q137998).
	Pace int
	// DieAt crashes the half the next time it gets there; it happens once and is then reset.
	DieAt Point
	// ShortMSG writes straight to .MSG, half of it in one Step and the rest in the next.
	ShortMSG bool
	// ListsDeleted keeps deleted files in this half's listings: it tries them again and again and seems frozen. A new file
	// of the same name revives one; without the switch they are gone, as after SERVMAN's immediate purge (KB Q147006).
	ListsDeleted bool
	// MixedCase writes names like Mmff1.Msg, which the Macintosh half does not see (KB Q103199).
	MixedCase bool
	// CountOff is added to the count of TEXT, as by a server that translates line ends (KB Q103199).
	CountOff int
	// SpinsOnCR hangs the half for good on a carriage return in a subject (KB Q141970).
	SpinsOnCR bool
}

// Point is a moment in the life of a file (KB Q130066, Q148768, Q164858).
type Point uint8

// The points, in the order of a file's life.
const (
	// Nowhere is no point at all.
	Nowhere Point = iota
	// Writing is with half of the bytes in the .WRT.
	Writing
	// Written is with the .WRT closed and not yet renamed.
	Written
	// Claimed is with the .MSG renamed to .RDG and not yet read.
	Claimed
	// Taken is with the message delivered and its .RDG still there.
	Taken
	// Deleting is with the file renamed to .DEL and not yet removed.
	Deleting
)

// Hide reports whether a file of the other half is invisible. Name is without its directory, data reads the file.
type Hide func(name string, data func() []byte) bool

// HideAll hides every file (KB Q122551).
func HideAll(string, func() []byte) bool { return true }

// HideHandshakes hides handshakes only (KB Q121917).
func HideHandshakes(_ string, data func() []byte) bool { return isHandshake(data()) }

// HideNames hides the files of these names, in any letter case.
func HideNames(names ...string) Hide {
	return func(name string, _ func() []byte) bool {
		for _, n := range names {
			if strings.EqualFold(n, name) {
				return true
			}
		}
		return false
	}
}

// HideExcept hides every file but those of these names: what lay there before the view went stale is still seen, what
// comes later is not (KB Q130317).
func HideExcept(names ...string) Hide {
	seen := HideNames(names...)
	return func(name string, data func() []byte) bool { return !seen(name, data) }
}
