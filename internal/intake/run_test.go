package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
)

// refused does what a link does when the receiver says that recipients are not taken.
func (e *end) refused(from store.Lane, seq uint64, to store.Lane, attempts int, due time.Duration, recipients ...string) {
	e.t.Helper()
	e.commit(func(tx *store.Tx) error {
		_, err := tx.Move(from, seq, addresses(recipients...), to, store.Entry{Attempts: attempts, Reason: "busy", Due: tx.Now().Add(due)})
		return err
	})
}

func TestUnroutedMailMovesWhenSomebodyAnnounces(t *testing.T) {
	e := newEnd(t, route.Options{Serves: local.Serves, ExpectedPeers: 2}, nil)
	e.boxes("ann@Here")
	e.running()
	for i := range 300 {
		e.send("ann@Here", fmt.Sprint(i), "x@There", "y@Nowhere")
	}
	e.announce("mac", "*@There")
	e.until("the lane has it", func() bool { return len(e.lane("mac")) == 300 })
	got := e.lane("mac")
	for i := range got {
		if want := fmt.Sprintf("%d:x@There", i); got[i] != want {
			t.Fatalf("place %d holds %q, want %q", i, got[i], want)
		}
	}
	if n := e.store.Lane(store.LaneUnrouted).Depth; n != 300 {
		t.Errorf("%d are left unrouted for y, want 300", n)
	}
	// With the last peer heard from, nobody serves y.
	e.announce("old", "*@Elsewhere")
	e.until("y came back", func() bool { return len(e.inbox("ann@Here")) == 300 && len(e.lane(store.LaneUnrouted)) == 0 })
	if n := e.store.Lane(store.LaneUnrouted).Depth; n != 0 {
		t.Errorf("%d are left unrouted", n)
	}
}

// TestOrderWhileRoutesChange: mail that is submitted while earlier mail is being moved to a better way comes after it.
func TestOrderWhileRoutesChange(t *testing.T) {
	e := newEnd(t, route.Options{Serves: local.Serves, ExpectedPeers: 9}, nil)
	e.running()
	const n = 400
	for i := range n {
		e.send("ann@Here", fmt.Sprint(i), "x@There")
		switch i {
		case 150:
			e.announce("old", "*@There")
		case 300:
			e.announce("mac", "x@There")
		}
	}
	e.until("all is in the last lane", func() bool { return len(e.lane("mac")) == n })
	for i, got := range e.lane("mac") {
		if want := fmt.Sprintf("%d:x@There", i); got != want {
			t.Fatalf("place %d holds %q, want %q", i, got, want)
		}
	}
}

func TestAnnouncementsAreRemembered(t *testing.T) {
	e := newEnd(t, route.Options{Serves: local.Serves, ExpectedPeers: 1}, nil)
	stop := e.running()
	e.routes.Replace(route.Announcement{Peer: "mac", End: "macside", Order: 3, Generation: 7, Patterns: []mail.Pattern{mail.MustPattern("*@There")},
		Except: map[string]bool{mail.MustAddress("gone@There").Key(): true}, MaxMessageBytes: 5})
	e.until("it is saved", func() bool { _, err := e.store.Record(announcementsTable, "mac"); return err == nil })
	stop()
	again := openEnd(t, e.disk.CrashClone(vfs.CrashCloneCfg{}), route.Options{Serves: local.Serves, ExpectedPeers: 1}, nil)
	if r := again.routes.Resolve(mail.MustAddress("x@There")); r.Lane != "mac" || r.End != "macside" || r.MaxBytes != 5 {
		t.Errorf("after the restart: %+v", r)
	}
	if r := again.routes.Resolve(mail.MustAddress("gone@There")); r.Kind != route.Unknown {
		t.Errorf("an exception after the restart: %+v", r)
	}
	if _, err := again.ForgetPeer(t.Context(), "mac", false, "it burnt"); err != nil {
		t.Fatal(err)
	}
	third := openEnd(t, again.disk.CrashClone(vfs.CrashCloneCfg{}), local, nil)
	if r := third.routes.Resolve(mail.MustAddress("x@There")); r.Kind != route.Unknown {
		t.Errorf("a forgotten peer after the restart: %+v", r)
	}
}

// TestMovingAUser: from a spool to a side, what was not sent moves, in order, and what may have been sent stays.
func TestMovingAUser(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here")
	e.announce("old", "*@There")
	for i := range 6 {
		e.send("ann@Here", fmt.Sprint(i), "x@There", "y@There")
	}
	e.bound["old"] = 2
	e.running()
	e.announce("mac", "x@There")
	e.until("the lane of the side has it", func() bool { return len(e.lane("mac")) == 4 })
	if diff := cmp.Diff([]string{"2:x@There", "3:x@There", "4:x@There", "5:x@There"}, e.lane("mac")); diff != "" {
		t.Errorf("moved (-want +got):\n%s", diff)
	}
	want := []string{"0:x@There+y@There", "1:x@There+y@There", "2:y@There", "3:y@There", "4:y@There", "5:y@There"}
	if diff := cmp.Diff(want, e.lane("old")); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	// Back again: the number becomes a void in the lane it leaves.
	e.announce("mac", "nobody@There")
	e.until("it is back", func() bool { return len(e.lane("mac")) == 0 })
	if n := e.store.Lane("old").Depth; n != 10 {
		t.Errorf("the lane of the spool has %d entries, want 10", n)
	}
	voids := 0
	for _, entry := range e.entries("mac") {
		if entry.Void {
			voids++
		}
	}
	if voids != 4 {
		t.Errorf("%d voids are left, want 4", voids)
	}
}

func TestAUserComesHome(t *testing.T) {
	e := newEnd(t, route.Options{Serves: local.Serves, ExpectedPeers: 1}, nil)
	e.boxes("ann@Here")
	e.send("ann@Here", "1", "x@There", "y@There")
	again := openEnd(t, e.disk.CrashClone(vfs.CrashCloneCfg{}), route.Options{Serves: []mail.Pattern{mail.MustPattern("*@There"), mail.MustPattern("*@Here")}, ExpectedPeers: 1}, nil)
	again.boxes("x@There")
	again.running()
	again.until("it is delivered", func() bool { return len(again.inbox("x@There")) == 1 })
	again.until("the other came back", func() bool { return len(again.inbox("ann@Here")) == 1 })
	if diff := cmp.Diff([]string{"1:NO_SUCH_MAILBOX:y@There"}, again.bad()); diff != "" {
		t.Errorf("bad mail (-want +got):\n%s", diff)
	}
}

func TestDeferredMailMovesWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnd(t, local, nil)
		e.boxes("ann@Here")
		e.announce("mac", "*@There")
		e.running()
		e.send("ann@Here", "1", "x@There", "y@There")
		e.refused("mac", 1, store.LaneDeferred, 1, 10*time.Minute, "x@There")
		synctest.Wait()
		// What comes meanwhile for the same pair waits behind it, what is for others does not.
		e.send("ann@Here", "2", "x@There", "z@There")
		e.send("bob@Here", "3", "x@There")
		e.send("ann@Here", "4", "x@There")
		synctest.Wait()
		if diff := cmp.Diff([]string{"1:y@There", "2:z@There", "3:x@There"}, e.lane("mac")); diff != "" {
			t.Errorf("lane at first (-want +got):\n%s", diff)
		}
		time.Sleep(10*time.Minute - time.Second)
		synctest.Wait()
		if n := e.store.Lane(store.LaneDeferred).Depth; n != 3 {
			t.Errorf("%d wait just before the time, want 3", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{"1:y@There", "2:z@There", "3:x@There", "1:x@There", "2:x@There", "4:x@There"}, e.lane("mac")); diff != "" {
			t.Errorf("lane when due (-want +got):\n%s", diff)
		}
		e.send("ann@Here", "5", "x@There")
		if n := e.store.Lane(store.LaneDeferred).Depth; n != 0 {
			t.Errorf("%d wait although nothing is in the way", n)
		}
	})
}

func TestABlockedPairIsFreeAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnd(t, local, nil)
		e.announce("mac", "*@There")
		e.running()
		e.send("ann@Here", "1", "x@There")
		e.refused("mac", 1, store.LaneDeferred, 1, time.Hour, "x@There")
		synctest.Wait()
		time.Sleep(maxBlock)
		e.send("ann@Here", "2", "x@There")
		if diff := cmp.Diff([]string{"2:x@There"}, e.lane("mac")); diff != "" {
			t.Errorf("lane (-want +got):\n%s", diff)
		}
	})
}

// TestRefusedAddress: an address that an end announces and refuses goes round slowly; one that nobody announces any
// more is tried for about an hour and comes back.
func TestRefusedAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnd(t, local, nil)
		e.boxes("ann@Here")
		e.announce("mac", "*@There")
		e.running()
		e.send("ann@Here", "1", "x@There")
		e.refused("mac", 1, store.LaneUnrouted, 1, 0, "x@There")
		synctest.Wait()
		if diff := cmp.Diff([]string{"1:x@There"}, e.lane(store.LaneDeferred)); diff != "" {
			t.Errorf("at once (-want +got):\n%s", diff)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]string{"1:x@There"}, e.lane("mac")); diff != "" {
			t.Errorf("after a while (-want +got):\n%s", diff)
		}
		start := time.Now()
		e.refused("mac", 2, store.LaneUnrouted, 2, 0, "x@There")
		e.announce("mac", "*@Elsewhere")
		for len(e.inbox("ann@Here")) == 0 {
			if time.Since(start) > 2*time.Hour {
				t.Fatal("it never came back")
			}
			time.Sleep(time.Minute)
		}
		if d := time.Since(start); d < 20*time.Minute {
			t.Errorf("it came back after %v already", d)
		}
		if diff := cmp.Diff([]string{"1:NO_ROUTE:x@There"}, e.bad()); diff != "" {
			t.Errorf("bad mail (-want +got):\n%s", diff)
		}
	})
}

func TestLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnd(t, route.Options{Serves: local.Serves, ExpectedPeers: 2}, func(o *Options) { o.Lifetime = 8 * time.Hour })
		e.boxes("ann@Here")
		e.announce("mac", "*@There")
		e.running()
		e.send("ann@Here", "bound", "x@There")
		e.send("ann@Here", "unsent", "x@There")
		e.send("ann@Here", "unrouted", "y@Nowhere")
		held := e.send("ann@Here", "held", "z@There")
		if _, _, err := e.Hold(t.Context(), slices.DeleteFunc(e.entries("mac"), func(x store.Entry) bool { return x.MessageID != held }), false, "look at it"); err != nil {
			t.Fatal(err)
		}
		e.bound["mac"] = 1
		time.Sleep(7 * time.Hour)
		synctest.Wait()
		if n := len(e.inbox("ann@Here")); n != 0 {
			t.Errorf("%d came back early", n)
		}
		time.Sleep(2*time.Hour + time.Minute)
		synctest.Wait()
		bad := e.bad()
		slices.Sort(bad)
		if diff := cmp.Diff([]string{"unrouted:EXPIRED:y@Nowhere", "unsent:EXPIRED:x@There"}, bad); diff != "" {
			t.Errorf("bad mail (-want +got):\n%s", diff)
		}
		if got := e.inbox("ann@Here"); len(got) != 2 {
			t.Errorf("reports: %q", got)
		}
		if diff := cmp.Diff([]string{"bound:x@There"}, e.lane("mac")); diff != "" {
			t.Errorf("what may have been sent (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"held:z@There"}, e.lane(store.LaneHeld)); diff != "" {
			t.Errorf("what an operator holds (-want +got):\n%s", diff)
		}
	})
}

// TestLifetimeLeavesOutTheNight: time in which the machine was off does not count.
func TestLifetimeLeavesOutTheNight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		eight := func(o *Options) { o.Lifetime = 8 * time.Hour }
		expecting := route.Options{Serves: local.Serves, ExpectedPeers: 1}
		e := newEnd(t, expecting, eight)
		e.boxes("ann@Here")
		stop := e.running()
		e.mark("ann@Here", false, e.send("ann@Here", "1", "x@Nowhere"))
		time.Sleep(4*time.Hour + time.Minute)
		synctest.Wait()
		stop()
		disk := e.disk.CrashClone(vfs.CrashCloneCfg{})
		e.close()
		time.Sleep(24 * time.Hour)
		again := openEnd(t, disk, expecting, eight)
		again.running()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if n := again.store.Lane(store.LaneUnrouted).Depth; n != 1 {
			t.Error("it came back although it waited for six hours of running time only")
		}
		time.Sleep(4 * time.Hour)
		synctest.Wait()
		if got := again.inbox("ann@Here"); len(got) != 1 {
			t.Errorf("after its lifetime: %q", got)
		}
	})
}

func TestRunEndsWhenTheStoreFails(t *testing.T) {
	if err := (&Intake{log: newEnd(t, local, nil).log}).trouble(t.Context(), "x", fmt.Errorf("wrapped: %w", store.ErrFailed)); !errors.Is(err, store.ErrFailed) {
		t.Errorf("trouble = %v", err)
	}
}

func TestQueueActions(t *testing.T) {
	pick := func(e *end, l store.Lane) []store.Entry {
		return slices.DeleteFunc(e.entries(l), func(x store.Entry) bool { return x.Void })
	}
	setup := func(t *testing.T) *end {
		e := newEnd(t, route.Options{Serves: local.Serves, ExpectedPeers: 2}, nil)
		e.boxes("ann@Here")
		e.announce("mac", "*@There")
		e.send("ann@Here", "sent", "x@There")
		e.send("ann@Here", "unsent", "x@There", "y@There")
		e.bound["mac"] = 1
		return e
	}
	t.Run("hold and release", func(t *testing.T) {
		e := setup(t)
		done, bound, err := e.Hold(t.Context(), pick(e, "mac"), false, "why")
		if err != nil || len(done) != 1 || len(bound) != 1 {
			t.Fatalf("done %v, bound %v, %v", done, bound, err)
		}
		if diff := cmp.Diff([]string{"unsent:x@There+y@There"}, e.lane(store.LaneHeld)); diff != "" {
			t.Errorf("held (-want +got):\n%s", diff)
		}
		e.announce("second", "y@There")
		e.see()
		if done, _, err := e.Release(t.Context(), pick(e, store.LaneHeld), false, "done"); err != nil || len(done) != 1 {
			t.Fatalf("done %v, %v", done, err)
		}
		if diff := cmp.Diff([]string{"sent:x@There", "unsent:x@There"}, e.lane("mac")); diff != "" {
			t.Errorf("released (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"unsent:y@There"}, e.lane("second")); diff != "" {
			t.Errorf("released (-want +got):\n%s", diff)
		}
		events := strings.Join(e.events(done[0]), ", ")
		for _, want := range []string{"held x@There", "held y@There", "released x@There", "rerouted y@There"} {
			if !strings.Contains(events, want) {
				t.Errorf("trace %q lacks %q", events, want)
			}
		}
	})
	t.Run("return", func(t *testing.T) {
		e := setup(t)
		done, bound, err := e.ReturnEntries(t.Context(), pick(e, "mac"), false, "by request")
		if err != nil || len(done) != 1 || len(bound) != 1 {
			t.Fatalf("done %v, bound %v, %v", done, bound, err)
		}
		if diff := cmp.Diff([]string{"unsent:RETURNED_BY_OPERATOR:x@There+y@There"}, e.bad()); diff != "" {
			t.Errorf("bad mail (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"about unsent"}, e.inbox("ann@Here")); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		if done, _, err := e.ReturnEntries(t.Context(), pick(e, "mac"), true, "by request"); err != nil || len(done) != 1 {
			t.Errorf("what may have been sent: %v, %v", done, err)
		}
	})
	t.Run("delete", func(t *testing.T) {
		e := setup(t)
		stale := pick(e, "mac")
		if done, _, err := e.Delete(t.Context(), stale, true, "spam"); err != nil || len(done) != 2 {
			t.Fatalf("done %v, %v", done, err)
		}
		if e.store.Lane("mac").Depth+e.store.BadCount()+len(e.inbox("ann@Here")) != 0 {
			t.Error("something is left")
		}
		if done, bound, err := e.Delete(t.Context(), stale, true, "spam"); err != nil || len(done)+len(bound) != 0 {
			t.Errorf("once more: %v, %v, %v", done, bound, err)
		}
	})
	t.Run("retry", func(t *testing.T) {
		e := setup(t)
		e.refused("mac", 2, store.LaneDeferred, 1, time.Hour, "x@There")
		if done, _, err := e.Retry(t.Context(), pick(e, store.LaneDeferred), false, "now"); err != nil || len(done) != 1 {
			t.Fatalf("done %v, %v", done, err)
		}
		if diff := cmp.Diff([]string{"sent:x@There", "unsent:y@There", "unsent:x@There"}, e.lane("mac")); diff != "" {
			t.Errorf("lane (-want +got):\n%s", diff)
		}
		if done, _, err := e.Retry(t.Context(), pick(e, "mac"), true, "now"); err != nil || len(done) != 0 {
			t.Errorf("what is not deferred: %v, %v", done, err)
		}
	})
	t.Run("reroute", func(t *testing.T) {
		e := setup(t)
		e.announce("second", "x@There")
		e.see()
		done, bound, err := e.Reroute(t.Context(), pick(e, "mac"), false, "moved")
		if err != nil || len(done) != 1 || len(bound) != 1 {
			t.Fatalf("done %v, bound %v, %v", done, bound, err)
		}
		done, bound, err = e.Reroute(t.Context(), pick(e, "mac"), true, "moved")
		if err != nil || len(done) != 1 || len(bound) != 0 {
			t.Fatalf("may duplicate: done %v, bound %v, %v", done, bound, err)
		}
		if diff := cmp.Diff([]string{"unsent:x@There", "sent:x@There"}, e.lane("second")); diff != "" {
			t.Errorf("lane (-want +got):\n%s", diff)
		}
	})
}

func TestBadMail(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here")
	first := e.send("ann@Here", "hello", "x@Nowhere", "y@Nowhere", "z@Here")
	bs, err := e.store.BadMail("", 10)
	if err != nil || len(bs) != 2 {
		t.Fatalf("bad mail: %d, %v", len(bs), err)
	}
	e.announce("mac", "*@Nowhere")
	second, err := e.RetryBad(t.Context(), bs[0].ID, false)
	if err != nil || second == first {
		t.Fatalf("retry: %s, %v", second, err)
	}
	if diff := cmp.Diff([]string{"hello:x@Nowhere+y@Nowhere"}, e.lane("mac")); diff != "" {
		t.Errorf("lane (-want +got):\n%s", diff)
	}
	m, err := e.store.Message(second)
	if err != nil || m.RetryOf != first || m.OriginStore != e.store.ID() || len(m.Hops) != 1 || len(m.To) != 3 {
		t.Errorf("the retry says: %+v, %v", m, err)
	}
	if _, err := e.RetryBad(t.Context(), bs[0].ID, false); !errors.Is(err, ErrRetried) {
		t.Errorf("once more: %v", err)
	}
	if third, err := e.RetryBad(t.Context(), bs[0].ID, true); err != nil || third == second {
		t.Errorf("once more, asked for: %s, %v", third, err)
	}
	if b, err := e.store.Bad(bs[0].ID); err != nil || b.RetriedAs == "" {
		t.Errorf("the piece says: %+v, %v", b, err)
	}
	if err := e.DiscardBad(t.Context(), bs[0].ID, "seen"); err != nil {
		t.Error(err)
	}
	for _, err := range []error{e.DiscardBad(t.Context(), bs[0].ID, "seen"), func() error { _, err := e.RetryBad(t.Context(), bs[0].ID, true); return err }()} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("what is gone: %v", err)
		}
	}
	_, as, ok := ParseSubmitted(submittedDetail(m))
	if !ok || as != first {
		t.Errorf("the trace of the retry leads to %q", as)
	}
}

// TestFaultPoints: every point that is listed is passed, and no other.
func TestFaultPoints(t *testing.T) {
	seen := map[string]bool{}
	e := newEnd(t, route.Options{Serves: local.Serves, ExpectedPeers: 9}, func(o *Options) { o.Fault = func(p string) { seen[p] = true } })
	e.boxes("ann@Here")
	e.announce("mac", "*@There")
	e.mark("ann@Here", false, e.send("ann@Here", "1", "x@Nowhere"))
	e.take(e.session("there"), e.arrival(1, "id-1", "x@There", "one", "ann@Here"))
	if _, _, err := e.Hold(t.Context(), e.entries(store.LaneUnrouted), false, ""); err != nil {
		t.Fatal(err)
	}
	if err := e.saveAnnouncements(t.Context()); err != nil {
		t.Fatal(err)
	}
	admin := mail.MustAddress("ann@Here")
	if _, err := e.Notify(t.Context(), admin, admin, "", "", func(*store.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(slices.Values(FaultPoints))
	if diff := cmp.Diff(want, sortedKeys(seen)); diff != "" {
		t.Errorf("fault points (-listed +passed):\n%s", diff)
	}
}
