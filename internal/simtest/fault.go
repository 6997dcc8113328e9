package simtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"time"

	"sidegate/coordinator/spool"
	"sidegate/internal/addressbook"
	"sidegate/internal/config"
	"sidegate/internal/intake"
	"sidegate/internal/link"
	"sidegate/internal/store"
)

// fault is one thing that goes wrong in a run.
type fault struct {
	kind  string
	at    time.Duration
	lasts time.Duration
	a, b  string // the ends concerned
	n     int    // bytes, percent, changes or hits, as the kind has it
	name  string // fault point or pattern of file names
	by    time.Duration
}

func (f fault) String() string {
	text := fmt.Sprintf("%.1fs %s", f.at.Seconds(), f.kind)
	for _, s := range []string{f.a, f.b, f.name} {
		if s != "" {
			text += " " + s
		}
	}
	if f.n != 0 {
		text += fmt.Sprintf(" %d", f.n)
	}
	if f.by != 0 {
		text += " by " + f.by.String()
	}
	if f.lasts != 0 {
		text += fmt.Sprintf(" for %.1fs", f.lasts.Seconds())
	}
	return text
}

// kind is one way to go wrong: how it is drawn, how it begins, and how it ends.
type kind struct {
	draw  func(d dice, f *fault)
	begin func(w *world, f fault)
	end   func(w *world, f fault) // nil: by itself
}

// dice draw faults.
type dice struct {
	*rand.Rand
	role  string
	slots int
}

func (d dice) end() string { return order[d.IntN(len(order))] }

func (d dice) pair() (a, b string) {
	all := append(slices.Clone(order), people)
	i := d.Perm(len(all))
	a, b = all[i[0]], all[i[1]]
	if a == people && b == coordinator || a == coordinator && b == people {
		return people, pcside
	}
	return a, b
}

func (d dice) between(least, most time.Duration) time.Duration {
	return least + time.Duration(d.Int64N(int64(most-least)))
}

func (d dice) percent() int { return []int{0, 30, 70, 100}[d.IntN(4)] }

// allPoints are the fault points an end comes to.
func allPoints(end string) []string {
	points := slices.Concat(store.FaultPoints, link.FaultPoints, intake.FaultPoints, addressbook.FaultPoints)
	if end == coordinator {
		points = append(points, spool.FaultPoints...)
	}
	return points
}

// kinds are all the ways to go wrong.
var kinds = map[string]kind{
	"cut": {
		draw:  func(d dice, f *fault) { f.a, f.b = d.pair() },
		begin: func(w *world, f fault) { w.net.cut(f.a, f.b) },
	},
	"part": {
		draw:  func(d dice, f *fault) { f.a, f.b = d.pair(); f.lasts = d.between(time.Second, 90*time.Second) },
		begin: func(w *world, f fault) { w.net.part(f.a, f.b) },
		end:   func(w *world, f fault) { w.net.mend(f.a, f.b) },
	},
	"isolate": {
		draw: func(d dice, f *fault) { f.a, f.lasts = d.end(), d.between(time.Second, 60*time.Second) },
		begin: func(w *world, f fault) {
			for _, b := range append(slices.Clone(order), people) {
				if b != f.a {
					w.net.part(f.a, b)
				}
			}
		},
		end: func(w *world, f fault) {
			for _, b := range append(slices.Clone(order), people) {
				w.net.mend(f.a, b)
			}
		},
	},
	"swallow": {
		draw:  func(d dice, f *fault) { f.a, f.b = d.pair(); f.lasts = d.between(time.Second, 90*time.Second) },
		begin: func(w *world, f fault) { w.net.swallow(f.a, f.b) },
		end:   func(w *world, f fault) { w.net.mend(f.a, f.b) },
	},
	"tear": {
		draw: func(d dice, f *fault) { f.a, f.b = d.pair(); f.n = 1 + d.IntN(60_000) },
		begin: func(w *world, f fault) {
			w.net.tearNext(f.a, f.b, f.n)
			w.net.tearNext(f.b, f.a, f.n)
			w.net.cut(f.a, f.b)
		},
	},
	"kill": {
		draw: func(d dice, f *fault) {
			f.a, f.n, f.by = d.end(), d.percent(), d.between(2*time.Second, 60*time.Second)
		},
		begin: func(w *world, f fault) { w.restAfter(f.a, f.by); w.ends[f.a].kill(f.n) },
	},
	"blackout": {
		draw: func(d dice, f *fault) { f.n, f.by = d.percent(), d.between(2*time.Second, 20*time.Second) },
		begin: func(w *world, f fault) {
			for _, name := range order {
				w.restAfter(name, f.by)
				w.ends[name].kill(f.n)
			}
		},
	},
	"point": {
		draw: func(d dice, f *fault) {
			f.a, f.n, f.by = d.end(), d.percent(), d.between(2*time.Second, 20*time.Second)
			points := allPoints(f.a)
			f.name = points[d.IntN(len(points))]
		},
		begin: func(w *world, f fault) { w.set(f.a, trap{point: f.name, n: 1, percent: f.n}, f.by) },
	},
	"later point": {
		draw: func(d dice, f *fault) {
			f.a, f.n, f.by = d.end(), 2+d.IntN(8), d.between(2*time.Second, 20*time.Second)
			points := allPoints(f.a)
			f.name = points[d.IntN(len(points))]
		},
		begin: func(w *world, f fault) { w.set(f.a, trap{point: f.name, n: f.n, percent: 50}, f.by) },
	},
	"disk error": {
		draw: func(d dice, f *fault) { f.a, f.n = d.end(), 1+d.IntN(40) },
		begin: func(w *world, f fault) {
			if l := w.ends[f.a].current(); l != nil && l.ready() {
				l.engine.failAfter(f.n)
			}
		},
	},
	"disk full": {
		draw:  func(d dice, f *fault) { f.a, f.lasts = d.end(), d.between(5*time.Second, 120*time.Second) },
		begin: func(w *world, f fault) { w.ends[f.a].fill(true) },
		end:   func(w *world, f fault) { w.ends[f.a].fill(false) },
	},
	"hide": {
		draw: func(d dice, f *fault) {
			f.a, f.lasts = []string{"half", coordinator}[d.IntN(2)], d.between(10*time.Second, 15*time.Minute)
			f.name = fmt.Sprintf("MMFF%d.MSG", 1+d.IntN(d.slots))
		},
		begin: func(w *world, f fault) { w.see(f.a, func(v *view) { v.hidden = []string{f.name} }) },
		end:   func(w *world, f fault) { w.see(f.a, func(v *view) { v.hidden = nil }) },
	},
	"lag": {
		draw: func(d dice, f *fault) {
			f.a, f.lasts = []string{"half", coordinator}[d.IntN(2)], d.between(10*time.Second, 3*time.Minute)
			f.by = d.between(time.Second, 20*time.Second)
		},
		begin: func(w *world, f fault) { w.see(f.a, func(v *view) { v.lag = f.by }) },
		end:   func(w *world, f fault) { w.see(f.a, func(v *view) { v.lag = 0 }) },
	},
	"share down": {
		draw: func(d dice, f *fault) { f.lasts, f.n = d.between(time.Second, 3*time.Minute), d.IntN(3) },
		begin: func(w *world, f fault) {
			err := []error{syscall.EIO, syscall.ESTALE, syscall.EHOSTDOWN}[f.n]
			w.see(coordinator, func(v *view) { v.down = err })
			w.half.sleep(true)
		},
		end: func(w *world, f fault) {
			w.see(coordinator, func(v *view) { v.down = nil })
			w.half.sleep(false)
		},
	},
	"dead half": {
		draw:  func(d dice, f *fault) { f.lasts = d.between(30*time.Second, 20*time.Minute) },
		begin: func(w *world, f fault) { w.half.sleep(true) },
		end:   func(w *world, f fault) { w.half.sleep(false) },
	},
	"clock": {
		draw: func(d dice, f *fault) {
			f.a, f.by = d.end(), []time.Duration{-50 * 365 * 24 * time.Hour, -time.Hour, -time.Second, time.Second, time.Hour, 10 * 24 * time.Hour, 38 * 365 * 24 * time.Hour}[d.IntN(7)]
		},
		begin: func(w *world, f fault) { w.ends[f.a].shift(f.by) },
	},
	"stop": {
		draw: func(d dice, f *fault) { f.a, f.by = d.end(), d.between(2*time.Second, 30*time.Second) },
		begin: func(w *world, f fault) {
			if l := w.ends[f.a].current(); l != nil && l.ready() {
				w.restAfter(f.a, f.by)
				w.work.Go(l.stop)
			}
		},
	},
	"move": {
		draw: func(d dice, f *fault) { f.a = moved(d.role) },
		begin: func(w *world, f fault) {
			w.ends[macside].set(func(c *config.Config, boxes *[]string) {
				c.Serves = append(c.Serves, patterns(f.a)...)
				*boxes = append(*boxes, f.a)
			})
			if l := w.ends[macside].current(); l != nil && l.ready() {
				w.work.Go(l.stop)
			}
		},
	},
}

// names of all kinds, in order.
func kindNames() []string {
	var names []string
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// draw makes n faults that begin within a time, in no order.
func (d dice) draw(n int, within time.Duration) []fault {
	var fs []fault
	names := kindNames()
	for range n {
		f := fault{kind: names[d.IntN(len(names))], at: d.between(0, within)}
		kinds[f.kind].draw(d, &f)
		fs = append(fs, f)
	}
	return fs
}

// play lets faults happen, each at its time, and returns when the last one is over.
func (w *world) play(ctx context.Context, fs []fault) {
	type turn struct {
		at time.Duration
		do func()
	}
	var turns []turn
	for _, f := range fs {
		k := kinds[f.kind]
		turns = append(turns, turn{f.at, func() { w.note("fault: %s", f); k.begin(w, f) }})
		if k.end != nil {
			turns = append(turns, turn{f.at + f.lasts, func() { w.note("over: %s", f); k.end(w, f) }})
		}
	}
	slices.SortStableFunc(turns, func(a, b turn) int { return int(a.at - b.at) })
	begun := time.Now()
	for _, t := range turns {
		pause(ctx, time.Until(begun.Add(t.at)))
		t.do()
	}
}

// heal ends everything that may still be wrong.
func (w *world) heal() {
	w.net.heal()
	for _, name := range order {
		w.ends[name].fill(false)
		w.set(name, trap{}, 0)
	}
	for _, machine := range []string{"half", coordinator} {
		w.see(machine, func(v *view) { *v = view{} })
	}
	w.half.sleep(false)
	w.note("everything is well again")
}

func (w *world) set(end string, t trap, rest time.Duration) {
	if rest > 0 {
		w.restAfter(end, rest)
	}
	e := w.ends[end]
	e.mu.Lock()
	defer e.mu.Unlock()
	e.trap = t
}

// fill makes the end's disk as good as full, or not.
func (e *end) fill(full bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.disk.full.Store(full)
}

// shift sets the end's wall clock.
func (e *end) shift(by time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.offset += by
}

// ready reports whether the life was put together.
func (l *life) ready() bool {
	l.e.mu.Lock()
	defer l.e.mu.Unlock()
	return l.end != nil
}

func list(fs []fault) string {
	var b strings.Builder
	for _, f := range fs {
		fmt.Fprintf(&b, "  %s\n", f)
	}
	return b.String()
}
