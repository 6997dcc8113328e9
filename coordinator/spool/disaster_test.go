package spool_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/handshake"
	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
	"sidegate/internal/link"
	"sidegate/internal/liveness"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

func TestSlotsFull(t *testing.T) {
	bubble(t, sharetest.Options{}, func(o *spool.Options) { o.Slots = 3 }, func(w *world) {
		w.wait(3 * time.Second)
		if n, bytes := w.sp.Window(peer); n != 3 || bytes <= 0 {
			t.Errorf("window %d, %d", n, bytes)
		}
		w.take(w.delivery("1", "x\n"), w.delivery("2", "x\n"), w.delivery("3", "x\n"))
		s := w.session(peer)
		waiting := w.taking(w.Context(), s, w.offer(s, w.delivery("4", "x\n"), w.delivery("5", "x\n")))
		so := w.session(other)
		fromOther := w.taking(w.Context(), so, w.offer(so, w.delivery("6", "x\n")))
		w.wait(5 * time.Minute)
		if diff := cmp.Diff([]string{"MMFF1.MSG", "MMFF2.MSG", "MMFF3.MSG"}, w.names(pcToMac)); diff != "" {
			t.Fatal(diff)
		}
		l := w.leg(true)
		if l.Depth != 6 || !cmp.Equal(l.Conditions, []string{liveness.ConditionSlotsFull}) || !strings.HasPrefix(l.Reason, "all 3 slots full for 5m") {
			t.Errorf("leg %+v", l)
		}
		if n, _ := w.sp.Window(peer); n != 0 {
			t.Errorf("a peer with work at the door may have %d more", n)
		}
		if n, _ := w.sp.Window("0197a000-0000-7000-8000-000000000003"); n != 1 {
			t.Errorf("a peer without any may have %d", n)
		}
		var got []string
		w.until(time.Minute, "all six", func() bool { got = append(got, w.collect()...); return len(got) == 6 })
		for _, take := range []*taking{waiting, fromOther} {
			<-take.done
			if take.err != nil {
				t.Error(take.err)
			}
		}
		if diff := cmp.Diff([]string{"1", "2", "3"}, got[:3]); diff != "" {
			t.Error(diff)
		}
		w.until(10*time.Second, "the window is open", func() bool { n, _ := w.sp.Window(peer); return n == 3 })
	})
}

// A session that ends while its mail waits for a slot takes nothing along; the next session offers it again.
func TestSessionEndsAtTheDoor(t *testing.T) {
	bubble(t, sharetest.Options{}, func(o *spool.Options) { o.Slots = 1 }, func(w *world) {
		w.take(w.delivery("1", "x\n"))
		s := w.session(peer)
		second := w.delivery("2", "x\n")
		as := w.offer(s, second)
		ctx, cancel := context.WithCancel(w.Context())
		first := w.taking(ctx, s, as)
		w.wait(10 * time.Second)
		cancel()
		<-first.done
		if !errors.Is(first.err, context.Canceled) {
			t.Errorf("ended with %v", first.err)
		}
		s = w.session(peer)
		again := w.taking(w.Context(), s, as)
		var got []string
		w.until(time.Minute, "both", func() bool { got = append(got, w.collect()...); return len(got) == 2 })
		w.wait(time.Minute)
		if got = append(got, w.collect()...); !cmp.Equal(got, []string{"1", "2"}) {
			t.Errorf("the half got %v", got)
		}
		if <-again.done; again.err != nil {
			t.Error(again.err)
		}
	})
}

// A session that is no longer current changes nothing in the books, and what it wrote is recognised.
func TestFenced(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		old := w.session(peer)
		d := w.delivery("1", "x\n")
		now := w.session(peer)
		_, err := w.sp.Take(w.Context(), old, []link.Arrival{{Seq: 1, Delivery: d}})
		if !errors.Is(err, store.ErrFenced) {
			t.Errorf("ended with %v", err)
		}
		if _, err := w.sp.Take(w.Context(), now, []link.Arrival{{Seq: 1, Delivery: d}, {Seq: 2, Void: true}}); err != nil {
			t.Fatal(err)
		}
		if got := w.st.Inbound(peer).Through; got != 2 {
			t.Errorf("the books say %d", got)
		}
		if got := w.collect(); !cmp.Equal(got, []string{"1"}) {
			t.Errorf("the half got %v", got)
		}
	})
}

func TestTooLargeComesBack(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		d := w.delivery("large", strings.Repeat("x", 120<<10))
		w.take(d, w.delivery("small", "x\n"))
		if got := w.collect(); !cmp.Equal(got, []string{"small"}) {
			t.Errorf("the half got %v", got)
		}
		if got := w.arrived(store.Lane(peer)); !cmp.Equal(got, []string{"Undeliverable Mail"}) {
			t.Errorf("the sender got %v", got)
		}
		if got := w.st.Inbound(peer).Through; got != 2 {
			t.Errorf("the books say %d", got)
		}
	})
}

func TestOwnReports(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		d := w.delivery("report", "x\n")
		for range 2 { // offered twice, as after a crash
			outcomes, err := w.sp.Accept(w.Context(), []*mail.Delivery{d})
			if err != nil || len(outcomes) != 1 || len(outcomes[0].Exceptions) != 0 {
				t.Fatalf("%v, %v", outcomes, err)
			}
		}
		if got := w.collect(); !cmp.Equal(got, []string{"report"}) {
			t.Errorf("the half got %v", got)
		}
	})
}

// Everything vanishes at once while the half gives no sign: the messages are kept, in doubt. With a sign they are believed
// consumed, without one they can be written again.
func TestDoubtful(t *testing.T) {
	for _, c := range []struct {
		name  string
		after func(w *world)
		files int
		got   []string
		event string
	}{
		{"no sign", func(w *world) {}, 2, nil, "relayed doubtful"},
		{"a sign afterwards", func(w *world) { w.drop("MMFF1.MSG", mmff("alive", "x")) }, 2, nil, "relayed doubtful consumed"},
		{"written again", func(w *world) {
			ids, err := w.sp.Republish(w.Context(), nil)
			if err != nil || len(ids) != 2 {
				t.Errorf("%v, %v", ids, err)
			}
		}, 2, []string{"0", "1"}, "relayed doubtful relayed consumed"},
		{"one file is no sweep", func(w *world) {}, 1, nil, "relayed consumed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, sharetest.Options{}, nil, func(w *world) {
				var ds []*mail.Delivery
				for i := range c.files {
					ds = append(ds, w.delivery(fmt.Sprint(i), "x\n"))
				}
				w.take(ds...)
				w.wait(10 * time.Second)
				for _, name := range w.names(pcToMac) {
					if err := w.half.Remove(pcToMac + "/" + name); err != nil {
						t.Fatal(err)
					}
				}
				w.wait(10 * time.Second)
				if st := w.sp.Status(); (len(st.Doubtful) > 0) != (c.files > 1) || (len(st.Alarms) > 0) != (c.files > 1) {
					t.Errorf("status %+v", st)
				}
				c.after(w)
				w.wait(10 * time.Second)
				if got := w.collect(); !cmp.Equal(got, c.got) {
					t.Errorf("the half got %q", got)
				}
				w.wait(10 * time.Second)
				if got := w.events(ds[0].Message.ID); got != c.event {
					t.Errorf("events %q, want %q", got, c.event)
				}
			})
		})
	}
}

// The directory is another one than before: what is missing in it was not taken, and no sign of the half changes that.
func TestDirectoryReplaced(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.take(w.delivery("1", "x\n"))
		w.wait(5 * time.Second)
		w.share.Replace(pcToMac)
		w.wait(5 * time.Second)
		w.drop("MMFF1.MSG", mmff("alive", "x"))
		w.wait(20 * time.Second)
		if st := w.sp.Status(); len(st.Doubtful) != 1 || st.Counters.Consumed != 0 {
			t.Fatalf("status %+v", st)
		}
		if _, err := w.sp.Republish(w.Context(), nil); err != nil {
			t.Fatal(err)
		}
		w.wait(5 * time.Second)
		if got := w.collect(); !cmp.Equal(got, []string{"1"}) {
			t.Errorf("the half got %v", got)
		}
	})
}

// The marker is gone: another volume is mounted there, or none. Nothing is concluded.
func TestWrongVolume(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.take(w.delivery("1", "x\n"), w.delivery("2", "x\n"))
		w.wait(5 * time.Second)
		id, err := w.half.Read("SIDEGATE.ID")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.half.Remove("SIDEGATE.ID"); err != nil {
			t.Fatal(err)
		}
		w.collect()
		w.wait(time.Minute)
		if l := w.leg(true); l.State != liveness.ShareDown || w.sp.Status().Counters.Consumed != 0 {
			t.Errorf("leg %+v, %+v", l, w.sp.Status().Counters)
		}
		if err := w.half.Drop("SIDEGATE.ID", id); err != nil {
			t.Fatal(err)
		}
		w.wait(10 * time.Second)
		if l := w.leg(true); l.State == liveness.ShareDown {
			t.Errorf("leg %+v", l)
		}
	})
}

func TestShareDownAndBack(t *testing.T) {
	for _, fault := range []error{syscall.EIO, syscall.ESTALE, syscall.ENOTCONN} {
		t.Run(fault.Error(), func(t *testing.T) {
			bubble(t, sharetest.Options{}, nil, func(w *world) {
				w.take(w.delivery("before", "x\n"))
				w.drop("MMFF1.MSG", mmff("in", "x"))
				w.us.Down(fault)
				s := w.session(peer)
				take := w.taking(w.Context(), s, w.offer(s, w.delivery("during", "x\n")))
				w.wait(10 * time.Minute)
				for _, l := range w.sp.Legs() {
					if l.State != liveness.ShareDown || l.Reason == "" {
						t.Errorf("leg %+v", l)
					}
				}
				w.us.Up()
				var got []string
				w.until(time.Minute, "mail both ways", func() bool {
					got = append(got, w.collect()...)
					return len(got) == 2 && len(w.arrived(store.Lane(peer))) == 1
				})
				if <-take.done; take.err != nil {
					t.Error(take.err)
				}
				if diff := cmp.Diff([]string{"before", "during"}, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// The volume is full: the .WRT that was begun goes, the mail waits, and goes when there is room.
func TestShareFull(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.drop("MMFF1.MSG", mmff("in", "x"))
		w.share.Full(true)
		s := w.session(peer)
		take := w.taking(w.Context(), s, w.offer(s, w.delivery("1", "x\n"), w.delivery("2", "x\n")))
		w.wait(5 * time.Minute)
		if got := w.names(pcToMac); len(got) != 0 {
			t.Errorf("left behind: %v", got)
		}
		if l := w.leg(true); l.State != liveness.Stalled || l.Depth != 2 || !cmp.Equal(l.Conditions, []string{handshake.ShareFull}) {
			t.Errorf("leg %+v", l)
		}
		if got := w.arrived(store.Lane(peer)); !cmp.Equal(got, []string{"in"}) {
			t.Errorf("mail does not come in: %v", got)
		}
		w.share.Full(false)
		var got []string
		w.until(3*time.Minute, "both", func() bool { got = append(got, w.collect()...); return len(got) == 2 })
		if <-take.done; take.err != nil {
			t.Error(take.err)
		}
	})
}

// Calls that are done and reported as failed, or that fail now and then, lose and double nothing.
func TestUnreliableCalls(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault func(n int, op sharetest.Op) error
	}{
		{"every 53rd call fails", func(n int, op sharetest.Op) error {
			if n%53 == 0 {
				return syscall.EIO
			}
			return nil
		}},
		{"every third rename is a sharing violation", func(n int, op sharetest.Op) error {
			if op.Name == "rename" && n%3 == 0 {
				return syscall.EBUSY
			}
			return nil
		}},
		{"every other removal is refused", func(n int, op sharetest.Op) error {
			if op.Name == "remove" && n%2 == 0 {
				return syscall.EACCES
			}
			return nil
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, sharetest.Options{}, nil, func(w *world) {
				n := 0
				w.us.Fault(func(op sharetest.Op) error {
					if op.Name == "rename" || op.Name == "remove" || strings.HasPrefix(c.name, "every 53rd") {
						n++
					}
					return c.fault(n, op)
				})
				s := w.session(peer)
				ds := []*mail.Delivery{w.delivery("1", "x\n"), w.delivery("2", "x\n"), w.delivery("3", "x\n")}
				w.taking(w.Context(), s, w.offer(s, ds...))
				for i := range 5 {
					w.drop(fmt.Sprintf("MMFF%d.MSG", i+1), mmff(fmt.Sprint(i), "x"))
				}
				var got []string
				defer func() { t.Logf("the half got %v, we got %v", got, w.arrived(store.Lane(peer))) }()
				w.until(time.Hour, "all mail", func() bool {
					got = append(got, w.collect()...)
					return len(w.unrepeated(got, ds)) == 3 && len(w.arrived(store.Lane(peer))) == 5 && len(w.names(macToPC)) == 0
				})
				w.wait(5 * time.Minute)
				got = append(got, w.collect()...)
				if once := w.unrepeated(got, ds); !cmp.Equal(once, []string{"1", "2", "3"}) || len(w.arrived(store.Lane(peer))) != 5 {
					t.Errorf("the half got %v, we got %v", got, w.arrived(store.Lane(peer)))
				}
				w.us.Fault(nil)
			})
		})
	}
	t.Run("renames done and reported as failed", func(t *testing.T) {
		bubble(t, sharetest.Options{}, nil, func(w *world) {
			w.us.FalseRenames(1000)
			w.take(w.delivery("1", "x\n"), w.delivery("2", "x\n"))
			w.drop("MMFF1.MSG", mmff("in", "x"))
			w.until(time.Minute, "mail", func() bool { return len(w.arrived(store.Lane(peer))) == 1 && len(w.names(macToPC)) == 0 })
			if got := w.collect(); !cmp.Equal(got, []string{"1", "2"}) {
				t.Errorf("the half got %v", got)
			}
		})
	})
}

// unrepeated leaves out second copies that were declared: when the volume fails between the release of a file and its
// record, and nothing of the file is left, it is written again, and the trace says so. Any other copy stays in.
func (w *world) unrepeated(got []string, ds []*mail.Delivery) []string {
	declared := map[string]int{}
	for _, d := range ds {
		traces, err := w.st.Trace(d.Message.ID)
		if err != nil {
			w.Fatal(err)
		}
		for _, t := range traces {
			if strings.Contains(t.Detail, "possible duplicate") {
				declared[d.Message.Subject]++
			}
		}
	}
	var once []string
	seen := map[string]bool{}
	for _, g := range got {
		if seen[g] && declared[g] > 0 {
			declared[g]--
			continue
		}
		seen[g] = true
		once = append(once, g)
	}
	return once
}

// Listings that lag behind, and names that are not listed but can be opened, are believed neither way.
func TestListingsThatLie(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.us.HideListing("MMFF2.*")
		w.take(w.delivery("1", "x\n"), w.delivery("2", "x\n"))
		w.wait(time.Minute)
		if got := w.sp.Status().Counters.Consumed; got != 0 {
			t.Errorf("%d believed consumed that are there", got)
		}
		w.drop("MMFF2.MSG", mmff("unlisted", "x"))
		w.until(3*time.Minute, "found by name", func() bool { return len(w.arrived(store.Lane(peer))) == 1 })
		w.us.HideListing()
		w.us.Lag(30 * time.Second)
		w.wait(time.Minute)
		for i := range 20 {
			s := w.session(peer)
			w.taking(w.Context(), s, w.offer(s, w.delivery(fmt.Sprint("late ", i), "x\n")))
		}
		var got []string
		w.until(20*time.Minute, "all of them", func() bool { got = append(got, w.collect()...); return len(got) == 22 })
		w.wait(5 * time.Minute)
		if more := w.collect(); len(more) != 0 {
			t.Errorf("more than was sent: %v", more)
		}
	})
}

// KB Q117581: straight to .MSG, slowly, with a long pause; and a file that never becomes whole.
func TestHalfWrittenFiles(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		whole := mmff("slow", strings.Repeat("line\r\n", 200))
		w.drop("MMFF1.MSG", whole[:30])
		for at := 30; at < len(whole); at += 100 {
			w.wait(time.Second)
			if at > 600 && at < 700 {
				w.wait(10 * time.Minute)
			}
			if err := w.half.Append(macToPC+"/MMFF1.MSG", whole[at:min(len(whole), at+100)]); err != nil {
				t.Fatal(err)
			}
		}
		w.until(15*time.Second, "the slow one", func() bool { return len(w.arrived(store.Lane(peer))) == 1 })
		w.drop("MMFF2.MSG", whole[:300])
		w.wait(29 * time.Minute)
		if got := w.sp.Status(); got.Counters.BadMailFiles != 0 || len(got.Slots) != 1 || got.Slots[0].State != "incomplete" {
			t.Errorf("status %+v", got)
		}
		w.until(3*time.Minute, "bad mail after half an hour", func() bool { return w.sp.Status().Counters.BadMailFiles == 1 })
	})
}

// An empty file is no mail and no handshake until it has been watched; what grows in it afterwards is mail.
func TestEmptyFile(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.drop("MMFF1.MSG", "")
		w.wait(8 * time.Second)
		if got := w.names(macToPC); !cmp.Equal(got, []string{"MMFF1.MSG"}) {
			t.Fatalf("too early: %v", got)
		}
		w.wait(10 * time.Second)
		if got := w.names(macToPC); !cmp.Equal(got, []string{"MMFF1.DEL"}) {
			t.Fatalf("not consumed: %v", got)
		}
		w.wait(5 * time.Minute)
		if err := w.half.Append(macToPC+"/MMFF1.DEL", mmff("late", "x")); err != nil {
			t.Fatal(err)
		}
		w.until(30*time.Second, "the mail", func() bool { return cmp.Equal(w.arrived(store.Lane(peer)), []string{"late"}) })
		w.drop("MMFF1.MSG", "")
		w.wait(20 * time.Second)
		w.drop("MMFF1.MSG", "") // the next one, before T is over
		w.wait(20 * time.Second)
		if got := w.names(macToPC); !cmp.Equal(got, []string{"MMFF1.DEL"}) {
			t.Errorf("%v", got)
		}
		w.until(11*time.Minute, "nothing left", func() bool { return len(w.names(macToPC)) == 0 })
	})
}

// Things with the name of a slot that are no files are never touched, and the slots count as taken.
func TestOddEntries(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		for i, dir := range []string{macToPC, pcToMac} {
			if err := w.half.Mkdir(dir + "/MMFF1.MSG"); err != nil {
				t.Fatal(err)
			}
			w.share.Link(dir + "/MMFF2.MSG")
			w.share.Fifo(dir + "/MMFF3.RDG")
			w.wait(time.Duration(i) * time.Second)
		}
		w.drop("MMFF4.MSG", mmff("fine", "x"))
		w.until(20*time.Second, "the mail", func() bool { return len(w.arrived(store.Lane(peer))) == 1 })
		w.take(w.delivery("out", "x\n"))
		if got := w.names(pcToMac); !cmp.Equal(got, []string{"MMFF1.MSG", "MMFF2.MSG", "MMFF3.RDG", "MMFF4.MSG"}) {
			t.Errorf("%v", got)
		}
		w.wait(48 * time.Hour / 24)
		if got := w.names(macToPC); !cmp.Equal(got, []string{"MMFF1.MSG", "MMFF2.MSG", "MMFF3.RDG"}) {
			t.Errorf("%v", got)
		}
	})
}

// A file that panics, hangs or cannot be moved delays nobody.
func TestOneBadFileDelaysNobody(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.us.Fault(func(op sharetest.Op) error {
			if strings.HasSuffix(op.Path, "MMFF2.MSG") && (op.Name == "rename" || op.Name == "open") {
				return syscall.EACCES
			}
			if strings.HasPrefix(op.To, "BADMAIL/") {
				return syscall.EACCES
			}
			return nil
		})
		for i := range 10 {
			text := mmff(fmt.Sprint(i), "x")
			if i == 3 {
				text = strings.Replace(text, "SUBJECT:", "SUBJECT", 1)
			}
			w.drop(fmt.Sprintf("MMFF%d.MSG", i+1), text)
		}
		w.until(time.Minute, "the others", func() bool { return len(w.arrived(store.Lane(peer))) == 8 })
		w.wait(time.Hour)
		if bad, err := w.st.BadMail("", 10); err != nil || len(bad) != 1 {
			t.Errorf("bad mail %v, %v", bad, err)
		}
		if got := w.names(macToPC); !cmp.Equal(got, []string{"MMFF2.MSG", "MMFF4.RDG"}) {
			t.Errorf("%v", got)
		}
		w.us.Fault(nil)
		w.until(10*time.Minute, "everything", func() bool { return len(w.names(macToPC)) == 0 && len(w.arrived(store.Lane(peer))) == 9 })
	})
}

// KB Q119022: the third equal file within ten minutes is held.
func TestRepeatedFile(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		for range 5 {
			w.drop("MMFF1.MSG", mmff("again", "and again"))
			w.until(20*time.Second, "read", func() bool { return len(w.names(macToPC)) == 0 })
		}
		if in, held := len(w.arrived(store.Lane(peer))), len(w.arrived(store.LaneHeld)); in != 2 || held != 3 {
			t.Errorf("%d in, %d held", in, held)
		}
		if len(w.sp.Status().Alarms) != 1 {
			t.Errorf("alarms %q", w.sp.Status().Alarms)
		}
		w.wait(11 * time.Minute)
		w.drop("MMFF1.MSG", mmff("again", "and again"))
		w.until(20*time.Second, "after a while", func() bool { return len(w.arrived(store.Lane(peer))) == 3 })
	})
}

// What we publish and the half sends back keeps its ID; the second time it comes back it is a loop.
func TestLoop(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		d := w.delivery("round", "and round\n", mail.MustAddress("NET/PO/LIST"))
		w.take(d)
		files, err := w.half.Collect(pcToMac)
		if err != nil {
			t.Fatal(err)
		}
		w.drop("MMFF1.MSG", files[0])
		w.until(20*time.Second, "the first return", func() bool { return len(w.arrived(store.Lane(peer))) == 1 })
		entries, err := w.st.Entries(store.Lane(peer), 0, 10)
		if err != nil || entries[0].MessageID != d.Message.ID {
			t.Errorf("it came back as %v, not as %s (%v)", entries, d.Message.ID, err)
		}
		w.drop("MMFF1.MSG", files[0])
		w.until(20*time.Second, "the second", func() bool { return len(w.names(macToPC)) == 0 })
		bad, err := w.st.BadMail("", 10)
		if err != nil || len(bad) != 1 || bad[0].Reason != "LOOP" {
			t.Errorf("bad mail %+v, %v", bad, err)
		}
	})
}

func TestPowerCutOfTheServer(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.take(w.delivery("1", "x\n"))
		w.drop("MMFF1.MSG", mmff("in", "x"))
		w.us.Down(syscall.EIO)
		w.share.PowerCut()
		w.wait(time.Minute)
		w.us.Up()
		w.until(time.Minute, "mail both ways", func() bool { return len(w.arrived(store.Lane(peer))) == 1 })
		if got := w.collect(); !cmp.Equal(got, []string{"1"}) {
			t.Errorf("the half got %v: it was flushed", got)
		}
	})
}

func TestLowerCaseVolume(t *testing.T) {
	bubble(t, sharetest.Options{LowerCase: true, NoIDs: true, NoDirSync: true, ClockOff: 3 * time.Hour}, nil, func(w *world) {
		w.take(w.delivery("1", "x\n"))
		w.drop("MMFF1.MSG", mmff("in", "x"))
		if got := w.names(pcToMac); !cmp.Equal(got, []string{"mmff1.msg"}) {
			t.Errorf("%v", got)
		}
		w.until(20*time.Second, "the mail", func() bool { return len(w.arrived(store.Lane(peer))) == 1 })
		w.collect()
		w.until(20*time.Second, "consumed", func() bool { return w.sp.Status().Counters.Consumed == 1 })
		for _, want := range []string{"lower case", "no lasting numbers", "flushed", "3h0m0s"} {
			if !strings.Contains(strings.Join(w.sp.Status().Findings, "\n"), want) {
				t.Errorf("no finding about %q: %q", want, w.sp.Status().Findings)
			}
		}
	})
}
