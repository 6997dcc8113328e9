package cli

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/types/known/durationpb"

	pb "sidegate/proto/sidegate/v1"
)

// statusView is a status as rows of cells.
type statusView struct {
	p          *printer
	s          *pb.Status
	ends       [][]cell
	directions [][]cell
	lanes      [][]cell
}

// The headings of a status.
var (
	endColumns       = columns("END", "STORE", "VERSION", "SERVES")
	directionColumns = columns("FROM", "TO", "STATE", "WAITING", "OLDEST", "CONDITIONS", "REASON")
	laneColumns      = columns("LANE", "WAITING", "SIZE", "OLDEST", "HELD", "REASON")
)

func newStatusView(p *printer, s *pb.Status) *statusView {
	v := &statusView{p: p, s: s}
	for _, e := range s.GetEnds() {
		name := cell{e.GetEnd(), plain}
		if e.GetSelf() {
			name.style = bold
		}
		class := cell{e.GetStoreClass(), plain}
		if class.text != "ok" {
			class.style = red
		}
		v.ends = append(v.ends, []cell{name, class, text(e.GetVersion()), text(strings.Join(e.GetServes(), ", "))})
	}
	for _, l := range s.GetLinks() {
		for _, d := range l.GetDirections() {
			v.directions = append(v.directions, v.direction(d, l.GetError()))
		}
		if len(l.GetDirections()) == 0 {
			v.directions = append(v.directions, v.direction(&pb.DirectionStatus{From: "-", To: l.GetPeer(), State: "unknown"}, l.GetError()))
		}
	}
	for _, d := range s.GetSpool().GetLegs() {
		v.directions = append(v.directions, v.direction(d, ""))
	}
	for _, l := range s.GetLanes() {
		held := cell{itoa(l.GetHeld()), plain}
		if l.GetHeld() > 0 {
			held.style = yellow
		}
		v.lanes = append(v.lanes, []cell{
			text(l.GetLane()), text(itoa(l.GetDepth())), text(p.size(l.GetSizeBytes())), text(v.age(l.GetOldestAge())), held, text(l.GetReason()),
		})
	}
	return v
}

func (v *statusView) direction(d *pb.DirectionStatus, linkError string) []cell {
	reason := d.GetReason()
	if reason == "" {
		reason = linkError
	}
	return []cell{
		text(d.GetFrom()), text(d.GetTo()), {d.GetState(), stateStyle(d.GetState())}, text(itoa(d.GetDepth())),
		text(v.age(d.GetOldestAge())), {strings.Join(d.GetConditions(), ", "), yellow}, text(reason),
	}
}

// stateStyle colours the states of a direction: green flows, yellow wants a look, red does not flow.
func stateStyle(state string) style {
	switch state {
	case "up":
		return green
	case "late", "blind", "held":
		return yellow
	case "stalled", "down", "share-down":
		return red
	}
	return dim
}

func (v *statusView) age(d *durationpb.Duration) string {
	switch {
	case v.p.format == formatTabs:
		return fmt.Sprintf("%.3fs", d.AsDuration().Seconds())
	case d.AsDuration() == 0:
		return ""
	}
	return age(d.AsDuration())
}

func (v *statusView) spoolLine() []cell {
	s := v.s.GetSpool()
	cells := []cell{
		text(s.GetDirectory()), text("role " + s.GetRole()), text(fmt.Sprintf("slots %d", s.GetBlockingFactor())),
		text(fmt.Sprintf("ours %d", s.GetSlotsOurs())), text(fmt.Sprintf("others %d", s.GetSlotsForeign())),
		text(fmt.Sprintf("to read %d", s.GetInboundWaiting())), text(fmt.Sprintf("handshakes %d", s.GetHandshakesConsumed())),
		text(fmt.Sprintf("bad %d", s.GetBadMailFiles())),
	}
	if next := s.GetNextConnectTime(); next != nil {
		cells = append(cells, text("connects again "+v.p.when(next.AsTime())))
	}
	return cells
}

// writeLines is for programs: every line begins with what it is about.
func (v *statusView) writeLines() error {
	rows := labelled("end", v.ends)
	rows = append(rows, labelled("direction", v.directions)...)
	rows = append(rows, labelled("lane", v.lanes)...)
	rows = append(rows, []cell{text("bad-mail"), text(itoa(v.s.GetBadMailCount()))}, []cell{text("mailboxes"), text(itoa(v.s.GetMailboxCount()))})
	if v.s.GetSpool() != nil {
		rows = append(rows, append([]cell{text("spool")}, v.spoolLine()...))
	}
	for _, alarm := range v.s.GetAlarms() {
		rows = append(rows, []cell{text("alarm"), text(alarm)})
	}
	return writeTabs(v.p.w, rows)
}

// writeScreen is for people: alarms first.
func (v *statusView) writeScreen() error {
	p := v.p
	for _, alarm := range v.s.GetAlarms() {
		fmt.Fprintf(p.w, "%s %s\n", paint(p.colour, cell{"ALARM", red}), clean(alarm))
	}
	if len(v.s.GetAlarms()) > 0 {
		fmt.Fprintln(p.w)
	}
	for _, t := range []struct {
		cs   []column
		rows [][]cell
		none string
	}{
		{endColumns, v.ends, ""},
		{directionColumns, v.directions, "No links yet: nothing is dialled and nobody has called."},
		{laneColumns, v.lanes, "Nothing waits."},
	} {
		if len(t.rows) == 0 {
			if t.none != "" {
				fmt.Fprintf(p.w, "%s\n\n", t.none)
			}
			continue
		}
		if err := writeTable(p.w, p.colour, "", t.cs, t.rows); err != nil {
			return err
		}
		fmt.Fprintln(p.w)
	}
	return v.writeFoot()
}

func (v *statusView) writeFoot() error {
	p := v.p
	if v.s.GetSpool() != nil {
		var words []string
		for _, c := range v.spoolLine() {
			words = append(words, clean(c.text))
		}
		fmt.Fprintf(p.w, "Spool      %s\n", strings.Join(words, ", "))
	}
	bad := cell{itoa(v.s.GetBadMailCount()), plain}
	if v.s.GetBadMailCount() > 0 {
		bad.style = yellow
	}
	store := v.s.GetStore()
	class := cell{clean(store.GetStoreClass()), green}
	if class.text != "ok" {
		class.style = red
	}
	reason := ""
	if store.GetReason() != "" {
		reason = ": " + clean(store.GetReason())
	}
	_, err := fmt.Fprintf(p.w, "Bad mail   %s\nMailboxes  %d\nStore      %s, %s used, %s free%s\n", paint(p.colour, bad), v.s.GetMailboxCount(),
		paint(p.colour, class), p.size(store.GetUsedBytes()), p.size(store.GetFreeBytes()), reason)
	return err
}
