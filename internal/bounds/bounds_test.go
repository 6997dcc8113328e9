package bounds

import (
	"fmt"
	"runtime"
	"testing"
)

// witness is a test that remembers what it was told.
type witness struct {
	testing.TB
	told string
}

func (w *witness) Helper() {}

func (w *witness) Errorf(format string, args ...any) { w.told = fmt.Sprintf(format, args...) }

// TestAllocation: what is within the bound passes and what is beyond it does not, in one piece and in many.
func TestAllocation(t *testing.T) {
	for _, c := range []struct {
		name          string
		input         int
		pieces, piece int
		fails         bool
	}{
		{"nothing", 0, 0, 0, false},
		{"the slack", 0, 1, slack - 64<<10, false},
		{"more than the slack", 0, 1, slack + 64<<10, true},
		{"eight times the input", 1 << 20, 8, 1 << 20, false},
		{"ten times the input", 1 << 20, 10, 1 << 20, true},
		{"small pieces", 100, 4096, 128, false},
		{"too many small pieces", 100, 40960, 128, true},
	} {
		w := &witness{}
		Allocation(w, c.input, func() {
			for range c.pieces {
				runtime.KeepAlive(escape(c.piece))
			}
		})
		if fails := w.told != ""; fails != c.fails {
			t.Errorf("%s: %q", c.name, w.told)
		}
	}
}

// TestNoiseIsMeasuredAgain: what another goroutine allocates once is not held against the decoder.
func TestNoiseIsMeasuredAgain(t *testing.T) {
	w, runs := &witness{}, 0
	Allocation(w, 0, func() {
		if runs++; runs == 1 {
			runtime.KeepAlive(escape(8 << 20))
		}
	})
	if w.told != "" || runs != 2 {
		t.Errorf("%d runs: %s", runs, w.told)
	}
}

//go:noinline
func escape(n int) []byte { return make([]byte, n) }
