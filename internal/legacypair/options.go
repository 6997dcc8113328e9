package legacypair

import (
	"io"
	"time"
)

// Layout names the directories of a spool on its volume.
type Layout struct {
	MacToPC, PCToMac, BadMail string
}

// DefaultLayout is that of version 3.2, below \MAILDATA\MACGATE (KB Q141582).
var DefaultLayout = Layout{MacToPC: "STORE/MACTOPC", PCToMac: "STORE/PCTOMAC", BadMail: "BADMAIL"}

// Shape is what the bytes of a handshake look like. Those of a real one are not known, so a half writes any of these, and
// recognises all of them.
type Shape uint8

// The shapes.
const (
	// ShapeEmpty has no bytes.
	ShapeEmpty Shape = iota
	// ShapeVersion is a VERSION line alone.
	ShapeVersion
	// ShapeHeader is a message without recipient whose TEXT counts zero.
	ShapeHeader
	// ShapeMarker is a word that is no token of a message.
	ShapeMarker
)

// Options are the settings of a half. The zero value is the default of the old gateway, as far as it is known.
type Options struct {
	// Layout is where the directories are; empty means DefaultLayout.
	Layout Layout
	// Slots is the blocking factor, 1 to 99 (KB Q117580); 0 means 10, a higher one 99.
	Slots int
	// Batch is how many messages the PC half takes and how many it gives in a cycle; 0 means 50 (KB Q95521). The
	// Macintosh half takes as many as it has slots (KB Q137998) unless Batch is set.
	Batch int
	// Aging is the aging factor: how long a file may lie before a notice; 0 means neither handshakes nor notices
	// (KB Q152477). Its unit in the old gateway is unknown, probably minutes.
	Aging time.Duration
	// Handshake is the shape of the handshakes written while Aging is not 0.
	Handshake Shape
	// EOL is the line end this half writes and demands: switch -F0, -F1 or -F2 (KB Q104280). Empty means CR LF.
	EOL string
	// Lower writes lower case names, as Macintosh logs show them (KB Q130066).
	Lower bool
	// Extended writes and reads CC and EXT (KB Q87223). Without it CC is written as TO, and read it is error 141.
	Extended bool
	// Wrap breaks body lines as FFAPI did: behind column 78 on the PC (KB Q111860), 79 on the Macintosh, which then cuts
	// subjects at 40 as well (KB Q150285).
	Wrap bool
	// OldClaim claims as 1.0b: one file at a time, renamed to MSGATE.RDG (KB Q148768).
	OldClaim bool
	// Direct reads a .MSG where it lies and deletes it under that name, which error 550 shows some versions did (KB Q130066).
	Direct bool
	// Now is the wall time of log lines, dates and ages; nil means time.Now.
	Now func() time.Time
	// Log also gets the lines that Log returns; nil means nobody does. Errors of writing are ignored: the old programs
	// worked on without their log (KB Q130066).
	Log io.Writer
	// Bugs are the faults to begin with.
	Bugs Bugs
}

func (o Options) withDefaults() Options {
	if o.Layout == (Layout{}) {
		o.Layout = DefaultLayout
	}
	if o.Slots <= 0 {
		o.Slots = 10
	}
	o.Slots = min(o.Slots, maxSlots)
	if o.EOL == "" {
		o.EOL = "\r\n"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
