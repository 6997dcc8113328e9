package legacytest

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"sidegate/internal/config"
	"sidegate/internal/daemon"
	"sidegate/internal/legacypair"
	"sidegate/internal/simtest/history"
	"sidegate/macside/macmail"
	"sidegate/pcside/pcmail"
)

// messages is how many go each way.
func messages(t *testing.T) int {
	text := os.Getenv("SIDEGATE_LEGACY")
	if text == "" {
		return 60
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("SIDEGATE_LEGACY=%q is no number", text)
	}
	return n
}

// The topologies: each makes the people on the PC and on the Macintosh end of the way.
var topologies = []struct {
	name  string
	slots int
	build func(w *world, slots int) (pc, mac person)
}{
	{"B", 10, func(w *world, slots int) (pc, mac person) {
		share := w.share("spool")
		side := w.end("pcside", daemon.Side(pcmail.Dialect()), config.PCSide, "NET1/*/*", nil, awaited)
		w.coordinator("coordinator", share, "pc", "*@Sales", slots, side)
		half := w.work(legacypair.NewMacHalf(legacypair.Dir(share), legacypair.Options{Slots: slots}))
		return modern{w.t, w.client(side), pcUsers}, old{half}
	}},
	{"C", 99, func(w *world, slots int) (pc, mac person) {
		share := w.share("spool")
		side := w.end("macside", daemon.Side(macmail.Dialect()), config.MacSide, "*@Sales", nil, awaited)
		w.coordinator("coordinator", share, "mac", "NET1/*/*", slots, side)
		half := w.work(legacypair.NewPCHalf(legacypair.Dir(share), legacypair.Options{Slots: slots}))
		return old{half}, modern{w.t, w.client(side), macUsers}
	}},
	{"D", 10, func(w *world, slots int) (pc, mac person) {
		pcShare, macShare := w.share("pcspool"), w.share("macspool")
		one := w.coordinator("one", pcShare, "mac", "NET1/*/*", slots)
		w.coordinator("two", macShare, "pc", "*@Sales", slots, one)
		pcHalf := w.work(legacypair.NewPCHalf(legacypair.Dir(pcShare), legacypair.Options{Slots: slots}))
		macHalf := w.work(legacypair.NewMacHalf(legacypair.Dir(macShare), legacypair.Options{Slots: slots}))
		return old{pcHalf}, old{macHalf}
	}},
	{"D with one slot", 1, func(w *world, slots int) (pc, mac person) {
		pcShare, macShare := w.share("pcspool"), w.share("macspool")
		one := w.coordinator("one", pcShare, "mac", "NET1/*/*", slots)
		w.coordinator("two", macShare, "pc", "*@Sales", slots, one)
		pcHalf := w.work(legacypair.NewPCHalf(legacypair.Dir(pcShare), legacypair.Options{Slots: slots}))
		macHalf := w.work(legacypair.NewMacHalf(legacypair.Dir(macShare), legacypair.Options{Slots: slots}))
		return old{pcHalf}, old{macHalf}
	}},
}

func TestTopologies(t *testing.T) {
	for _, c := range topologies {
		t.Run(c.name, func(t *testing.T) {
			n := messages(t)
			if c.slots == 1 {
				n = max(10, n/20) // one file at a time is slow, and was
			}
			w := newWorld(t)
			pc, mac := c.build(w, c.slots)
			log := history.New()
			pc.send(log, letters("to Mac", n, pcUsers, macUsers))
			mac.send(log, letters("to PC", n, macUsers, pcUsers))
			start := time.Now()
			await(t, n, pc, mac)
			pc.arrived(log, pcUsers)
			mac.arrived(log, macUsers)
			for _, a := range log.Check(history.Options{Quiet: true}) {
				if a.Kind == history.Reordered && c.slots > 1 && byOld(a.Detail, pc, mac) {
					continue // the old half refills slots below waiting ones: KB Q137998
				}
				t.Error(a)
			}
			t.Logf("%d messages each way in %s", n, time.Since(start).Round(time.Millisecond))
		})
	}
}

// byOld tells whether a message came from an old half.
func byOld(detail string, pc, mac person) bool {
	from := pc
	if strings.HasPrefix(detail, `"to PC`) {
		from = mac
	}
	_, is := from.(old)
	return is
}

// await waits until both have n messages, long enough for any machine.
func await(t *testing.T, n int, pc, mac person) {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(time.Duration(n/10+60) * time.Second)
	defer deadline.Stop()
	for pc.count() < n || mac.count() < n {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("of %d messages each way, %d came to the PC and %d to the Macintosh", n, pc.count(), mac.count())
		}
	}
}
