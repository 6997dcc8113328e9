package spool_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
	"sidegate/internal/liveness"
	"sidegate/internal/store"
)

// dies starts a spool that is killed at a fault point on the way of what do does, and leaves share and engine behind.
func (w *world) dies(point string, do func()) {
	w.Helper()
	w.kill = point
	w.start()
	do()
	for i := 0; ; i++ {
		select {
		case <-w.dead:
			w.cancel()
			<-w.done
			_ = w.st.Close() // its engine is gone
			w.cancel = nil
			return
		default:
		}
		if i > 600 {
			w.Fatalf("never came by %s", point)
		}
		w.wait(time.Second)
	}
}

// The rows of the recovery table: what lies in a directory at the start, what the journal says of it, and what comes of it.
func TestRecovery(t *testing.T) {
	long := mmff("left behind", strings.Repeat("text\r\n", 100))
	publish := func(w *world) {
		s := w.session(peer)
		d := w.delivery("ours", "x\n")
		ctx, cancel := context.WithCancel(w.Context())
		w.Cleanup(cancel)
		w.taking(ctx, s, w.offer(s, d))
	}
	rename := func(w *world, from, to string) {
		w.Helper()
		if err := w.half.Rename(from, to); err != nil {
			w.Fatal(err)
		}
	}
	for _, c := range []struct {
		name    string
		before  func(w *world) // up to the death
		then    func(w *world) // while nobody runs
		watch   time.Duration  // after the start
		out     []string       // in PCTOMAC then
		in      []string       // in MACTOPC
		got     []string       // subjects that the half finds in PCTOMAC
		arrived []string
		bad     int
		strikes uint64
		after   func(w *world)
	}{
		{name: "our .WRT, journal STAGING", before: func(w *world) { w.dies("spool.stage.write.after", func() { publish(w) }) }},
		{name: "our .WRT, journal STAGED, whole", before: func(w *world) { w.dies("spool.staged.journal.after", func() { publish(w) }) },
			out: []string{"MMFF1.MSG"}, got: []string{"ours"}},
		{name: "our .WRT, journal STAGED, torn", before: func(w *world) { w.dies("spool.staged.journal.after", func() { publish(w) }) },
			then: func(w *world) {
				if err := w.half.Overwrite(pcToMac+"/MMFF1.WRT", []byte("VERSION:3.00\r\n\x00\x00\x00\x00\x00")); err != nil {
					w.Fatal(err)
				}
			}, out: []string{"MMFF1.MSG"}, got: []string{"ours"}},
		{name: "journal STAGED, renamed, taken by the half", before: func(w *world) { w.dies("spool.publish.rename.after", func() { publish(w) }) },
			then: func(w *world) { w.collect() }},
		{name: "journal STAGED, renamed, claimed by the half", before: func(w *world) { w.dies("spool.publish.rename.after", func() { publish(w) }) },
			then: func(w *world) { rename(w, pcToMac+"/MMFF1.MSG", pcToMac+"/MMFF1.RDG") }, out: []string{"MMFF1.RDG"}},
		{name: "journal STAGED, nothing left, the directory replaced", before: func(w *world) { w.dies("spool.staged.journal.after", func() { publish(w) }) },
			then: func(w *world) { w.share.Replace(pcToMac) }, out: []string{"MMFF1.MSG"}, got: []string{"ours"}},
		{name: "a .WRT in our directory, journal nothing", then: func(w *world) { _ = w.half.Drop(pcToMac+"/MMFF1.WRT", "VERSION") },
			out: []string{"MMFF1.WRT"}, strikes: 1},
		{name: "the half's .WRT", then: func(w *world) { w.drop("MMFF1.WRT", long) }, watch: 25 * time.Hour / 50, in: []string{"MMFF1.WRT"}},
		{name: "inbound .RDG, journal CLAIMING", before: func(w *world) {
			w.dies("spool.claim.rename.after", func() { w.drop("MMFF1.MSG", long) })
		}, arrived: []string{"left behind"}},
		{name: "inbound .RDG, journal CLAIMING, replaced by another file", before: func(w *world) {
			w.dies("spool.claim.rename.after", func() { w.drop("MMFF1.MSG", long) })
		}, then: func(w *world) {
			if err := w.half.Overwrite(macToPC+"/MMFF1.RDG", []byte(mmff("another", "x"))); err != nil {
				w.Fatal(err)
			}
		}, arrived: []string{"another"}},
		{name: "inbound .RDG, imported", before: func(w *world) {
			w.dies("spool.import.after", func() { w.drop("MMFF1.MSG", long) })
		}, arrived: []string{"left behind"}},
		{name: "inbound .RDG, imported, the hash differs", before: func(w *world) {
			w.dies("spool.import.after", func() { w.drop("MMFF1.MSG", long) })
		}, then: func(w *world) {
			if err := w.half.Overwrite(macToPC+"/MMFF1.RDG", []byte(mmff("another", "x"))); err != nil {
				w.Fatal(err)
			}
		}, arrived: []string{"left behind", "another"}},
		{name: "inbound .RDG, journal nothing", then: func(w *world) { w.drop("mmff7.rdg", long) }, arrived: []string{"left behind"}},
		{name: "MSGATE.RDG of a predecessor", then: func(w *world) { w.drop("MSGATE.RDG", long) }, arrived: []string{"left behind"}},
		{name: "inbound .DEL, imported", before: func(w *world) {
			w.dies("spool.delete.rename.after", func() { w.drop("MMFF1.MSG", long) })
		}, arrived: []string{"left behind"}},
		{name: "inbound .DEL, known and over", before: func(w *world) {
			w.dies("spool.done.after", func() { w.drop("MMFF1.MSG", long) })
		}, then: func(w *world) { w.drop("MMFF1.DEL", long) }, arrived: []string{"left behind"}},
		{name: "inbound .DEL, unknown", then: func(w *world) { w.drop("MMFF1.DEL", long) }, bad: 1},
		{name: "inbound .DEL, a handshake", then: func(w *world) { w.drop("MMFF1.DEL", "VERSION:3.00\r\n") }},
		{name: ".MSG and .RDG of one slot", then: func(w *world) {
			w.drop("MMFF1.MSG", mmff("second", strings.Repeat("text\r\n", 100)))
			w.drop("MMFF1.RDG", mmff("first", strings.Repeat("text\r\n", 100)))
		}, arrived: []string{"first", "second"}},
		{name: "outbound .RDG, published", before: func(w *world) {
			w.start()
			w.take(w.delivery("ours", "x\n"))
			w.crash()
		}, then: func(w *world) { rename(w, pcToMac+"/MMFF1.MSG", pcToMac+"/MMFF1.RDG") }, watch: 11 * time.Minute, out: []string{"MMFF1.RDG"},
			after: func(w *world) {
				w.take(w.delivery("next", "x\n"))
				if got := w.names(pcToMac); !cmp.Equal(got, []string{"MMFF1.RDG", "MMFF2.MSG"}) {
					w.Errorf("the other slots do not go on: %v", got)
				}
			}},
		{name: "outbound .MSG, published", before: func(w *world) {
			w.start()
			w.take(w.delivery("ours", "x\n"))
			w.crash()
		}, out: []string{"MMFF1.MSG"}, got: []string{"ours"}},
		{name: "outbound MSGATE.RDG: the file that vanished last is undecided", before: func(w *world) {
			w.start()
			w.take(w.delivery("ours", "x\n"))
			w.crash()
		}, then: func(w *world) { rename(w, pcToMac+"/MMFF1.MSG", pcToMac+"/MSGATE.RDG") }, out: []string{"MSGATE.RDG"},
			after: func(w *world) {
				if got := w.sp.Status().Counters.Consumed; got != 0 {
					w.Errorf("believed consumed")
				}
				rename(w, pcToMac+"/MSGATE.RDG", pcToMac+"/MMFF1.MSG") // the old reader gives up
				w.wait(10 * time.Second)
			}, got: []string{"ours"}},
		{name: "our handshake, being written", before: func(w *world) {
			w.change = func(o *spool.Options) { o.Aging = time.Hour }
			w.dies("spool.own.write.after", func() {})
		}},
		{name: "a handshake of the half, claimed", before: func(w *world) {
			w.dies("spool.handshake.claim.after", func() { w.drop("MMFF1.MSG", "VERSION:3.00\r\n") })
		}},
		{name: "two equal messages in one file, killed between them", before: func(w *world) {
			w.dies("spool.import.after", func() { w.drop("MMFF1.MSG", long+long) })
		}, arrived: []string{"left behind", "left behind"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, sharetest.NewSpool(sharetest.Options{}), nil)
				if c.before != nil {
					c.before(w)
				}
				if c.then != nil {
					c.then(w)
				}
				for again := range 2 { // the second start finds nothing to do
					w.start()
					w.wait(max(c.watch, time.Minute))
					if diff := cmp.Diff(append([]string{}, c.out...), w.names(pcToMac)); diff != "" && again == 0 {
						t.Error("PCTOMAC:", diff)
					}
					if diff := cmp.Diff(append([]string{}, c.in...), w.names(macToPC)); diff != "" {
						t.Error("MACTOPC:", diff)
					}
					if diff := cmp.Diff(c.arrived, w.arrived(store.Lane(peer))); diff != "" {
						t.Error("arrived:", diff)
					}
					if bad, err := w.st.BadMail("", 10); err != nil || len(bad) != c.bad {
						t.Errorf("%d pieces of bad mail, %v", len(bad), err)
					}
					if got := w.sp.Status().Counters.Strikes; got != c.strikes {
						t.Errorf("%d strikes", got)
					}
					if again == 0 && c.after != nil {
						c.after(w)
					}
					if again == 0 && c.got != nil {
						if diff := cmp.Diff(c.got, w.collect()); diff != "" {
							t.Error("the half got:", diff)
						}
						w.wait(10 * time.Second)
					}
					w.stop()
				}
			})
		})
	}
}

// A file in the middle of whose parsing we stopped twice is put away unparsed; everything else goes on.
func TestCrashSuspect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sharetest.NewSpool(sharetest.Options{}), nil)
		poison := mmff("poison", strings.Repeat("text\r\n", 100))
		w.drop("MMFF1.MSG", poison)
		for i := range 8 {
			w.drop(fmt.Sprintf("MMFF%d.MSG", i+2), mmff(fmt.Sprint(i), "x"))
		}
		w.dies("spool.claim.journal.after", func() {})
		w.dies("spool.claim.journal.after", func() {})
		w.start()
		w.until(time.Minute, "the others", func() bool { return len(w.arrived(store.Lane(peer))) == 8 })
		bad, err := w.st.BadMail("", 10)
		if err != nil || len(bad) != 1 || bad[0].Reason != spool.ReasonPoison {
			t.Errorf("bad mail %+v, %v", bad, err)
		}
		if err := w.half.Rename("BADMAIL/BAD00001.MSG", macToPC+"/MMFF1.MSG"); err != nil {
			t.Fatal(err)
		}
		w.until(time.Minute, "the file that was dropped again", func() bool { return len(w.arrived(store.Lane(peer))) == 9 })
		w.stop()
	})
}

// Ages are observed running time, over restarts.
func TestAgesAreCarried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sharetest.NewSpool(sharetest.Options{ClockOff: -50 * 365 * 24 * time.Hour}), nil)
		w.start()
		w.take(w.delivery("stuck", "x\n"))
		w.drop("MMFF1.MSG", mmff("cut", strings.Repeat("x", 600))[:400])
		for range 4 {
			w.wait(8 * time.Minute)
			w.stop()
			time.Sleep(48 * time.Hour) // nobody watches
			w.start()
		}
		w.wait(time.Second)
		for _, slot := range w.sp.Status().Slots {
			if slot.Age < 28*time.Minute || slot.Age > 33*time.Minute {
				t.Errorf("%s/%s is %v old", slot.Directory, slot.FileName, slot.Age)
			}
		}
		if l := w.leg(true); l.State != liveness.Down || !strings.Contains(l.Reason, "MMFF1.MSG") {
			t.Errorf("leg %+v", l)
		}
		w.stop()
	})
}
