package link

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sidegate/internal/liveness"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// cutConn is a connection that breaks after so many bytes.
type cutConn struct {
	net.Conn
	left *atomic.Int64
}

func (c cutConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if c.left.Add(int64(-n)) < 0 {
		c.Conn.Close()
		return n, errors.New("cut")
	}
	return n, err
}

func (c cutConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.left.Add(int64(-n)) < 0 {
		c.Conn.Close()
		return 0, errors.New("cut")
	}
	return n, err
}

// Whatever byte a connection breaks at, nothing is lost and nothing comes twice.
func TestRandomCuts(t *testing.T) {
	seeds := 200
	if testing.Short() {
		seeds = 20
	}
	for first := 0; first < seeds; first += 20 {
		bubble(t, func(t *testing.T, w *world) {
			a, b := w.add("pcside", nil), w.add("macside", nil)
			var there, back []mail.ID
			cuts := 0
			for seed := first; seed < first+20; seed++ {
				rnd := rand.New(rand.NewPCG(uint64(seed), 1))
				cut := rand.New(rand.NewPCG(uint64(seed), 2)) // guarded by w.mu
				w.wrap = func(_, _ string, c net.Conn) net.Conn {
					left := &atomic.Int64{}
					left.Store(cut.Int64N(12_000))
					if cuts++; cut.IntN(3) == 0 {
						left.Store(cut.Int64N(300_000))
					}
					return cutConn{c, left}
				}
				if first%40 == 0 {
					a.start()
				} else {
					a.start("macside") // both dial
				}
				b.start("pcside")
				for range 3 {
					there = append(there, a.submit(b, 1+rnd.IntN(20), rnd.IntN(2000))...)
					back = append(back, b.submit(a, 1+rnd.IntN(3), rnd.IntN(100_000))...)
					pass(time.Duration(rnd.IntN(2000)) * time.Millisecond)
				}
				w.mu.Lock()
				w.wrap = nil
				w.mu.Unlock()
				a.drained(b, 5*time.Minute)
				b.drained(a, 5*time.Minute)
				a.stop()
				b.stop()
			}
			b.check(there)
			a.check(back)
			if cuts < 20 {
				t.Errorf("only %d connections in 20 seeds", cuts)
			}
			must(t, a.store.Close())
			must(t, b.store.Close())
		})
	}
}

// Receipts are lost while everything else goes through: the sender sends again, the receiver knows.
func TestLostReceipts(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil).start(), w.add("macside", nil)
		lost := 0
		b.options.Fault = func(point string) {
			if point == "link.take.after" && lost < 5 {
				lost++
				b.links.peer(a.store.ID()).session().end(errors.New("cut"))
			}
		}
		b.start("pcside")
		defer a.close()
		defer b.close()
		ids := a.submit(b, 300, 100)
		a.drained(b, 2*time.Minute)
		b.check(ids)
		if lost == 0 {
			t.Error("no receipt was lost")
		}
	})
}

func TestResumeAfterRestart(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil).start(), w.add("macside", nil)
		b.start("pcside")
		ids := a.submit(b, 100, 100)
		a.drained(b, 5*time.Second)
		b.close()
		ids = append(ids, a.submit(b, 100, 100)...)
		epoch := a.status(b).PeerEpoch
		b.open()
		b.start("pcside")
		a.drained(b, 30*time.Second)
		if got := a.status(b).PeerEpoch; got != epoch+1 {
			t.Errorf("the peer's epoch is %d after a restart, was %d", got, epoch)
		}
		a.restart()
		ids = append(ids, a.submit(b, 100, 100)...)
		a.drained(b, 30*time.Second)
		b.check(ids)
		a.close()
		b.close()
	})
}

// A session that another one has replaced can change nothing, even if nobody has told it.
func TestOldSessionIsFenced(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil).start(), w.add("macside", nil)
		var old store.Session
		overtaken := false
		b.taker.before = func([]Arrival) error {
			if overtaken {
				return nil
			}
			overtaken = true
			old = b.links.peer(a.store.ID()).session().fence
			_, err := b.store.OpenSession(context.Background(), a.store.ID(), a.store.Epoch())
			return err
		}
		b.start("pcside")
		defer a.close()
		defer b.close()
		ids := a.submit(b, 10, 100)
		a.drained(b, 30*time.Second)
		b.check(ids)
		err := b.store.Commit(context.Background(), func(tx *store.Tx) error { return tx.Fence(old) })
		if !overtaken || !errors.Is(err, store.ErrFenced) {
			t.Errorf("the old session can still commit: %v", err)
		}
	})
}

func TestBothDial(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil), w.add("macside", nil)
		a.start("macside")
		b.start("pcside")
		defer a.close()
		defer b.close()
		lower := a
		if b.store.ID() < a.store.ID() {
			lower = b
		}
		settled := func() error {
			sa, sb := a.status(b), b.status(a)
			if !sa.Connected || !sb.Connected || sa.Dialled == sb.Dialled {
				return fmt.Errorf("pcside: %+v, macside: %+v", sa, sb)
			}
			if sa.Dialled != (lower == a) {
				return errors.New("the session of the higher store stays")
			}
			return nil
		}
		eventually(t, 40*time.Second, settled)
		opened := a.status(b).Opened
		pass(5 * time.Minute)
		must(t, settled())
		if !a.status(b).Opened.Equal(opened) {
			t.Error("the session was replaced although nothing happened")
		}
		ids := a.submit(b, 10, 100)
		a.drained(b, 5*time.Second)
		b.check(ids)
	})
}

func TestOwnStoreIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.add("pcside", nil)
		a.start("pcside")
		defer a.close()
		pass(10 * time.Second)
		s := a.links.Status()
		if len(s) != 1 || s[0].Connected || !strings.Contains(s[0].Error, "itself") {
			t.Errorf("status is %+v", s)
		}
	})
}

// macside comes back from yesterday's backup. Nothing is sent again or skipped; both ends name what is missing.
func TestRestoredPeer(t *testing.T) {
	for _, c := range []struct {
		name     string
		dials    bool // the restored end
		restarts int  // of it, after the backup
	}{
		{"the restored end dials", true, 0},
		{"the restored end listens", false, 0},
		{"the restored end dials and has started as often", true, 1},
		{"the restored end listens and has started as often", false, 1},
		{"the restored end dials and has started less often", true, 3},
		{"the restored end listens and has started less often", false, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				a, b := w.add("pcside", nil), w.add("macside", nil)
				fromA, fromB := []string{"macside"}, []string{}
				if c.dials {
					fromA, fromB = nil, []string{"pcside"}
				}
				a.start(fromA...)
				b.start(fromB...)
				a.submit(b, 20, 100)
				a.drained(b, 20*time.Second)
				must(t, b.store.Checkpoint("backup"))
				lost := a.submit(b, 7, 100)
				a.drained(b, 5*time.Second)
				for range c.restarts {
					b.restart(fromB...)
					eventually(t, time.Minute, func() error {
						if !a.status(b).Connected {
							return errors.New("not connected after a restart")
						}
						return nil
					})
				}
				b.close()
				b.dir = "backup"
				b.open()
				b.start(fromB...)
				later := a.submit(b, 3, 100)
				eventually(t, time.Minute, func() error {
					sa, sb := a.status(b), b.status(a)
					if !sa.Restored || !sb.Restored || sa.Connected || sb.Connected {
						return fmt.Errorf("pcside: %+v, macside: %+v", sa, sb)
					}
					if !slices.Equal(sa.MissingIDs, lost) || !slices.Equal(sb.MissingIDs, lost) {
						return fmt.Errorf("missing: %v and %v, want %v", sa.MissingIDs, sb.MissingIDs, lost)
					}
					if d := sa.Directions[0]; d.State != liveness.Down || !slices.Contains(d.Conditions, liveness.ConditionRestored) {
						return fmt.Errorf("direction is %+v", d)
					}
					return nil
				})
				pass(time.Minute)
				if n := len(b.inbox(box)); n != 20 {
					t.Errorf("the restored end has %d messages, want its 20", n)
				}
				if l := a.store.Lane(a.lane(b)); l.Depth != len(later) {
					t.Errorf("%d messages wait, want %d", l.Depth, len(later))
				}
				a.close()
				b.close()
			})
		})
	}
}

// blackhole swallows what is written, and lets everything the other way through.
type blackhole struct {
	net.Conn
	on *atomic.Bool
}

func (c blackhole) Write(b []byte) (int, error) {
	if c.on.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// deaf swallows what comes in.
type deaf struct {
	net.Conn
	on *atomic.Bool
}

func (c deaf) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	for err == nil && c.on.Load() {
		n, err = c.Conn.Read(b)
	}
	return n, err
}

func TestOneWayBlackHole(t *testing.T) {
	for _, side := range []string{"dialler is not heard", "dialler does not hear"} {
		t.Run(side, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				on := &atomic.Bool{}
				w.wrap = func(_, _ string, c net.Conn) net.Conn {
					if side == "dialler is not heard" {
						return blackhole{c, on}
					}
					return deaf{c, on}
				}
				a, b := w.add("pcside", nil).start(), w.add("macside", nil)
				b.start("pcside")
				defer a.close()
				defer b.close()
				pass(20 * time.Second)
				on.Store(true)
				eventually(t, 4500*time.Millisecond, func() error {
					for _, s := range []liveness.State{a.status(b).Directions[0].State, b.status(a).Directions[0].State} {
						if s == liveness.Late {
							return nil
						}
					}
					return errors.New("no end is late")
				})
				eventually(t, 12*time.Second, func() error {
					if a.status(b).Connected && b.status(a).Connected {
						return errors.New("the session stands")
					}
					return nil
				})
				on.Store(false)
				eventually(t, 30*time.Second, func() error {
					if !a.status(b).Connected || !b.status(a).Connected {
						return errors.New("the session is not back")
					}
					return nil
				})
			})
		})
	}
}

// The peer's program takes nothing any more. That direction is seen to be stalled, the other one and the beats go on.
func TestPeerThatTakesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil).start(), w.add("macside", nil)
		resume := make(chan struct{})
		b.taker.before = func([]Arrival) error { <-resume; return nil }
		b.start("pcside")
		defer a.close()
		defer b.close()
		ids := a.submit(b, 3000, 100)
		pass(35 * time.Second)
		s := a.status(b)
		if s.Directions[0].State != liveness.Stalled || !s.Connected || time.Since(s.LastBeat) > 2*time.Second {
			t.Errorf("status is %+v, want the outbound direction stalled and the session alive", s)
		}
		if s.Outbound.Messages != 0 || s.Outbound.Sent > DefaultCreditMessages {
			t.Errorf("%d messages were sent on credit for %d", s.Outbound.Sent, DefaultCreditMessages)
		}
		back := b.submit(a, 10, 100)
		b.drained(a, 3*time.Second)
		a.check(back)
		if d := a.status(b).Directions[1]; d.State != liveness.Up {
			t.Errorf("the other direction is %+v, want up", d)
		}
		close(resume)
		a.drained(b, 30*time.Second)
		b.check(ids)
	})
}

func TestAnnouncements(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil), w.add("macside", nil)
		a.routes.patterns = []mail.Pattern{mail.MustPattern("NET/PO/*")}
		a.routes.except = []mail.Address{mail.MustAddress("NET/PO/GONE")}
		a.start()
		b.start("pcside")
		defer a.close()
		defer b.close()
		heard := func(n int, first string) (got Announcement) {
			eventually(t, 5*time.Second, func() error {
				var count int
				if got, count = b.routes.last(); count == 0 || len(got.Patterns) != n || got.Patterns[0].String() != first {
					return fmt.Errorf("heard %+v", got)
				}
				return nil
			})
			return got
		}
		one := heard(1, "NET/PO/*")
		if one.Peer != a.store.ID() || one.End != "pcside" || one.Address != "passthrough:///pcside" || len(one.Except) != 1 || one.MaxMessageBytes != DefaultMaxMessageBytes {
			t.Errorf("heard %+v", one)
		}
		var many []mail.Pattern
		for i := range 2345 {
			many = append(many, mail.MustPattern(fmt.Sprintf("NET/PO%d/*", i)))
		}
		a.routes.serve(many...)
		two := heard(2345, "NET/PO0/*")
		if two.Generation <= one.Generation {
			t.Errorf("generation %d after %d", two.Generation, one.Generation)
		}
		_, count := b.routes.last()
		a.routes.serve(many...) // the same again
		pass(5 * time.Second)
		if _, now := b.routes.last(); now != count {
			t.Error("an announcement that did not change was sent again")
		}
		a.restart()
		three := heard(2345, "NET/PO0/*")
		eventually(t, 20*time.Second, func() error {
			if three, _ = b.routes.last(); three.Generation <= two.Generation {
				return fmt.Errorf("generation %d after %d and a restart", three.Generation, two.Generation)
			}
			return nil
		})
	})
}

func TestSilentPeerIsDown(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil).start(), w.add("macside", nil)
		b.start("pcside")
		pass(5 * time.Second)
		b.close()
		a.submit(b, 1, 10)
		pass(5 * time.Second)
		if d := a.status(b).Directions[0]; d.State != liveness.Late {
			t.Errorf("5 s after a goodbye the direction is %+v", d)
		}
		pass(6 * time.Second)
		if d := a.status(b).Directions[0]; d.State != liveness.Down {
			t.Errorf("11 s after a goodbye the direction is %+v", d)
		}
		a.close()
	})
}

// An idle hour and more: both directions stay up on proofs alone, and the proofs become rare.
func TestIdleHours(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", func(o *Options) { o.Beat = 2 * time.Second }).start(), w.add("macside", func(o *Options) { o.Beat = 2 * time.Second })
		b.start("pcside")
		defer a.close()
		defer b.close()
		pass(15 * time.Second)
		for range 100 {
			pass(time.Minute)
			for _, d := range append(a.status(b).Directions, b.status(a).Directions...) {
				if d.State != liveness.Up {
					t.Fatalf("idle direction is %+v", d)
				}
			}
		}
		before := a.store.LastDurable()
		pass(55 * time.Second)
		if changed := a.store.LastDurable().Sub(before); changed > time.Minute+4*time.Second {
			t.Errorf("proofs are %s apart", changed)
		}
	})
}

// After a restart a peer that is not back yet is known by its name, once.
func TestKnownPeerIsShownOnce(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil), w.add("macside", nil).start()
		a.start("macside")
		a.submit(b, 1, 10)
		a.drained(b, 5*time.Second)
		b.close()
		a.restart("macside")
		pass(15 * time.Second)
		s := a.links.Status()
		if len(s) != 1 || s[0].Peer != "macside" || s[0].StoreID != b.store.ID() || s[0].Address != "passthrough:///macside" ||
			s[0].Error == "" || s[0].Directions[0].State != liveness.Down {
			t.Errorf("status is %+v", s)
		}
		a.close()
	})
}

func TestBound(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil), w.add("macside", nil)
		a.submit(b, 3, 10)
		a.start()
		a.submit(b, 3, 10)
		for seq, want := range map[uint64]bool{1: true, 3: true, 4: false} {
			if got := a.links.Bound(a.lane(b), seq); got != want {
				t.Errorf("before the first session number %d is bound: %t, want %t", seq, got, want)
			}
		}
		hold := make(chan struct{})
		b.options.CreditMessages = 4
		b.taker.before = func([]Arrival) error { <-hold; return nil }
		b.start("pcside")
		pass(time.Second)
		for seq, want := range map[uint64]bool{1: true, 4: true, 5: false, 6: false} {
			if got := a.links.Bound(a.lane(b), seq); got != want {
				t.Errorf("with credit for 4, number %d is bound: %t, want %t", seq, got, want)
			}
		}
		close(hold)
		a.drained(b, 10*time.Second)
		a.close()
		b.close()
	})
}

func TestNothingIsLeft(t *testing.T) {
	before := goleak.IgnoreCurrent()
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.add("pcside", nil), w.add("macside", nil)
		a.start("macside", "nowhere")
		b.start("pcside")
		a.submit(b, 100, 1000)
		pass(3 * time.Second)
		a.close()
		pass(3 * time.Second)
		b.close()
		synctest.Wait()
	})
	goleak.VerifyNone(t, before)
}
