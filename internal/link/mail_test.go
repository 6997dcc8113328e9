package link

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sidegate/internal/liveness"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

func TestMailBothWays(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil).start(), w.add("macside", nil)
		b.start("pcside")
		defer a.close()
		defer b.close()
		there, back := a.submit(b, 20, 300), b.submit(a, 30, 3000)
		a.drained(b, 5*time.Second)
		b.drained(a, 5*time.Second)
		b.check(there)
		a.check(back)
		for _, e := range []*end{a, b} {
			for _, s := range e.links.Status() {
				if !s.Connected || s.Error != "" || s.Directions[0].State != liveness.Up || s.Directions[1].State != liveness.Up {
					t.Errorf("%s: status is %+v", e.name, s)
				}
			}
		}
		traces, err := a.store.Trace(there[0])
		must(t, err)
		if !slices.ContainsFunc(traces, func(x store.Trace) bool {
			return x.Event == "accepted" && x.Detail == "by macside" && x.End == "pcside" && x.Recipient == box
		}) {
			t.Errorf("traces are %+v, want one accepted by macside", traces)
		}
	})
}

func TestTenThousandInFewCommits(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 2000
	}
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil).start(), w.add("macside", nil)
		b.start("pcside")
		defer a.close()
		defer b.close()
		ids := a.submit(b, n, 200)
		a.drained(b, time.Minute)
		b.check(ids)
		if got := b.taker.calls.Load(); got > int64(n/10) {
			t.Errorf("%d messages were taken in %d commits, want fewer than a tenth", n, got)
		}
	})
}

func TestLargeContentInChunks(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil).start(), w.add("macside", func(o *Options) { o.CreditBytes = 1 << 20 })
		b.start("pcside")
		defer a.close()
		defer b.close()
		var ids []mail.ID
		for _, size := range []int{0, 1, largeContent, largeContent + 1, MaxFrame - 400, MaxFrame, MaxFrame + 1, 5 << 20} {
			ids = append(ids, a.submit(b, 2, size)...)
		}
		a.drained(b, time.Minute)
		b.check(ids)
	})
}

func TestCreditAndSlowTaker(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.add("pcside", nil).start()
		b := w.add("macside", func(o *Options) { o.CreditMessages = 10 })
		most := 0
		b.taker.before = func(as []Arrival) error {
			most = max(most, len(as))
			<-time.After(100 * time.Millisecond)
			return nil
		}
		b.start("pcside")
		defer a.close()
		defer b.close()
		ids := a.submit(b, 200, 100)
		a.drained(b, time.Minute)
		b.check(ids)
		if most > 10 {
			t.Errorf("%d arrivals at a time, but credit was for 10", most)
		}
	})
}

// window is a taker that can hold so much only.
type window struct {
	*boxes
	room    chan int // how many more; capacity 1
	changed chan struct{}
}

func (w window) Window(mail.StoreID) (int, int64) {
	n := <-w.room
	w.room <- n
	return n, 0
}

func (w window) Changed() <-chan struct{} { return w.changed }

func TestWindowOfTheTaker(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil).start(), w.add("coordinator", nil)
		win := window{b.taker, make(chan int, 1), make(chan struct{}, 1)}
		win.room <- 0
		b.options.Taker = win
		b.taker.before = func([]Arrival) error { <-win.room; win.room <- 0; return nil }
		b.options.Legs = func() []liveness.Leg {
			return []liveness.Leg{{From: "coordinator", To: "legacy", State: liveness.Blind, Reason: "MMFF1.MSG waits"}}
		}
		b.start("pcside")
		defer a.close()
		defer b.close()
		ids := a.submit(b, 10, 100_000)
		pass(45 * time.Second)
		if n := len(b.inbox(box)); n != 0 {
			t.Fatalf("%d messages came without credit", n)
		}
		d := a.status(b).Directions[0]
		if d.State != liveness.Blind || !slices.Contains(d.Conditions, liveness.ConditionWaiting) || d.Reason != "coordinator to legacy: MMFF1.MSG waits" {
			t.Errorf("without credit the direction is %+v", d)
		}
		for i := range 10 {
			<-win.room
			win.room <- 1
			win.changed <- struct{}{}
			eventually(t, 5*time.Second, func() error {
				if n := len(b.inbox(box)); n != i+1 {
					return fmt.Errorf("%d messages after %d windows of one", n, i+1)
				}
				return nil
			})
		}
		a.drained(b, 5*time.Second)
		b.check(ids)
	})
}

func TestFullStoreHoldsArrivals(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil).start(), w.add("macside", nil)
		full := 5
		b.taker.before = func([]Arrival) error {
			if full--; full >= 0 {
				return fmt.Errorf("take: %w", store.ErrFull)
			}
			return nil
		}
		b.start("pcside")
		defer a.close()
		defer b.close()
		ids := a.submit(b, 10, 100)
		opened := a.status(b).Opened
		a.drained(b, 10*time.Second)
		b.check(ids)
		if got := a.status(b).Opened; !got.Equal(opened) {
			t.Error("a full store broke the session")
		}
	})
}

func TestExceptions(t *testing.T) {
	other := mail.MustAddress("other@Test")
	for _, c := range []struct {
		name      string
		exception func(d *mail.Delivery) []mail.Exception
		room      store.Lane
		moved     []mail.Address
		due       time.Duration
	}{
		{"deferred, with a time", func(d *mail.Delivery) []mail.Exception {
			return []mail.Exception{{Recipients: d.Recipients, Kind: mail.Deferred, Reason: "the slots are full", RetryAfter: 7 * time.Minute}}
		}, store.LaneDeferred, []mail.Address{box, other}, 7 * time.Minute},
		{"deferred, without a time", func(d *mail.Delivery) []mail.Exception {
			return []mail.Exception{{Recipients: d.Recipients, Kind: mail.Deferred, Reason: "not now"}}
		}, store.LaneDeferred, []mail.Address{box, other}, DefaultRetryMin},
		{"not served", func(d *mail.Delivery) []mail.Exception {
			return []mail.Exception{{Recipients: d.Recipients, Kind: mail.NotServed, Reason: "moved"}}
		}, store.LaneUnrouted, []mail.Address{box, other}, 0},
		{"one recipient not served, the other taken", func(d *mail.Delivery) []mail.Exception {
			return []mail.Exception{{Recipients: []mail.Address{other}, Kind: mail.NotServed, Reason: "moved"}}
		}, store.LaneUnrouted, []mail.Address{other}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				a, b := w.add("pcside", nil).start(), w.add("macside", nil)
				first := true
				b.taker.except = func(d *mail.Delivery) []mail.Exception {
					if !first {
						return nil
					}
					first = false
					return c.exception(d)
				}
				b.start("pcside")
				defer a.close()
				defer b.close()
				excepted := a.submitTo(b, 1, 100, box, other)
				begun := time.Now()
				rest := a.submit(b, 5, 100)
				a.drained(b, 5*time.Second)
				es, err := a.store.Entries(c.room, 0, 10)
				must(t, err)
				if len(es) != 1 || es[0].MessageID != excepted[0] || !slices.Equal(es[0].Recipients, c.moved) || es[0].Attempts != 1 || es[0].From != a.lane(b) {
					t.Fatalf("%s holds %+v", c.room, es)
				}
				if c.due > 0 && es[0].Due.Sub(begun).Round(time.Second) != c.due {
					t.Errorf("due after %s, want %s", es[0].Due.Sub(begun), c.due)
				}
				if len(c.moved) == 1 {
					rest = append(rest, excepted...)
				}
				b.check(rest)
				if in := b.store.Inbound(a.store.ID()); in.Through != 6 || len(in.Exceptions) != 0 {
					t.Errorf("the receiver's books are %+v, want everything through 6 and no exception", in)
				}
			})
		})
	}
}

// The exception is committed, the session breaks before its receipt: hello repeats it. Of its recipients one was taken.
func TestExceptionWithLostReceipt(t *testing.T) {
	other := mail.MustAddress("other@Test")
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil).start(), w.add("macside", nil)
		lost := false
		b.options.Fault = func(point string) {
			if point == "link.receipt.before" && b.store.Inbound(a.store.ID()).Exceptions != nil && !lost {
				lost = true
				b.links.peer(a.store.ID()).session().end(errors.New("cut"))
			}
		}
		b.taker.except = func(d *mail.Delivery) []mail.Exception {
			if len(d.Recipients) == 2 {
				return []mail.Exception{{Recipients: []mail.Address{other}, Kind: mail.Deferred, Reason: "not now"}}
			}
			return nil
		}
		b.start("pcside")
		defer a.close()
		defer b.close()
		ids := slices.Concat(a.submit(b, 1, 100), a.submitTo(b, 1, 100, box, other), a.submit(b, 2, 100))
		a.drained(b, 20*time.Second)
		if !lost {
			t.Fatal("the receipt was not lost")
		}
		es, err := a.store.Entries(store.LaneDeferred, 0, 10)
		must(t, err)
		if len(es) != 1 || !slices.Equal(es[0].Recipients, []mail.Address{other}) {
			t.Errorf("deferred: %+v", es)
		}
		b.check(ids)
	})
}

// A message that cannot be read is set aside and blocks nothing.
func TestUnreadableHeaderIsHeld(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil).start(), w.add("macside", nil)
		var told []mail.ID
		a.options.OnCorrupt = func(e store.Entry, err error) { told = append(told, e.MessageID) }
		a.restart()
		b.start("pcside")
		defer a.close()
		defer b.close()
		first := a.submit(b, 2, 100)
		bad := a.submitHuge(b)
		last := a.submit(b, 2, 100)
		a.drained(b, 10*time.Second)
		b.check(append(first, last...))
		es, err := a.store.Entries(store.LaneHeld, 0, 10)
		must(t, err)
		if len(es) != 1 || es[0].MessageID != bad || es[0].Reason == "" || !slices.Equal(told, []mail.ID{bad}) {
			t.Errorf("held: %+v, told of %v", es, told)
		}
	})
}

// submitHuge queues a message whose header alone is larger than a link takes.
func (e *end) submitHuge(to *end) mail.ID {
	d := e.store.NewDraft(10)
	must(e.w.t, d.Seal())
	m := e.message(d, []mail.Address{box})
	for range 8 {
		m.Legacy = append(m.Legacy, mail.LegacyField{Name: "X", Value: make([]byte, 60<<10)})
	}
	must(e.w.t, e.store.Commit(e.w.t.Context(), func(tx *store.Tx) error {
		if err := tx.Keep(m, d); err != nil {
			return err
		}
		_, err := tx.Enqueue(e.lane(to), store.Entry{MessageID: m.ID, Recipients: []mail.Address{box}})
		return err
	}))
	return m.ID
}

// Content that does not match its hash any more is found out after most of it has been sent.
func TestCorruptContentIsHeld(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil), w.add("macside", nil)
		first := a.submit(b, 2, 100)
		bad := a.submit(b, 1, 3<<20)
		last := a.submit(b, 2, 2*MaxFrame)
		a.spoil(3 << 20)
		a.start()
		b.start("pcside")
		defer a.close()
		defer b.close()
		a.drained(b, 10*time.Second)
		b.check(append(first, last...))
		es, err := a.store.Entries(store.LaneHeld, 0, 10)
		must(t, err)
		if len(es) != 1 || es[0].MessageID != bad[0] || es[0].From != a.lane(b) {
			t.Errorf("held: %+v", es)
		}
		if d := a.status(b).Directions[0]; d.State != liveness.Held || !slices.Equal(d.Conditions, []string{liveness.ConditionHeld}) {
			t.Errorf("direction is %+v", d)
		}
	})
}

// spoil changes a byte in every file of a size.
func (e *end) spoil(size int64) {
	spoiled := 0
	var walk func(dir string)
	walk = func(dir string) {
		names, err := e.fs.List(dir)
		must(e.w.t, err)
		for _, name := range names {
			path := e.fs.PathJoin(dir, name)
			info, err := e.fs.Stat(path)
			must(e.w.t, err)
			switch {
			case info.IsDir():
				walk(path)
			case info.Size() == size:
				f, err := e.fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
				must(e.w.t, err)
				_, err = f.WriteAt([]byte("spoiled"), size-100)
				must(e.w.t, err)
				must(e.w.t, f.Close())
				spoiled++
			}
		}
	}
	walk(e.dir)
	if spoiled == 0 {
		e.w.t.Fatal("there is no file to spoil")
	}
}

// Nothing at all is taken: every number ends with a void, no more are open than a store keeps, and nothing is stuck.
func TestEverythingIsDeferred(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var sessions atomic.Int64
		a, b := w.add("pcside", counting(&sessions)).start(), w.add("macside", nil)
		most := 0
		b.taker.except = func(d *mail.Delivery) []mail.Exception {
			most = max(most, len(b.store.Inbound(a.store.ID()).Exceptions))
			return []mail.Exception{{Recipients: d.Recipients, Kind: mail.Deferred, Reason: "not today"}}
		}
		b.start("pcside")
		defer a.close()
		defer b.close()
		a.submit(b, 3000, 10)
		a.drained(b, time.Minute)
		b.check(nil)
		if l := a.store.Lane(store.LaneDeferred); l.Depth != 3000 {
			t.Errorf("%d deliveries are deferred, want 3,000", l.Depth)
		}
		if n := sessions.Load(); n != 1 {
			t.Errorf("it took %d sessions", n)
		}
		if in := b.store.Inbound(a.store.ID()); in.Through != 3000 || len(in.Exceptions) != 0 || most > store.MaxOpenExceptions {
			t.Errorf("through %d, %d exceptions open at the end, %d at most", in.Through, len(in.Exceptions), most)
		}
	})
}

func TestTraceComesBack(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil).start(), w.add("coordinator", nil)
		b.start("pcside")
		defer a.close()
		defer b.close()
		ids := a.submit(b, 1, 100)
		a.drained(b, 5*time.Second)
		b.links.QueueTrace(a.store.ID(), store.Trace{
			MessageID: ids[0], Recipient: box, End: "coordinator", Store: b.store.ID(), Time: time.Now(), Event: "relayed", Detail: "MMFF2.MSG",
		})
		eventually(t, 5*time.Second, func() error {
			ts, err := a.store.Trace(ids[0])
			must(t, err)
			if !slices.ContainsFunc(ts, func(x store.Trace) bool {
				return x.Event == "relayed" && x.End == "coordinator" && x.Store == b.store.ID() && x.Detail == "MMFF2.MSG"
			}) {
				return fmt.Errorf("traces are %+v", ts)
			}
			return nil
		})
		synctest.Wait()
	})
}
