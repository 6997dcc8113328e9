package acceptance

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"sidegate/coordinator/mmff"
	"sidegate/internal/config"
)

// direction is what status tells of one.
type direction struct {
	From, To, State, Reason string
	Conditions              []string
	Depth                   int
	OldestAge               string
}

// status is what status --output json tells.
type statusShape struct {
	Ends []struct {
		End  string
		Self bool
	}
	Links []struct {
		Peer       string
		Connected  bool
		Directions []direction
	}
	Lanes []struct {
		Lane, Reason string
		Depth        int
	}
	Alarms       []string
	BadMailCount int
}

// status asks an end how it is.
func (e *end) status() statusShape {
	e.place.t.Helper()
	d := e.as("operator", "status", "--output", "json")
	var s statusShape
	if err := json.Unmarshal([]byte(d.out), &s); err != nil || d.code != 0 {
		e.place.t.Fatalf("status: %v: %s", err, d)
	}
	return s
}

// direction is the direction to an end.
func (s statusShape) direction(from, to string) direction {
	for _, l := range s.Links {
		for _, d := range l.Directions {
			if d.From == from && d.To == to {
				return d
			}
		}
	}
	return direction{}
}

// lane is the depth of the lane to an end.
func (s statusShape) lane(name string) int {
	for _, l := range s.Lanes {
		if l.Lane == name {
			return l.Depth
		}
	}
	return 0
}

// TestSlots: mail for addresses behind the spool lies there as message files; a slot is free once its file is gone; while
// all are full nothing is lost, the rest waits at the side it came from, and everybody who asks is told why.
func TestSlots(t *testing.T) {
	const n, slots = 8, 3
	w := newTrio(t, func(c *config.Config) { c.Spool.BlockingFactor = slots })
	var ids, want []string
	for i := range n {
		want = append(want, fmt.Sprintf("letter %d", i+1))
		ids = append(ids, w.pc.send(jsmith, bob, want[i], "--cc", "MACNET/MACPO/T60009HO", "--body", "We still speak your language."))
	}
	waitFor(t, "full spool", func() bool { return len(w.letters("PCTOMAC")) == slots })
	var told direction
	waitFor(t, "word of full slots at pcside", func() bool {
		told = w.pc.status().direction("pcside", "coordinator")
		return slices.Contains(told.Conditions, "slots-full")
	})
	if !slices.Contains(told.Conditions, "waiting") || told.Reason == "" || told.Depth == 0 || told.OldestAge == "" {
		t.Errorf("pcside tells %+v", told)
	}
	t.Logf("pcside tells %+v", told)
	if depth := w.pc.status().lane("coordinator"); depth != n-slots {
		t.Errorf("%d wait at pcside, want %d", depth, n-slots)
	}
	w.mayOthersGo(t)
	var got []string
	for len(got) < n {
		waitFor(t, fmt.Sprintf("letter %d", len(got)+1), func() bool { return len(w.letters("PCTOMAC")) > 0 })
		got = append(got, w.takeLetters(t)...)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the old half read %v", got)
	}
	waitFor(t, "empty lane", func() bool { return w.pc.status().lane("coordinator") == 0 })
	for _, id := range ids {
		d := w.pc.as("user", "track", id)
		if !strings.Contains(d.out, "relayed\tfinal") {
			t.Errorf("track: %s", d)
		}
	}
}

// mayOthersGo: full slots are nobody's trouble but of those who write to the old half.
func (w *trio) mayOthersGo(t *testing.T) {
	t.Helper()
	w.pc.send(jsmith, anna, "past the full spool")
	w.mac.arrived(anna, "past the full spool")
	w.drop("MMFF2.MSG", letter("bob@Old", jsmith, "against the stream", "text"))
	w.pc.arrived(jsmith, "against the stream")
}

// takeLetters plays the old Macintosh half: it reads whatever is there, slot by slot, and deletes it. It returns the
// subjects.
func (w *trio) takeLetters(t *testing.T) (subjects []string) {
	t.Helper()
	files := w.letters("PCTOMAC")
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		f, err := mmff.Parse(files[name])
		if err != nil || len(f.Messages) != 1 {
			t.Fatalf("%s: %v\n%s", name, err, files[name])
		}
		m := f.Messages[0]
		if fmt.Sprint(m.To, m.Cc) != "[MSMAIL:bob@Old CSI:MACNET/MACPO/T60009HO] []" || !strings.Contains(string(m.Body), "We still speak your language.") {
			// The Macintosh half knows no CC; the text begins with who it is.
			t.Errorf("%s is to %v, cc %v:\n%s", name, m.To, m.Cc, files[name])
		}
		subjects = append(subjects, m.Subject)
		if err := os.Remove(w.slot("PCTOMAC", name)); err != nil {
			t.Fatal(err)
		}
	}
	return subjects
}
