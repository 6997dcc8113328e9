package crashtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// seeded makes the random numbers of a run, and says which.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("SIDEGATE_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("SIDEGATE_SEED: %v", err)
		}
		seed = n
	}
	t.Logf("SIDEGATE_SEED=%d (processes of this machine run in no fixed order: the same seed makes the same blows, not the same run)", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// pass lets a time pass, or the test end.
func (tr *trio) pass(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-tr.t.Context().Done():
	}
}

// underLoad does something to the programs while mail goes every way, then waits for rest and looks at the history.
func (tr *trio) underLoad(tag string, n int, blow func()) {
	tr.t.Helper()
	var load sync.WaitGroup
	load.Go(func() { tr.mail.load(tag, n) })
	blow()
	load.Wait()
	tr.ready(programs...)
	tr.mustSettle(tag)
}

// TestKillAtRandomTimes kills random programs at random times under load, the next blow often before the last one has been
// recovered from.
func TestKillAtRandomTimes(t *testing.T) {
	t.Parallel()
	tr := newTrio(t, options{half: true}).up()
	killAtRandom(tr, seeded(t), 12)
}

func killAtRandom(tr *trio, rnd *rand.Rand, kills int) {
	tr.t.Helper()
	tr.underLoad(fmt.Sprintf("random-%d", rnd.Uint32()), 20, func() {
		for range kills {
			name := programs[rnd.IntN(len(programs))]
			tr.process(name).kill()
			tr.start(name, "")
			tr.pass(time.Duration(rnd.IntN(400)) * time.Millisecond)
		}
	})
}

// TestTortureRandomKills does so for as long as it was told to.
func TestTortureRandomKills(t *testing.T) {
	seconds, _ := strconv.Atoi(os.Getenv("SIDEGATE_TORTURE_SECONDS"))
	if seconds == 0 {
		t.Skip("SKIPPED: set SIDEGATE_TORTURE_SECONDS to kill random programs at random times for so long")
	}
	tr := newTrio(t, options{half: true}).up()
	rnd, begun, kills := seeded(t), time.Now(), 0
	for time.Since(begun) < time.Duration(seconds)*time.Second {
		killAtRandom(tr, rnd, 12)
		kills += 12
	}
	y := newTally()
	y.add(tr.mail)
	t.Logf("%d kills at random times in %v: %v", kills, time.Since(begun).Round(time.Second), y)
}

// TestKillAllAtOnce is the power cut of everything but the disks.
func TestKillAllAtOnce(t *testing.T) {
	t.Parallel()
	tr := newTrio(t, options{half: true}).up()
	for round := range 3 {
		tr.underLoad(fmt.Sprintf("all-%d", round), 8, func() {
			tr.pass(time.Duration(50+100*round) * time.Millisecond)
			for _, name := range programs {
				_ = tr.process(name).cmd.Process.Kill() // all signals before the first wait
			}
			for _, name := range programs {
				tr.process(name).kill()
			}
			for _, name := range programs {
				tr.start(name, "")
			}
		})
	}
}

// TestFreeze stops one program for longer than the others take it for alive. Mail between the others goes on meanwhile.
func TestFreeze(t *testing.T) {
	t.Parallel()
	tr := newTrio(t, options{half: true}).up()
	for _, name := range programs {
		tr.underLoad("freeze-"+name, 8, func() {
			tr.pass(100 * time.Millisecond)
			thaw := tr.freeze(name)
			defer thaw()
			begun := time.Now()
			tr.othersFlow(name)
			tr.pass(3*time.Second - time.Since(begun)) // down is 2 s
		})
	}
}

// othersFlow sends one letter between the two ends that are left, and waits until it has arrived.
func (tr *trio) othersFlow(without string) {
	tr.t.Helper()
	l := map[string]letter{
		"pcside":      {at: "macside", from: anna, to: []string{bob}},
		"macside":     {at: "pcside", from: karl, to: []string{bob}},
		"coordinator": {at: "pcside", from: karl, to: []string{ben}},
	}[without]
	l.label, l.body = "past-"+without, begins+"past "+without+ends
	tr.mail.submit(l)
	arrived := await(patience, func() bool {
		if l.to[0] == ben {
			return tr.mail.read("macside", ben) == nil && tr.mail.has(l.label)
		}
		tr.mail.fromHalf()
		return tr.mail.has(l.label)
	})
	if !arrived {
		tr.fatalf("with %s out of the way, mail from %s to %s does not arrive", without, l.from, l.to[0])
	}
}
