package legacytest

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sidegate/internal/config"
	"sidegate/internal/daemon"
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

// topology makes the people on the PC and on the Macintosh end of the way.
type topology func(w *world, slots int) (pc, mac person)

// The topologies with an old half.
var topologies = map[string]topology{
	"B": func(w *world, slots int) (pc, mac person) {
		side := w.end("pcside", daemon.Side(pcmail.Dialect()), config.PCSide, "NET1/*/*", nil, awaited)
		_, half := w.coordinator("coordinator", "mac", "*@Sales", slots, side.address)
		return w.people(side, pcUsers), old{half}
	},
	"C": func(w *world, slots int) (pc, mac person) {
		side := w.end("macside", daemon.Side(macmail.Dialect()), config.MacSide, "*@Sales", nil, awaited)
		_, half := w.coordinator("coordinator", "pc", "NET1/*/*", slots, side.address)
		return old{half}, w.people(side, macUsers)
	},
	"D": func(w *world, slots int) (pc, mac person) {
		one, pcHalf := w.coordinator("one", "pc", "NET1/*/*", slots)
		_, macHalf := w.coordinator("two", "mac", "*@Sales", slots, one.address)
		return old{pcHalf}, old{macHalf}
	},
}

func TestTopologies(t *testing.T) {
	for _, c := range []struct {
		name, topology string
		slots          int
	}{
		{"B", "B", 10},
		{"C", "C", 99},
		{"D", "D", 10},
		{"D with one slot", "D", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := messages(t)
			if c.slots == 1 {
				n = max(10, n/20) // one file at a time is slow, and was
			}
			w := newWorld(t)
			pc, mac := topologies[c.topology](w, c.slots)
			exchange(t, n, pc, mac, c.slots > 1)
		})
	}
}

// exchange sends n letters each way, waits for all of them, and checks the history. If refills, an old half may mix up
// the order by refilling slots below waiting ones: KB Q137998.
func exchange(t *testing.T, n int, pc, mac person, refills bool) {
	t.Helper()
	log := history.New()
	start := time.Now()
	var sending sync.WaitGroup
	sending.Go(func() { pc.send(log, letters("to Mac", n, pcUsers, macUsers)) })
	sending.Go(func() { mac.send(log, letters("to PC", n, macUsers, pcUsers)) })
	sending.Wait()
	await(t, n, pc, mac)
	pc.arrived(log)
	mac.arrived(log)
	for _, a := range log.Check(history.Options{Quiet: true}) {
		if a.Kind != history.Reordered || !byOld(a.Detail, pc, mac) || !refills {
			t.Error(a)
		}
	}
	t.Logf("%d messages each way in %s", n, time.Since(start).Round(time.Millisecond))
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
