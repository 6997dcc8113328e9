package simtest

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// SeedVariable names one seed to play instead of all.
const seedVariable = "SIDEGATE_SEED"

const (
	seeds      = 1000
	shortSeeds = 50
)

// TestSeeds plays many seeds. One that fails prints its plan, what happened, and what was wrong.
func TestSeeds(t *testing.T) {
	first, n := uint64(1), uint64(seeds)
	if testing.Short() {
		n = shortSeeds
	}
	if text := os.Getenv(seedVariable); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s=%q: wants a number", seedVariable, text)
		}
		first, n = seed, 1
	}
	total := newTally()
	begun := time.Now()
	var mu sync.Mutex
	t.Run("seed", func(t *testing.T) {
		for seed := first; seed < first+n; seed++ {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				sum := playSeed(t, planFor(seed), "go test -run TestSeeds")
				mu.Lock()
				defer mu.Unlock()
				total.add(sum)
			})
		}
	})
	t.Logf("%s in %v", total, time.Since(begun).Round(time.Millisecond))
}

func playSeed(t *testing.T, p plan, command string) *tally {
	t.Helper()
	sum, wrong, story := run(t, p)
	if len(wrong) > 0 {
		for _, text := range wrong {
			t.Error(text)
		}
		t.Logf("seed %d (%s=%d %s ./internal/simtest)\nplan: %sstory:\n%s", p.seed, seedVariable, p.seed, command, p, story)
	} else if os.Getenv(seedVariable) != "" && os.Getenv(tortureVariable) == "" && testing.Verbose() {
		t.Logf("plan: %sstory:\n%s", p, story)
	}
	return sum
}
