package legacypair

import (
	"fmt"
	"strings"
	"time"
)

const (
	// MaxSubject is the longest subject the Macintosh half takes (KB Q117581).
	MaxSubject = 63
	// MaxBody is the longest body a note on the Macintosh can hold (KB Q132855, Q102122).
	MaxBody = 32_767
)

// MacHalf is the old program on the Macintosh, GW: it reads PCTOMAC and writes MACTOPC, each time the gateway connects.
type MacHalf struct{ half }

// NewMacHalf makes a Macintosh half on a volume. It does nothing until it is stepped; a Step is one connect time.
func NewMacHalf(fs FS, o Options) *MacHalf {
	o = o.withDefaults()
	if o.Batch <= 0 {
		o.Batch = o.Slots
	}
	return &MacHalf{newHalf(fs, o, program{
		in:      o.Layout.PCToMac,
		out:     o.Layout.MacToPC,
		manager: "Network Manager",
		batch:   o.Batch,
		oneCase: true,
		wrap:    79,
		subject: 40,
		check:   checkMac,
		lines: dialect{
			starting: func(now time.Time) string {
				return macLine(now, "Starting the Microsoft Mail Connection at "+stamp(now))
			},
			exiting: func(now time.Time) string {
				return macLine(now, "Exiting the Microsoft Mail Connection at "+stamp(now))
			},
			sent:  func(time.Time, *Message) string { return "" },
			taken: func(time.Time, *Message) string { return "" },
			bad: func(now time.Time, name string, f *fault) string {
				return macLine(now, fmt.Sprintf("Error: (%d) %s occurred while reading file %s.", f.code, f.text, strings.ToLower(name)))
			},
			failed: func(now time.Time, doing, name string, err error) string {
				number, text := errorNumber(err)
				return macLine(now, fmt.Sprintf("Error: (%d) %s occurred while %s file %s.", number, text, doing, strings.ToLower(name)))
			},
		},
	})}
}

// checkMac refuses what does not fit into a message of the Macintosh. Which number a long subject or body gave is not
// known; 145 is "contents too big".
func checkMac(m *Message) *fault {
	switch {
	case len(m.Subject) > MaxSubject:
		return failed(145, 0, "Subject too long: %d characters, at most %d", len(m.Subject), MaxSubject)
	case len(m.Body) > MaxBody:
		return failed(145, 0, "Text too long: %d characters, at most %d", len(m.Body), MaxBody)
	}
	return nil
}

// macLine is a line of MMACGATE.LOG (KB Q130066).
func macLine(now time.Time, text string) string { return stamp(now) + " " + text }

func stamp(now time.Time) string { return now.Format("2006-01-02 15:04") }
