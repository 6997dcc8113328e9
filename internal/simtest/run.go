package simtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidegate/internal/simtest/history"
)

// plan is everything a seed decides beforehand.
type plan struct {
	setting
	letters []*letter
	faults  []fault
}

// The bounds of a run.
const (
	faultTime  = 60 * time.Second // in which letters are handed in and faults begin
	quietTime  = 3 * time.Hour    // in which everything must be done after the last fault
	watchEvery = 5 * time.Second
)

// planFor makes the plan of a seed.
func planFor(seed uint64) plan {
	rnd := rand.New(rand.NewPCG(seed, 0))
	p := plan{setting: setting{seed: seed, role: "pc", slots: 1 + rnd.IntN(6), beat: 2 * time.Second, watched: seed%4 == 0}}
	if rnd.IntN(3) == 0 {
		p.role = "mac"
	}
	if rnd.IntN(4) == 0 {
		p.aging = time.Duration(1+rnd.IntN(10)) * time.Minute
	}
	p.letters = (&writer{Rand: rnd, role: p.role}).letters(10+rnd.IntN(11), faultTime)
	p.faults = dice{rnd, p.role, p.slots}.draw(1+rnd.IntN(3), faultTime)
	return p.settle()
}

// settle puts the faults in order, and moves an address only once.
func (p plan) settle() plan {
	slices.SortStableFunc(p.faults, func(a, b fault) int { return int(a.at - b.at) })
	moved := false
	p.faults = slices.DeleteFunc(p.faults, func(f fault) bool {
		again := moved && f.kind == "move"
		moved = moved || f.kind == "move"
		return again
	})
	return p
}

func (p plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "role %s, %d slots, aging %v\n", p.role, p.slots, p.aging)
	for _, l := range p.letters {
		fmt.Fprintf(&b, "  %.1fs %s at %s from %s to %s, %d bytes\n", l.at.Seconds(), l.label, l.from, l.sender, strings.Join(l.to, ", "), len(l.body))
	}
	return b.String() + list(p.faults)
}

// tally is what runs add up to.
type tally struct {
	seeds, letters, copies, reports, lost int
	faults                                map[string]int
	points                                map[string]int
	falls                                 int
	virtual                               time.Duration
}

func newTally() *tally { return &tally{faults: map[string]int{}, points: map[string]int{}} }

// run plays a plan in a bubble of its own, and tells what was wrong, and the whole story of it.
func run(t *testing.T, p plan) (sum *tally, wrong []string, story string) {
	sum = newTally()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(p.setting)
		wrong = w.run(p, sum)
		story = strings.Join(w.story, "\n") + "\nshare:\n" + strings.Join(w.share.Log(), "\n")
		sum.virtual = time.Since(w.begun)
	})
	return sum, wrong, story
}

// run does what a plan says and checks its history.
func (w *world) run(p plan, sum *tally) (wrong []string) {
	stop := w.live()
	defer stop()
	c := newClients(w)
	defer c.close()
	ctx, cancel := context.WithCancel(context.Background())
	defer c.work.Wait()
	defer cancel()
	if p.watched {
		watching, end := context.WithCancel(ctx)
		defer end()
		c.work.Go(func() { w.watch(watching, watchEvery) })
	}
	c.send(ctx, p.letters)
	w.play(ctx, p.faults)
	w.heal()
	if unrest := w.quiet(p.letters, quietTime); unrest != "" {
		wrong = append(wrong, "no rest: "+unrest)
	}
	wrong = append(wrong, w.judge(ctx, c, p, sum)...)
	return wrong
}

// judge looks at how a run has ended.
func (w *world) judge(ctx context.Context, c *clients, p plan, sum *tally) (wrong []string) {
	for _, err := range c.errs {
		wrong = append(wrong, err.Error())
	}
	col, err := w.collect(ctx, c, p.letters)
	if err != nil {
		return append(wrong, err.Error())
	}
	o := history.Options{Quiet: true, Returned: col.returned}
	if p.watched {
		o.Horizon = 30*time.Second + 3*p.beat + watchEvery
	}
	falseUps := 0
	for _, a := range w.log.Check(o) {
		if a.Kind == history.FalseUp {
			if falseUps++; falseUps > 5 {
				continue
			}
		}
		if a.Kind == history.Reordered && p.overtakes(a.Detail) {
			continue
		}
		wrong = append(wrong, a.String())
	}
	if falseUps > 5 {
		wrong = append(wrong, fmt.Sprintf("false up: %d times in all", falseUps))
	}
	wrong = append(wrong, col.strange...)
	wrong = append(wrong, w.audit()...)
	w.mu.Lock()
	defer w.mu.Unlock()
	wrong = append(wrong, w.accused...)
	sum.seeds, sum.letters, sum.copies, sum.reports, sum.lost = 1, len(p.letters), col.copies, col.reports, c.failed
	for _, f := range p.faults {
		sum.faults[f.kind]++
	}
	for point, n := range w.points {
		sum.points[point] += n
	}
	for _, f := range w.falls {
		sum.falls += len(f)
	}
	return wrong
}

// overtakes reports whether mail might be overtaken on its way through the spool in a plan: by files of the same wave
// when a machine is not shown one of them, or is shown old listings. Of who moves, two places have mail, which no order
// joins.
func (p plan) overtakes(detail string) bool {
	through := slices.ContainsFunc(behind(p.role), func(a string) bool { return strings.HasSuffix(detail, " for "+a) }) ||
		slices.ContainsFunc(p.letters, func(l *letter) bool {
			return l.from == "half" && strings.HasPrefix(detail, fmt.Sprintf("%q after", l.label))
		})
	return slices.ContainsFunc(p.faults, func(f fault) bool {
		return through && (f.kind == "hide" || f.kind == "lag") || f.kind == "move" && strings.HasSuffix(detail, " for "+f.a)
	})
}

func (t *tally) add(u *tally) {
	t.seeds, t.letters, t.copies, t.reports = t.seeds+u.seeds, t.letters+u.letters, t.copies+u.copies, t.reports+u.reports
	t.lost, t.falls, t.virtual = t.lost+u.lost, t.falls+u.falls, t.virtual+u.virtual
	for k, n := range u.faults {
		t.faults[k] += n
	}
	for k, n := range u.points {
		t.points[k] += n
	}
}

func (t *tally) String() string {
	var faults []string
	for _, k := range kindNames() {
		if n := t.faults[k]; n > 0 {
			faults = append(faults, fmt.Sprintf("%s %d", k, n))
		}
	}
	return fmt.Sprintf("%d seeds, %d messages submitted, %d copies delivered, %d reports, %d answers lost or put off, %d processes ended by themselves, %d fault points met, %v of virtual time; faults: %s",
		t.seeds, t.letters, t.copies, t.reports, t.lost, t.falls, len(t.points), t.virtual.Round(time.Second), strings.Join(faults, ", "))
}
