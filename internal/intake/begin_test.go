package intake

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"sidegate/internal/link"
	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
)

// Mail that was taken before the loops ran is not overtaken by later mail when somebody announces meanwhile.
func TestAnnouncementBeforeTheLoopsRun(t *testing.T) {
	e := newEnd(t, route.Options{Serves: local.Serves, ExpectedPeers: 2}, nil)
	e.send("ann@Here", "1", "x@There")
	e.announce("mac", "*@There")
	e.send("ann@Here", "2", "x@There")
	e.running()
	e.send("ann@Here", "3", "x@There")
	e.until("the lane has all", func() bool { return len(e.lane("mac")) == 3 })
	if diff := cmp.Diff([]string{"1:x@There", "2:x@There", "3:x@There"}, e.lane("mac")); diff != "" {
		t.Errorf("lane (-want +got):\n%s", diff)
	}
}

// After a restart what waits goes first by the routes that were remembered, or configured anew.
func TestMailWaitsFromTheStartBefore(t *testing.T) {
	away := route.Options{Serves: local.Serves, ExpectedPeers: 2}
	home := route.Options{Serves: append(local.Serves[:1:1], mail.MustPattern("*@There")), ExpectedPeers: 1}
	send := func(e *end) { e.send("ann@Here", "last", "x@There") }
	arrive := func(e *end) {
		as := []link.Arrival{e.arrival(1, "m", "ann@Here", "last", "x@There")}
		if _, err := e.Take(t.Context(), e.session("there"), as); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		routes route.Options
		last   func(*end)
	}{
		{"an announcement is remembered", away, send},
		{"configured anew", home, send},
		{"configured anew, and mail arrives", home, arrive},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEnd(t, away, nil)
			for i := range 200 {
				e.send("ann@Here", fmt.Sprint(i), "x@There")
			}
			if c.routes.ExpectedPeers == away.ExpectedPeers {
				e.announce("mac", "*@There")
				if err := e.saveAnnouncements(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			again := openEnd(t, e.disk.CrashClone(vfs.CrashCloneCfg{}), c.routes, nil)
			again.boxes("x@There")
			c.last(again)
			again.running()
			got := func() []string { return append(again.inbox("x@There"), again.lane("mac")...) }
			again.until("all is there", func() bool { return len(got()) == 201 })
			if last, _, _ := strings.Cut(got()[200], ":"); last != "last" {
				t.Errorf("the last is %q", last)
			}
		})
	}
}

// An announcement that is being saved while its peer is given up is not brought back, nor does mail follow it.
func TestForgettingWhileAnAnnouncementIsSaved(t *testing.T) {
	var e *end
	var armed atomic.Bool
	e = newEnd(t, route.Options{Serves: local.Serves, ExpectedPeers: 3}, func(o *Options) {
		o.Fault = func(point string) {
			if point == "intake.move.before" && armed.CompareAndSwap(true, false) {
				if _, err := e.ForgetPeer(t.Context(), "mac", false, "it burnt"); err != nil {
					t.Error(err)
				}
			}
		}
	})
	stop := e.running()
	e.send("ann@Here", "1", "x@There")
	e.until("the loops rest", func() bool { _, err := e.store.Record(clockTable, noteKey(0)); return err == nil })
	armed.Store(true)
	e.announce("mac", "*@There")
	e.until("it is given up", func() bool { return len(e.routes.Announcements()) == 0 })
	e.announce("old", "*@Elsewhere")
	e.until("the other has taken effect", func() bool { return e.resolve(mail.MustAddress("z@Elsewhere")).Lane == "old" })
	stop()
	if v, err := e.store.Record(announcementsTable, "mac"); err == nil {
		t.Errorf("a forgotten announcement is remembered: %s", v)
	}
	if n := e.store.Lane("mac").Assigned; n != 0 {
		t.Errorf("%d deliveries went into the lane of a forgotten peer", n)
	}
	if diff := cmp.Diff([]string{"1:x@There"}, e.lane(store.LaneUnrouted)); diff != "" {
		t.Errorf("unrouted (-want +got):\n%s", diff)
	}
}

// From the commit on that empties the lane of a peer that is given up, nothing goes into it.
func TestForgottenAtOnce(t *testing.T) {
	e := newEnd(t, local, nil)
	e.announce("mac", "*@There")
	e.send("ann@Here", "1", "x@There")
	if _, err := e.ForgetPeer(t.Context(), "mac", true, "it burnt"); err != nil {
		t.Fatal(err)
	}
	if way := e.resolve(mail.MustAddress("x@There")); way.Kind != route.Unknown {
		t.Errorf("mail still goes by %+v", way)
	}
}

// What comes into the waiting room just when the routes have changed is looked at, too.
func TestRefusedWhileRoutesChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e *end
		var commits atomic.Int64 // until the one that changes the routes
		e = newEnd(t, local, func(o *Options) {
			o.Fault = func(point string) {
				if point == "intake.move.after" && commits.Add(-1) == 0 {
					e.refused("mac", 1, store.LaneUnrouted, 1, 0, "x@There")
				}
			}
		})
		e.announce("mac", "*@There")
		e.running()
		e.send("ann@Here", "1", "x@There")
		synctest.Wait()
		commits.Store(2) // the announcement is saved, then it takes effect
		e.announce("old", "*@Elsewhere")
		synctest.Wait()
		if commits.Load() > 0 {
			t.Fatal("the routes have not changed")
		}
		if left := e.lane(store.LaneUnrouted); len(left) > 0 {
			t.Errorf("unrouted is left: %q", left)
		}
	})
}

// An announcement takes effect however much mail is coming.
func TestAnnouncementUnderLoad(t *testing.T) {
	e := newEnd(t, route.Options{Serves: local.Serves, ExpectedPeers: 2}, nil)
	e.announce("old", "*@There")
	e.running()
	stop := make(chan struct{})
	done := make(chan struct{}, 16)
	nothing := e.draft("")
	for range cap(done) {
		go func() {
			defer func() { done <- struct{}{} }()
			for {
				select {
				case <-stop:
					return
				default:
				}
				var ss []Submission
				for range 200 {
					ss = append(ss, Submission{Message: letter("ann@Here", "s", "", "y@There"), Recipients: addresses("y@There"), Content: nothing})
				}
				for _, r := range e.SubmitAll(t.Context(), ss) {
					if r.Err != nil {
						t.Error(r.Err)
						return
					}
				}
			}
		}()
	}
	defer func() {
		close(stop)
		for range cap(done) {
			<-done
		}
	}()
	e.until("there is load", func() bool { return e.store.Lane("old").Depth > 2000 })
	e.announce("mac", "x@There")
	before := e.store.Lane("old").Assigned
	e.until("it takes effect", func() bool { return e.resolve(mail.MustAddress("x@There")).Lane == "mac" })
	t.Logf("after %d deliveries", e.store.Lane("old").Assigned-before)
}
