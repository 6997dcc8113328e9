package crashtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sidegate/internal/simtest/history"
)

// tally counts what several trios do.
type tally struct {
	mu     sync.Mutex
	kills  map[string]int // by point
	never  []string
	mails  int
	counts map[history.Kind]int
}

func newTally() *tally { return &tally{kills: map[string]int{}, counts: map[history.Kind]int{}} }

func (y *tally) add(p *post) {
	y.mu.Lock()
	defer y.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	y.mails += p.acked
	for k, n := range p.counts {
		y.counts[k] += n
	}
}

func (y *tally) died(g target) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.kills[g.point]++
}

func (y *tally) missed(g target) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.never = append(y.never, g.String())
}

// String is the line that a run prints.
func (y *tally) String() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	kills := 0
	for _, n := range y.kills {
		kills += n
	}
	return fmt.Sprintf("%d fault points, %d kills, %d deliveries acknowledged, %d lost, %d doubled, %d unreported, %d reordered, %d corrupt, %d alien",
		len(y.kills), kills, y.mails, y.counts[history.Lost], y.counts[history.Doubled], y.counts[history.Unreported],
		y.counts[history.Reordered], y.counts[history.Corrupt], y.counts[history.Alien])
}

// TestKillAtEveryPoint kills a program by SIGKILL at every durable step once; which program, where several pass a point,
// turns from point to point. TestTortureKill takes all of them.
func TestKillAtEveryPoint(t *testing.T) {
	t.Parallel()
	all, left := targets()
	if only := os.Getenv("SIDEGATE_POINT"); only != "" {
		t.Log(killAt(t, named(all, only), 1, time.Hour))
		return
	}
	rnd := rand.New(rand.NewPCG(1, 2)) // a fixed choice
	rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var sample []target
	seen := map[string]bool{}
	for _, g := range all {
		if !seen[g.point] {
			seen[g.point] = true
			sample = append(sample, g)
		}
	}
	y := killAt(t, sample, 1, 90*time.Second)
	t.Log(y)
	for _, l := range left {
		t.Log("left out: ", l)
	}
	if len(y.kills) < 40 {
		t.Errorf("only %d fault points were passed, want 40", len(y.kills))
	}
}

// named are the targets whose name has a text in it, for looking at one of them: SIDEGATE_POINT.
func named(all []target, name string) (found []target) {
	for _, g := range all {
		if strings.Contains(g.String(), name) {
			found = append(found, g)
		}
	}
	return found
}

// TestTortureKill kills every program at every point it passes, SIDEGATE_KILLS times each or for SIDEGATE_TORTURE_SECONDS.
func TestTortureKill(t *testing.T) {
	kills, _ := strconv.Atoi(os.Getenv("SIDEGATE_KILLS"))
	seconds, _ := strconv.Atoi(os.Getenv("SIDEGATE_TORTURE_SECONDS"))
	if kills == 0 && seconds == 0 {
		t.Skip("SKIPPED: set SIDEGATE_KILLS=20 or SIDEGATE_TORTURE_SECONDS to kill every program at every point many times")
	}
	all, left := targets()
	t.Logf("%d combinations of program and point; left out: %s", len(all), strings.Join(left, "; "))
	begun := time.Now()
	for round := 1; round <= max(kills, 1) || seconds > 0; round++ {
		if seconds > 0 && time.Since(begun) > time.Duration(seconds)*time.Second {
			break
		}
		y := killAt(t, all, round, 24*time.Hour)
		t.Logf("round %d after %v: %v", round, time.Since(begun).Round(time.Second), y)
		if t.Failed() {
			break
		}
	}
}

// killAt works through targets with several trios side by side. What has not been begun when the time is up is left out.
func killAt(t *testing.T, list []target, round int, bound time.Duration) *tally {
	t.Helper()
	y, begun := newTally(), time.Now()
	var first []target // by the first trio, before anything else has touched its spool; "before" comes before "after"
	queue := make(chan target, len(list))
	for _, g := range list {
		if g.first {
			first = append(first, g)
		} else {
			queue <- g
		}
	}
	close(queue)
	slices.SortFunc(first, func(a, b target) int { return strings.Compare(b.point, a.point) })
	t.Run("", func(t *testing.T) {
		for lot := range min(trios, len(list)) {
			early := first
			if lot > 0 {
				early = nil
			}
			t.Run(fmt.Sprintf("trio-%d", lot+1), func(t *testing.T) {
				t.Parallel()
				killOneByOne(t, early, queue, round, lot, y, begun.Add(bound))
			})
		}
	})
	if len(queue) > 0 {
		t.Logf("LEFT OUT: %d points, because %v were over", len(queue), bound)
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if len(y.never) > 0 {
		t.Errorf("%d points were not passed: %s", len(y.never), strings.Join(y.never, ", "))
	}
	return y
}

// trios is how many of them work side by side.
const trios = 4

// killOneByOne gives one trio death after death.
func killOneByOne(t *testing.T, early []target, queue <-chan target, round, lot int, y *tally, until time.Time) {
	tr := newTrio(t, options{half: true, args: map[string][]string{"coordinator": {"--aging", "1s"}}})
	defer func() { y.add(tr.mail) }()
	for _, g := range early {
		p := tr.start(g.program, g.point)
		if p.diesWithin(patience) && p.killed() {
			y.died(g)
		} else {
			y.missed(g)
		}
		p.kill()
	}
	tr.up()
	for n := 0; time.Now().Before(until) && !t.Failed(); n++ {
		g, more := <-queue
		if !more {
			return
		}
		tag := fmt.Sprintf("r%d-%d-%d", round, lot, n)
		at := tr.killOnce(g, round, tag, y) || tr.killOnce(g, round, tag+"2", y) // what provokes it may come too late
		if _, sure := g.fault(round); sure && !at {
			y.missed(g)
		}
	}
}

// often are the steps that every load passes several times, so that later rounds can let some pass.
var often = []string{"store.commit.", "link.send.", "link.take.", "link.receipt.", "link.release.", "intake.submit.", "intake.take.",
	"spool.claim.", "spool.import.", "spool.delete.", "spool.stage.", "spool.publish."}

// fault is what a round has a program die at: in the first one the first passage, later the second, the third, and again.
func (g target) fault(round int) (text string, sure bool) {
	n := 1 + (round-1)%3
	if n == 1 || !slices.ContainsFunc(often, func(prefix string) bool { return strings.HasPrefix(g.point, prefix) }) {
		return g.point, true
	}
	return fmt.Sprintf("%s:%d", g.point, n), false
}

// killOnce has a program die at a point under load: it is killed where it is, started to die at the point, and started
// again. In every second round it is started to die at the same point once more, which may be within its recovery. Then
// everything must come to rest.
func (tr *trio) killOnce(g target, round int, tag string, y *tally) (at bool) {
	tr.t.Helper()
	begun := time.Now()
	fault, _ := g.fault(round)
	var load sync.WaitGroup
	load.Go(func() { tr.mail.load(tag, 3) })
	tr.process(g.program).kill()
	p := tr.start(g.program, fault)
	after := none
	if g.provoke != nil {
		var err error
		if after, err = g.provoke(tr, g, tag); err != nil {
			tr.t.Errorf("%v: %v", g, err)
		}
		p = tr.process(g.program)
	}
	at = p.diesWithin(15*time.Second) && p.killed()
	if at {
		y.died(g)
	}
	p.kill()
	if round%2 == 0 {
		again := tr.start(g.program, g.point)
		if again.diesWithin(time.Second) && again.killed() {
			y.died(g)
		}
		again.kill()
	}
	tr.start(g.program, "")
	if after != nil {
		if err := after(); err != nil {
			tr.t.Errorf("%v: %v", g, err)
		}
	}
	load.Wait()
	tr.ready(g.program)
	tr.mustSettle(fmt.Sprintf("%v (it died there: %v)", g, at))
	if testing.Verbose() {
		tr.t.Logf("%v: %v", g, time.Since(begun).Round(time.Millisecond))
	}
	return at
}
