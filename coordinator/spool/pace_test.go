package spool_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidegate/coordinator/handshake"
	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
	"sidegate/coordinator/timetable"
	"sidegate/internal/liveness"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// hours makes a timetable; a bubble begins on Saturday, 1 January 2000, at midnight UTC.
func hours(t *testing.T, texts ...string) timetable.Table {
	t.Helper()
	var all timetable.Table
	for _, text := range texts {
		w, err := timetable.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, w)
	}
	return all
}

// healthy fails the test if a leg is in a state that asks for somebody, or does not say that these are off hours.
func (w *world) healthy(offHours bool) {
	w.Helper()
	for _, l := range w.sp.Legs() {
		if l.State != liveness.Up && l.State != liveness.Unknown {
			w.Fatalf("%s to %s is %s: %s", l.From, l.To, l.State, l.Reason)
		}
		if said := slices.Contains(l.Conditions, liveness.ConditionOffHours); said != offHours || said && !strings.Contains(l.Reason, "08:00") {
			w.Fatalf("%s to %s says %q, %q", l.From, l.To, l.Conditions, l.Reason)
		}
	}
}

func TestConnectTimes(t *testing.T) {
	bubble(t, sharetest.Options{}, func(o *spool.Options) { o.ConnectTimes = hours(t, "08:00-18:00") }, func(w *world) {
		w.drop("MMFF1.MSG", mmff("early", "body"))
		w.drop("MMFF2.MSG", "VERSION:3.00\r\n") // a handshake
		waiting := w.taking(w.Context(), w.session(peer), w.offer(w.session(peer), w.delivery("out", "body")))
		w.until(time.Minute, "the handshake is consumed, whatever the hours", func() bool { return w.sp.Status().Counters.HandshakesConsumed == 1 })
		for range 15 { // until half past seven nothing moves, and nobody is alarmed
			w.wait(30 * time.Minute)
			w.healthy(true)
		}
		if got := w.names(pcToMac); len(got) != 0 {
			t.Fatalf("published before the hours: %q", got)
		}
		if got := w.names(macToPC); !slices.Equal(got, []string{"MMFF1.MSG"}) {
			t.Fatalf("MACTOPC holds %q", got)
		}
		w.wait(31 * time.Minute)
		w.healthy(false)
		if got := w.arrived(store.Lane(peer)); !slices.Equal(got, []string{"early"}) {
			t.Errorf("claimed within the hours: %q", got)
		}
		if got := w.names(pcToMac); len(got) != 1 {
			t.Fatalf("published within the hours: %q", got)
		}
		<-waiting.done
		w.collect()
		// What is published just before the end may lie there over the night: the half sleeps, too.
		w.wait(9*time.Hour + 56*time.Minute)
		w.take(w.delivery("late", "body"))
		for range 27 {
			w.wait(30 * time.Minute)
			w.healthy(true)
		}
		// From the morning on it counts again.
		w.until(2*time.Hour, "the half that takes nothing in its hours is told of", func() bool { return w.leg(true).State == liveness.Down })
		if now := time.Now().UTC(); now.Hour() != 8 || now.Minute() < 9 {
			t.Errorf("told of at %s", now)
		}
	})
}

func TestConnectTimesWithInterval(t *testing.T) {
	bubble(t, sharetest.Options{}, func(o *spool.Options) { o.ConnectTimes = hours(t, "00:00-24:00 every 20m") }, func(w *world) {
		w.wait(2 * time.Minute)
		s := w.session(peer)
		for i := range 3 {
			w.drop(fmt.Sprintf("MMFF%d.MSG", i+1), mmff(fmt.Sprint("in ", i), "body"))
			waiting := w.taking(w.Context(), s, w.offer(s, w.delivery(fmt.Sprint("out ", i), "body")))
			w.wait(17 * time.Minute)
			if got := len(w.arrived(store.Lane(peer))); got != i {
				t.Fatalf("between two connections %d messages came", got)
			}
			if got := w.sp.Status().Counters.Published; got != uint64(i) {
				t.Fatalf("between two connections %d files were published", got)
			}
			for _, l := range w.sp.Legs() {
				if l.State != liveness.Up && l.State != liveness.Unknown {
					t.Fatalf("%s to %s is %s: %s", l.From, l.To, l.State, l.Reason)
				}
			}
			if l := w.leg(true); !slices.Contains(l.Conditions, liveness.ConditionOffHours) || !strings.Contains(l.Reason, "between two connections until ") {
				t.Fatalf("between two connections it says %q, %q", l.Conditions, l.Reason)
			}
			w.wait(3 * time.Minute)
			<-waiting.done
			if got := len(w.arrived(store.Lane(peer))); got != i+1 {
				t.Fatalf("with the connection %d messages came", got)
			}
			w.collect()
		}
	})
}

func TestPerCycle(t *testing.T) {
	bubble(t, sharetest.Options{}, func(o *spool.Options) { o.PerCycle, o.Order = 2, spool.Fast }, func(w *world) {
		w.wait(time.Second) // the minute has begun
		for i := range 7 {
			w.drop(fmt.Sprintf("MMFF%d.MSG", i+1), mmff(fmt.Sprint("in ", i), "body"))
		}
		var ds []*mail.Delivery
		for i := range 5 {
			ds = append(ds, w.delivery(fmt.Sprint("out ", i), "body"))
		}
		s := w.session(peer)
		waiting := w.taking(w.Context(), s, w.offer(s, ds...))
		for minute := range 4 {
			w.wait(50 * time.Second)
			in, out := len(w.arrived(store.Lane(peer))), int(w.sp.Status().Counters.Published)
			if in != min(7, 2*minute+2) || out != min(5, 2*minute+2) {
				t.Fatalf("after %d minutes %d came in and %d went out", minute+1, in, out)
			}
			w.wait(10 * time.Second)
		}
		<-waiting.done
		if waiting.err != nil {
			t.Error(waiting.err)
		}
		w.until(time.Minute, "the rest comes", func() bool { return len(w.arrived(store.Lane(peer))) == 7 })
		if want := "in 0 in 1 in 2 in 3 in 4 in 5 in 6"; strings.Join(w.arrived(store.Lane(peer)), " ") != want {
			t.Errorf("came as %q", w.arrived(store.Lane(peer)))
		}
	})
}

// TestStoppedInMidPublishing: what was staged when the process died is published in the next hours, and not before.
func TestStoppedInMidPublishing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sharetest.NewSpool(sharetest.Options{}), func(o *spool.Options) { o.ConnectTimes = hours(t, "00:00-01:00") })
		ctx, cancel := context.WithCancel(w.Context())
		defer cancel()
		w.dies("spool.publish.rename.before", func() {
			s := w.session(peer)
			w.taking(ctx, s, w.offer(s, w.delivery("staged", "body")))
		})
		cancel()
		w.wait(2 * time.Hour)
		w.start()
		defer w.stop()
		w.wait(time.Hour)
		if got := w.names(pcToMac); !slices.Equal(got, []string{"MMFF1.WRT"}) {
			t.Fatalf("outside the hours PCTOMAC holds %q", got)
		}
		w.wait(22 * time.Hour)
		if got := w.collect(); !slices.Equal(got, []string{"staged"}) {
			t.Errorf("within the hours came %q", got)
		}
	})
}

// TestSlowScansAreToldOf. KB Q133430: everything became slower over the months, and nothing said so.
func TestSlowScansAreToldOf(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.wait(time.Minute)
		for _, l := range w.sp.Status().Lists {
			if l.Count < 20 || l.Last != 0 || l.Longest != 0 {
				t.Errorf("a quick volume: %+v", l)
			}
		}
		w.us.Slow(6 * time.Second)
		w.wait(time.Minute)
		st := w.sp.Status()
		names := ""
		for _, l := range st.Lists {
			names += l.Directory + " "
			if l.Last != 6*time.Second || l.Longest != l.Last || l.Total < 2*l.Last {
				t.Errorf("a slow volume: %+v", l)
			}
		}
		if names != "BADMAIL MACTOPC PCTOMAC " {
			t.Errorf("times of %q", names)
		}
		if len(st.Alarms) != 1 || !strings.Contains(st.Alarms[0], "MACTOPC takes 6s") {
			t.Errorf("alarms: %q", st.Alarms)
		}
		for _, l := range st.Legs {
			if !slices.Contains(l.Conditions, handshake.SlowScan) {
				t.Errorf("%s to %s says %q", l.From, l.To, l.Conditions)
			}
		}
		w.us.Slow(0)
		w.wait(time.Minute)
		if st := w.sp.Status(); len(st.Alarms) != 0 || st.Lists[0].Longest != 6*time.Second {
			t.Errorf("afterwards: %q, %+v", st.Alarms, st.Lists)
		}
	})
}
