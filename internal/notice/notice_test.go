package notice

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
)

// expect compares the notices so far.
func (w *world) expect(when string, want ...string) {
	w.Helper()
	if diff := cmp.Diff(want, w.mails()); diff != "" {
		w.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

// TestOnceWhileItLasts: after a minute, then once a day, then that it is over.
func TestOnceWhileItLasts(t *testing.T) {
	bubble(t, func(w *world) {
		w.wait(time.Hour)
		w.expect("while all is well")
		w.set("blind")
		w.wait(50 * time.Second)
		w.expect("before a minute is over")
		w.wait(30 * time.Second)
		w.expect("after a minute", "1 wrong")
		if text := w.text(); !strings.Contains(text, "What is wrong:\n\n  it is blind\n      since 2000-01-01 01:00 UTC\n") {
			t.Errorf("the notice says\n%s", text)
		}
		w.wait(23 * time.Hour)
		w.expect("within a day", "1 wrong")
		w.wait(2 * time.Hour)
		w.expect("after a day", "1 wrong", "1 wrong")
		if text := w.text(); !strings.Contains(text, "What is still wrong:\n\n  it is blind\n") {
			t.Errorf("the notice says\n%s", text)
		}
		w.unset("blind")
		w.wait(2 * time.Hour)
		w.expect("when it is over", "1 wrong", "1 wrong", "1 well again")
		if text := w.text(); !strings.Contains(text, "What is well again:\n\n  it is blind\n      from 2000-01-01 01:00 UTC until 2000-01-02 02:01 UTC\n") {
			t.Errorf("the notice says\n%s", text)
		}
	})
}

// TestShortTroubles: what does not last a minute is told to nobody.
func TestShortTroubles(t *testing.T) {
	bubble(t, func(w *world) {
		for range 200 {
			w.set("stalled")
			w.wait(40 * time.Second)
			w.unset("stalled")
			w.wait(40 * time.Second)
		}
		w.expect("after 200 of them")
	})
}

// TestFlapping: KB Q134757, number 15, and KB Q152477. A trouble that comes and goes for a day is one mail when it begins; to
// who was told of it and not of its end, its coming back is no news.
func TestFlapping(t *testing.T) {
	bubble(t, func(w *world) {
		began := time.Now()
		for time.Since(began) < 24*time.Hour {
			w.set("blind")
			w.wait(3 * time.Minute)
			w.unset("blind")
			w.wait(3 * time.Minute)
		}
		if got := w.mails(); len(got) > 48 || len(got) < 2 || got[0] != "1 wrong" {
			t.Errorf("%d notices in a day: %q", len(got), got)
		}
		w.set("blind")
		w.wait(3 * time.Hour)
		n := len(w.mails())
		w.wait(10 * time.Hour)
		w.expect("after it has stayed", w.mails()[:n]...)
	})
}

// TestGapOverRestarts: one mail follows another after five minutes at the earliest, whatever was started anew between them.
func TestGapOverRestarts(t *testing.T) {
	bubble(t, func(w *world) {
		w.set("blind")
		w.wait(75 * time.Second)
		w.expect("at first", "1 wrong")
		w.restart()
		w.set("stalled")
		w.wait(3 * time.Minute)
		w.expect("within five minutes", "1 wrong")
		w.wait(3 * time.Minute)
		w.expect("after them", "1 wrong", "1 wrong")
	})
}

// TestSeveralAreOneMail: what is wrong at the time is in one mail, and an end of something in the next one.
func TestSeveralAreOneMail(t *testing.T) {
	bubble(t, func(w *world) {
		w.set("blind")
		w.wait(30 * time.Second)
		w.set("stalled", "refusing")
		w.wait(time.Minute)
		w.expect("after the first", "3 wrong")
		w.wait(time.Minute)
		w.unset("blind")
		w.set("restored")
		w.wait(10 * time.Minute)
		w.expect("after the next", "3 wrong", "1 wrong, 1 well again")
		w.unset("restored", "stalled", "refusing")
		w.wait(40 * time.Minute)
		w.expect("within an hour", "3 wrong", "1 wrong, 1 well again")
		w.wait(40 * time.Minute)
		w.expect("after it", "3 wrong", "1 wrong, 1 well again", "3 well again")
	})
}

// TestManyTroubles: a hundred that begin one after the other are a mail in five minutes, not a hundred mails.
func TestManyTroubles(t *testing.T) {
	bubble(t, func(w *world) {
		for i := range 100 {
			w.set(fmt.Sprint("trouble ", i))
			w.wait(30 * time.Second)
		}
		w.wait(10 * time.Minute)
		if n := len(w.mails()); n < 2 || n > 12 {
			t.Errorf("%d notices in an hour: %q", n, w.mails())
		}
	})
}

// TestNeverAboutNotices: a notice that cannot be delivered rests in bad mail and causes no other.
func TestNeverAboutNotices(t *testing.T) {
	bubble(t, func(w *world) {
		w.stop()
		w.to = mail.MustAddress("nobody@Here")
		w.start()
		w.set("blind")
		w.wait(12 * time.Hour)
		w.spoil(1, "NO_SUCH_MAILBOX", mail.System)
		w.wait(3 * time.Hour)
		if n := w.store.BadCount(); n != 2 {
			t.Errorf("%d pieces of bad mail, want the notice and that of the test", n)
		}
		w.expect("somebody else")
	})
}

// TestRestartsRepeatNothing: what was told stays told, what was not is told, and what ended meanwhile is.
func TestRestartsRepeatNothing(t *testing.T) {
	bubble(t, func(w *world) {
		w.wait(time.Second)
		w.spoil(3, "OLD", mail.Note)
		w.restart() // before anybody looked
		w.set("blind", "stalled")
		w.wait(2 * time.Minute)
		w.expect("at first", "2 wrong, 3 in bad mail")
		for range 20 {
			w.wait(2 * time.Minute)
			w.restart()
		}
		w.expect("after many restarts", "2 wrong, 3 in bad mail")
		w.unset("blind")
		w.spoil(1, "NEW", mail.Note)
		w.restart()
		w.wait(10 * time.Minute)
		w.expect("within the hour", "2 wrong, 3 in bad mail")
		w.wait(15 * time.Minute)
		w.expect("after the hour", "2 wrong, 3 in bad mail", "1 well again, 1 in bad mail")
		if text := w.text(); !strings.Contains(text, "This is notice 2 from end") || !strings.Contains(text, "  1 NEW\n") {
			t.Errorf("the notice says\n%s", text)
		}
	})
}

// TestNightsAreNoNews: a trouble of which nothing can be found out for a time, as outside the connect times, is neither over nor new
// when it is found again, over a restart in the night too; one that is not there in the morning is over.
func TestNightsAreNoNews(t *testing.T) {
	bubble(t, func(w *world) {
		w.sleep("never there")
		w.set("blind", "stalled")
		w.wait(2 * time.Hour)
		for range 3 {
			w.sleep("blind", "stalled")
			w.wait(5 * time.Hour)
			w.restart()
			w.wait(time.Hour)
			w.set("blind", "stalled")
			w.wait(time.Hour)
		}
		w.expect("after three nights", "2 wrong")
		w.sleep("blind", "stalled")
		w.wait(6 * time.Hour)
		w.set("stalled")
		w.unset("blind")
		w.wait(time.Hour)
		w.expect("in the morning after the second day", "2 wrong", "2 wrong", "1 well again")
	})
}

// TestDeathInTheCommit: the process dies just before, and just after, a notice is sent; the next one sends it, or does not.
func TestDeathInTheCommit(t *testing.T) {
	for _, point := range []string{"intake.notify.before", "intake.notify.after"} {
		bubble(t, func(w *world) {
			var left *vfs.MemFS
			w.stop()
			w.fault = func(at string) {
				if at == point && left == nil {
					left = w.disk.CrashClone(vfs.CrashCloneCfg{})
					runtime.Goexit()
				}
			}
			w.start()
			w.set("blind")
			w.wait(5 * time.Minute)
			if left == nil {
				t.Fatalf("%s was not passed", point)
			}
			w.cancel()
			if err := w.store.Close(); err != nil && !strings.Contains(err.Error(), "closed") {
				t.Log(err)
			}
			w.disk, w.fault = left, nil
			w.start()
			w.wait(30 * time.Minute)
			w.expect("after dying at "+point, "1 wrong")
		})
	}
}

// TestFullDisk: that the store takes nothing new is told when it takes nothing new.
func TestFullDisk(t *testing.T) {
	bubble(t, func(w *world) {
		w.full = true
		w.restart()
		w.set("refusing")
		w.wait(2 * time.Minute)
		w.expect("when the store refuses", "1 wrong")
	})
}

// TestClocks: a wall clock that jumps repeats nothing, and delays nothing for longer than its period.
func TestClocks(t *testing.T) {
	for _, jump := range []time.Duration{-12 * time.Hour, -30 * time.Minute, 12 * time.Hour} {
		bubble(t, func(w *world) {
			w.set("blind")
			w.wait(2 * time.Minute)
			w.shift = jump
			w.restart()
			w.wait(10 * time.Minute)
			w.expect("after the jump", "1 wrong")
			w.set("stalled")
			w.wait(2 * time.Minute)
			w.expect("after something new", "1 wrong", "1 wrong")
			w.unset("blind", "stalled")
			w.wait(2 * time.Hour)
			w.expect("after the end", "1 wrong", "1 wrong", "2 well again")
		})
	}
}
