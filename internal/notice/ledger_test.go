package notice

import (
	"strings"
	"testing"
	"time"
)

// TestGoneForSeconds: what was told of and is gone for less than a minute is not over.
func TestGoneForSeconds(t *testing.T) {
	bubble(t, func(w *world) {
		w.set("blind")
		w.wait(2 * time.Hour)
		w.unset("blind")
		w.wait(40 * time.Second)
		w.set("blind")
		w.wait(2 * time.Hour)
		w.expect("after it came back", "1 wrong")
	})
}

// TestHowOften: a trouble that came several times within the hour is told with their number.
func TestHowOften(t *testing.T) {
	bubble(t, func(w *world) {
		w.set("blind")
		w.wait(2 * time.Minute)
		w.unset("blind")
		w.set("stalled")
		w.wait(7 * time.Minute)
		w.expect("at first", "1 wrong", "1 wrong, 1 well again")
		for range 3 {
			w.set("blind")
			w.wait(5 * time.Minute)
			w.unset("blind")
			w.wait(5 * time.Minute)
		}
		w.set("blind")
		w.wait(time.Hour)
		w.expect("after the hour", "1 wrong", "1 wrong, 1 well again", "1 wrong")
		if text := w.text(); !strings.Contains(text, "  it is blind\n      since 2000-01-01 00:39 UTC, 4 times since it was told of last\n") {
			t.Errorf("the notice says\n%s", text)
		}
	})
}

// TestForgotten: what is over and was not told of for a day leaves no record.
func TestForgotten(t *testing.T) {
	bubble(t, func(w *world) {
		recorded := func() string {
			var keys []string
			if err := w.store.Records(tableTroubles, func(key string, _ []byte) bool { keys = append(keys, key); return true }); err != nil {
				t.Fatal(err)
			}
			return strings.Join(keys, " ")
		}
		w.set("blind")
		w.wait(2 * time.Minute)
		w.unset("blind")
		w.wait(20 * time.Hour)
		w.set("stalled")
		w.wait(2 * time.Minute)
		if got := recorded(); got != "blind stalled" {
			t.Errorf("within a day there are records of %q", got)
		}
		w.wait(26 * time.Hour) // with a reminder
		if got := recorded(); got != "stalled" {
			t.Errorf("after a day there are records of %q", got)
		}
	})
}

// TestSlowToFindOut: an end that was started anew needs a while to find out what is wrong, such as ten minutes for a file that
// the old half does not see. Until then nothing is said to be well again.
func TestSlowToFindOut(t *testing.T) {
	bubble(t, func(w *world) {
		w.set("blind")
		w.wait(2 * time.Hour)
		w.unset("blind")
		w.restart()
		w.wait(12 * time.Minute)
		w.set("blind")
		w.wait(time.Hour)
		w.expect("when it was found out again", "1 wrong")
		w.unset("blind")
		w.restart()
		w.wait(30 * time.Minute)
		w.expect("when it was not", "1 wrong", "1 well again")
	})
}

// TestUntilWhen: a trouble that came back and ended while nobody looked did not end when it had gone before.
func TestUntilWhen(t *testing.T) {
	bubble(t, func(w *world) {
		w.set("blind")
		w.wait(23 * time.Hour)
		w.unset("blind")
		w.wait(30 * time.Second)
		w.set("blind")
		w.wait(2 * time.Hour)
		w.expect("with a reminder", "1 wrong", "1 wrong")
		w.unset("blind")
		w.restart()
		w.wait(2 * time.Hour)
		w.expect("in the end", "1 wrong", "1 wrong", "1 well again")
		if text := w.text(); !strings.Contains(text, "from 2000-01-01 00:00 UTC by 2000-01-02 01:") {
			t.Errorf("the notice says\n%s", text)
		}
	})
}
