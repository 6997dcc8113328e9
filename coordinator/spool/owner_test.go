package spool_test

import (
	"bytes"
	"context"
	"errors"
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
	"sidegate/internal/store/storetest"
)

// twin is a second coordinator on the same share, with a state of its own unless given one.
func (w *world) twin(engine *storetest.Memory, change func(*spool.Options)) *world {
	v := newWorld(w.T, w.share, change)
	if engine != nil {
		v.engine = engine
	}
	return v
}

func TestWhatCannotBeOpened(t *testing.T) {
	for _, c := range []struct {
		name        string
		do          func(w *world) // to the share
		want        string         // in the error; empty: opens
		adopt, init bool
	}{
		{name: "nothing there", do: func(w *world) { w.share = sharetest.New(sharetest.Options{}) },
			want: "not found: //coordinator/INI, //coordinator/BADMAIL, //coordinator/MISC, //coordinator/STORE, //coordinator/STORE/MACTOPC, //coordinator/STORE/PCTOMAC"},
		{name: "nothing there, made", do: func(w *world) { w.share = sharetest.New(sharetest.Options{}) }, init: true},
		{name: "two spellings", do: func(w *world) { _ = w.half.Mkdir("store") }, want: "differ in letter case only"},
		{name: "a file in a directory's place", do: func(w *world) {
			w.share = sharetest.New(sharetest.Options{})
			_ = w.share.Client("x").Drop("INI", "x")
		}, want: "is not a directory"},
		{name: "lower case", do: func(w *world) {
			w.share = sharetest.New(sharetest.Options{})
			for _, d := range []string{"ini", "badmail", "Misc", "store", "store/mactopc", "store/PcToMac"} {
				_ = w.share.Client("x").Mkdir(d)
			}
		}},
		{name: "another store's spool", do: func(w *world) { first := w.twin(nil, nil); first.start(); first.wait(time.Second); first.stop() },
			want: "belongs to the store"},
		{name: "another store's spool, adopted", do: func(w *world) { first := w.twin(nil, nil); first.start(); first.wait(time.Second); first.stop() }, adopt: true},
		{name: "another spool than the store's", do: func(w *world) {
			first := w.twin(w.engine, nil)
			first.start()
			first.stop()
			w.engine, w.share = first.engine, sharetest.NewSpool(sharetest.Options{})
		}, want: "is the volume mounted?"},
		{name: "init over a known spool", do: func(w *world) {
			first := w.twin(w.engine, nil)
			first.start()
			first.stop()
			w.engine = first.engine
		}, init: true},
		{name: "init where a known spool was", do: func(w *world) {
			first := w.twin(w.engine, nil)
			first.start()
			first.stop()
			w.engine, w.share = first.engine, sharetest.New(sharetest.Options{})
		}, init: true, want: "which this store knows: is the volume mounted?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, sharetest.NewSpool(sharetest.Options{}), func(o *spool.Options) { o.Adopt, o.Init = c.adopt, c.init })
				c.do(w)
				err := w.open()
				if c.want == "" {
					if err != nil {
						t.Fatal(err)
					}
					w.run()
					w.stop()
					return
				}
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
}

// A clone of the state directory on the same spool has to wait until the lease has stood still, and the original notices when
// it is taken from it.
func TestTwins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sharetest.NewSpool(sharetest.Options{}), nil)
		w.start()
		w.wait(20 * time.Second)
		clone := w.twin(copied(t, w.engine), nil)
		w.wait(10 * time.Minute) // the lease has moved on since the copy was made
		clone.start()
		clone.wait(10 * time.Minute)
		if got := clone.sp.Status().Lease; !strings.Contains(got, "waiting") {
			t.Errorf("the clone: %s", got)
		}
		for _, l := range clone.sp.Legs() {
			if l.State != liveness.Unknown || !strings.HasPrefix(l.Reason, "the spool is not looked at yet: lease waiting: held by store ") {
				t.Errorf("a leg of the clone: %+v", l)
			}
		}
		w.drop("MMFF1.MSG", mmff("once", "x"))
		w.wait(20 * time.Second)
		if a, b := len(w.arrived(store.Lane(peer))), len(clone.arrived(store.Lane(peer))); a != 1 || b != 0 {
			t.Errorf("%d and %d", a, b)
		}
		// The original stands still for five minutes, and wakes.
		w.us.Down(errFrozen)
		clone.wait(5 * time.Minute)
		if got := clone.sp.Status().Lease; !strings.Contains(got, "held") {
			t.Errorf("the clone: %s", got)
		}
		w.drop("MMFF1.MSG", mmff("again once", "x"))
		clone.until(time.Minute, "the clone reads", func() bool { return len(clone.arrived(store.Lane(peer))) == 1 })
		for _, l := range clone.sp.Legs() {
			if strings.Contains(l.Reason, "lease") {
				t.Errorf("a leg of the clone, which has the lease: %+v", l)
			}
		}
		w.us.Up()
		w.wait(20 * time.Second)
		if st := w.sp.Status(); st.Counters.Strikes != 1 || !strings.Contains(strings.Join(st.Alarms, " "), "lease") {
			t.Errorf("the original: %+v", st)
		}
		w.drop("MMFF1.MSG", mmff("third", "x"))
		w.wait(time.Minute)
		if a, b := len(w.arrived(store.Lane(peer))), len(clone.arrived(store.Lane(peer))); a != 1 || b != 2 {
			t.Errorf("%d and %d", a, b)
		}
		clone.stop()
		w.wait(2 * time.Minute)
		if got := w.sp.Status().Lease; !strings.Contains(got, "held") {
			t.Errorf("the original does not come back: %s", got)
		}
		w.stop()
	})
}

// copied is what a copy of the state directory holds.
func copied(t *testing.T, e *storetest.Memory) *storetest.Memory {
	t.Helper()
	m, batch := storetest.NewMemory(), &store.Batch{}
	err := e.Scan(nil, bytes.Repeat([]byte{0xFF}, 8), false, func(key, value []byte) bool {
		batch.Put(bytes.Clone(key), bytes.Clone(value))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if wait, err := m.Apply(batch); err != nil || wait() != nil {
		t.Fatal("the copy cannot be made", err)
	}
	return m
}

var errFrozen = fmt.Errorf("frozen: %w", errors.ErrUnsupported)

// Our own start after a crash does not wait, however the process ended.
func TestOwnLeaseAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sharetest.NewSpool(sharetest.Options{}), nil)
		for i := range 5 {
			w.start()
			w.wait(time.Duration(i*37+1) * time.Second)
			if got := w.sp.Status().Lease; !strings.Contains(got, "held") {
				t.Errorf("start %d: %s", i, got)
			}
			w.crash()
		}
	})
}

// Two signs of a second gateway stop our writing and raise an alarm; reading goes on, and an operator can resume.
func TestSecondGateway(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		drop := func(name string) {
			if err := w.half.Drop(pcToMac+"/"+name, "VERSION:3.00\r\nTO:x"); err != nil {
				t.Fatal(err)
			}
		}
		drop("MMFF1.WRT") // what a predecessor left: one sign
		w.wait(10 * time.Second)
		w.take(w.delivery("1", "x\n"))
		if got := w.collect(); !cmp.Equal(got, []string{"1"}) {
			t.Fatalf("the half got %v", got)
		}
		drop("MMFF5.MSG") // a person, or a script: no sign
		w.wait(10 * time.Second)
		if st := w.sp.Status(); st.Counters.Strikes != 1 || len(st.Alarms) != 1 {
			t.Fatalf("status %+v", st)
		}
		drop("MMFF3.WRT")
		w.wait(10 * time.Second)
		s := w.session(peer)
		waiting := w.taking(w.Context(), s, w.offer(s, w.delivery("2", "x\n")))
		w.drop("MMFF1.MSG", mmff("in", "x"))
		w.wait(time.Minute)
		if l := w.leg(true); l.State != liveness.Stalled || !cmp.Equal(l.Conditions, []string{liveness.ConditionSecondGateway}) {
			t.Errorf("leg %+v", l)
		}
		if got := w.arrived(store.Lane(peer)); !cmp.Equal(got, []string{"in"}) {
			t.Errorf("reading stopped: %v", got)
		}
		if got := w.names(pcToMac); !cmp.Equal(got, []string{"MMFF1.WRT", "MMFF3.WRT", "MMFF5.MSG"}) {
			t.Errorf("%v", got)
		}
		w.sp.Resume()
		<-waiting.done
		if waiting.err != nil {
			t.Error(waiting.err)
		}
	})
}

// A file of ours that changes under us, and a claim that is taken away, are signs, too.
func TestChangedFilesAreSigns(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.take(w.delivery("1", "x\n"))
		w.wait(5 * time.Second)
		if err := w.half.Append(pcToMac+"/MMFF1.MSG", "more"); err != nil {
			t.Fatal(err)
		}
		w.wait(5 * time.Second)
		if got := w.sp.Status().Counters.Strikes; got != 1 {
			t.Errorf("%d strikes for a changed file", got)
		}
	})
}

// KB Q119641: another gateway sweeps what we are writing, and outgoing mail vanishes. Here it is written again, with a sign, and at
// the second one writing stops.
func TestSweptFilesAreWrittenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sharetest.NewSpool(sharetest.Options{}), nil)
		sweeps := 0
		w.change = func(o *spool.Options) {
			o.Fault = func(point string) {
				if point == "spool.publish.rename.before" && sweeps > 0 {
					sweeps--
					for _, name := range w.names(pcToMac) {
						if strings.HasSuffix(name, ".WRT") {
							_ = w.half.Remove(pcToMac + "/" + name)
						}
					}
				}
				w.fault(point)
			}
		}
		w.start()
		defer w.stop()
		sweeps = 1
		w.take(w.delivery("1", "x\n"), w.delivery("2", "x\n"))
		w.wait(10 * time.Second)
		if got := w.collect(); !cmp.Equal(got, []string{"1", "2"}) {
			t.Errorf("the half got %v", got)
		}
		if st := w.sp.Status(); st.Counters.Strikes != 1 || !strings.Contains(strings.Join(st.Alarms, " "), "was removed by somebody else") {
			t.Errorf("status %+v", st)
		}
		w.wait(10 * time.Second)
		sweeps = 1
		s := w.session(peer)
		waiting := w.taking(w.Context(), s, w.offer(s, w.delivery("3", "x\n")))
		w.wait(time.Minute)
		if got := w.names(pcToMac); len(got) > 0 || w.leg(true).State != liveness.Stalled {
			t.Errorf("%v, leg %+v", got, w.leg(true))
		}
		w.sp.Resume()
		<-waiting.done
		if got := w.collect(); waiting.err != nil || !cmp.Equal(got, []string{"3"}) {
			t.Errorf("the half got %v, %v", got, waiting.err)
		}
	})
}

// What is to be written again after a death does not wait for the slot that it had itself: with a blocking factor of 1 there is no
// other.
func TestOneSlotIsNotLostToADeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sharetest.NewSpool(sharetest.Options{}), nil)
		w.change = func(o *spool.Options) {
			o.Slots = 1
			o.Fault = func(point string) {
				if point == "spool.publish.rename.before" && w.kill != "" {
					_ = w.half.Remove(pcToMac + "/MMFF1.WRT") // somebody sweeps it
				}
				w.fault(point)
			}
		}
		w.dies("spool.loosen.journal.after", func() {
			s := w.session(peer)
			ctx, cancel := context.WithCancel(w.Context())
			w.Cleanup(cancel)
			w.taking(ctx, s, w.offer(s, w.delivery("1", "x\n")))
		})
		w.start()
		defer w.stop()
		w.wait(30 * time.Second)
		if got := w.collect(); !cmp.Equal(got, []string{"1"}) {
			t.Errorf("the half got %v; %+v", got, w.sp.Status().Slots)
		}
	})
}
