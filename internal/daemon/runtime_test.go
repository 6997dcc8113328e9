package daemon

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestRunTime(t *testing.T) {
	for _, d := range []time.Duration{0, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			execute, interrupt := runTime(d)
			done := make(chan error, 1)
			go func() { done <- execute() }()
			time.Sleep(59 * time.Minute)
			synctest.Wait()
			select {
			case err := <-done:
				t.Fatalf("%v: ended early: %v", d, err)
			default:
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if d == 0 {
				interrupt(nil)
			}
			if err := <-done; (err != nil) != (d > 0) || err != nil && !errors.As(err, new(timeUp)) {
				t.Errorf("%v: ended with %v", d, err)
			}
		})
	}
}
