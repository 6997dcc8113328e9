package simtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// tortureVariable says for how many seconds TestTorture plays.
const tortureVariable = "SIDEGATE_TORTURE_SECONDS"

// TestTorture plays random seeds with more faults than TestSeeds has, for as long as it is told, and prints rates and
// violations. With SIDEGATE_SEED it begins there and counts on.
func TestTorture(t *testing.T) {
	text := os.Getenv(tortureVariable)
	if text == "" {
		t.Skipf("%s is not set: it says for how many seconds to play random seeds", tortureVariable)
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || seconds <= 0 {
		t.Fatalf("%s=%q: wants seconds", tortureVariable, text)
	}
	next := new(atomic.Uint64)
	next.Store(rand.Uint64N(1 << 40))
	if text := os.Getenv(seedVariable); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s=%q: wants a number", seedVariable, text)
		}
		next.Store(seed)
	}
	t.Logf("from seed %d for %v s", next.Load(), seconds)
	total, violations := newTally(), atomic.Int64{}
	begun := time.Now()
	var mu sync.Mutex
	t.Run("play", func(t *testing.T) {
		for player := range 2 {
			t.Run(fmt.Sprint(player), func(t *testing.T) {
				t.Parallel()
				for time.Since(begun).Seconds() < seconds {
					seed := next.Add(1) - 1
					t.Run(fmt.Sprint(seed), func(t *testing.T) {
						sum := playSeed(t, torturePlan(seed), tortureVariable+"=0.1 go test -run TestTorture")
						if t.Failed() {
							violations.Add(1)
						}
						mu.Lock()
						defer mu.Unlock()
						total.add(sum)
					})
				}
			})
		}
	})
	spent := time.Since(begun)
	t.Logf("%s", total)
	t.Logf("%.1f seeds and %.0f copies a second for %v; %d seeds with violations",
		float64(total.seeds)/spent.Seconds(), float64(total.copies)/spent.Seconds(), spent.Round(time.Second), violations.Load())
}

// torturePlan is the plan of a seed with more faults.
func torturePlan(seed uint64) plan {
	p := planFor(seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	d := dice{rnd, p.role, p.slots}
	p.faults = append(p.faults, d.draw(2+rnd.IntN(6), faultTime)...)
	return p.settle()
}
