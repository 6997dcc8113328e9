package legacypair

import (
	"fmt"
	"time"
)

// PCHalf is the old program on the PC, MACGATE: it reads MACTOPC and writes PCTOMAC.
type PCHalf struct{ half }

// NewPCHalf makes a PC half on a volume. It does nothing until it is stepped.
func NewPCHalf(fs FS, o Options) *PCHalf {
	o = o.withDefaults()
	if o.Batch <= 0 {
		o.Batch = 50
	}
	return &PCHalf{newHalf(fs, o, program{
		in:      o.Layout.MacToPC,
		out:     o.Layout.PCToMac,
		manager: "Administrator",
		batch:   o.Batch,
		wrap:    78,
		check:   func(*Message) *fault { return nil },
		lines: dialect{
			starting: func(time.Time) string { return "" },
			exiting: func(now time.Time) string {
				return "exiting on " + now.Format("01-02-06 15:04:05") + " with status 0 (118)"
			},
			sent:   func(_ time.Time, m *Message) string { return pcLine("PC-Mac", m) },
			taken:  func(_ time.Time, m *Message) string { return pcLine("Mac-PC", m) },
			bad:    func(_ time.Time, name string, f *fault) string { return f.Error() },
			failed: pcFailed,
		},
	})}
}

// pcLine is the line of MSGATE.LOG about a message (KB Q119047: sender cut at 10 characters, subject at 15; the seconds
// are always 00, as the file has none).
func pcLine(way string, m *Message) string {
	date := m.Date
	if d, err := time.Parse("2006-01-02", m.Date); err == nil {
		date = d.Format("01-02-06")
	}
	return fmt.Sprintf("%s From: %s Date: %s %s:00 Subject: %s", way, cut(shortName(m.From), 10), date, m.Time, cut(m.Subject, 15))
}

// pcFailed is the line of MSGATE.LOG about a file: 52 for what cannot be opened, else 114 (KB Q95521).
func pcFailed(_ time.Time, doing, name string, err error) string {
	code, text := 114, "Error while processing message"
	if doing == "opening" || doing == "creating" {
		code, text = 52, "File open error"
	}
	_, what := errorNumber(err)
	return fmt.Sprintf("%d-0-0 %s: %s (%s %s)", code, text, what, doing, name)
}
