package daemon

import (
	"fmt"
	"time"
)

// timeUp is the good reason to end of a program that was told how long to run.
type timeUp struct{ after time.Duration }

func (t timeUp) Error() string { return fmt.Sprintf("has run for %v, as --run-time says", t.after) }

// runTime ends everything in good order after a while, as the old program did with RunTime and -BR (KB Q76091, Q109700); never
// for 0.
func runTime(d time.Duration) (func() error, func(error)) {
	quit := make(chan struct{})
	execute := func() error {
		var up <-chan time.Time
		if d > 0 {
			timer := time.NewTimer(d)
			defer timer.Stop()
			up = timer.C
		}
		select {
		case <-up:
			return timeUp{d}
		case <-quit:
			return nil
		}
	}
	return execute, func(error) { close(quit) }
}
