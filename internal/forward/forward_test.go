package forward_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"sidegate/internal/forward"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
	"sidegate/internal/store/storetest"
)

// desk takes deliveries by subject: "late" is deferred the first time, "elsewhere" is never served here, and the first fail
// calls fail.
type desk struct {
	fail  int
	taken []string
	calls []time.Time
}

func (d *desk) Accept(_ context.Context, ds []*mail.Delivery) ([]mail.Outcome, error) {
	d.calls = append(d.calls, time.Now())
	if d.fail > 0 {
		d.fail--
		return nil, errors.New("the desk is closed")
	}
	outcomes := make([]mail.Outcome, len(ds))
	for i, v := range ds {
		switch s := v.Message.Subject; {
		case s == "late":
			outcomes[i].Exceptions = []mail.Exception{{Recipients: v.Recipients, Kind: mail.Deferred, Reason: "later", RetryAfter: time.Hour}}
		case s == "elsewhere":
			outcomes[i].Exceptions = []mail.Exception{{Recipients: v.Recipients[:1], Kind: mail.NotServed, Reason: "not here"}}
			d.taken = append(d.taken, s)
		default:
			d.taken = append(d.taken, s)
		}
	}
	return outcomes, nil
}

func put(t *testing.T, st *store.Store, subjects ...string) {
	t.Helper()
	for _, s := range subjects {
		m, draft := storetest.Message(t, st, "body of "+s, mail.MustAddress("a@b"), mail.MustAddress("c@d"))
		m.Subject = s
		err := st.Commit(t.Context(), func(tx *store.Tx) error {
			if err := tx.Keep(m, draft); err != nil {
				return err
			}
			_, err := tx.Enqueue(store.LaneSpool, store.Entry{MessageID: m.ID, Recipients: m.To})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func run(t *testing.T, o forward.Options) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- forward.Run(ctx, o) }()
	return func() error {
		cancel()
		return <-done
	}
}

func TestForward(t *testing.T) {
	for _, c := range []struct {
		name               string
		fail, max          int
		subjects           []string
		taken              []string
		deferred, unrouted int
	}{
		{"all is taken, in order", 0, 0, []string{"1", "2", "3"}, []string{"1", "2", "3"}, 0, 0},
		{"one at a time", 0, 1, []string{"1", "2", "3"}, []string{"1", "2", "3"}, 0, 0},
		{"a taker that fails at first", 5, 2, []string{"1", "2", "3"}, []string{"1", "2", "3"}, 0, 0},
		{"a deferral holds up nobody", 0, 0, []string{"1", "late", "3"}, []string{"1", "3"}, 1, 0},
		{"one recipient is elsewhere", 0, 0, []string{"elsewhere", "2"}, []string{"elsewhere", "2"}, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := storetest.New(t, store.Options{})
				put(t, st, c.subjects[0])
				d := &desk{fail: c.fail}
				stop := run(t, forward.Options{Name: "reports", Source: &forward.Lane{Store: st, Lane: store.LaneSpool}, Acceptor: d, Max: c.max})
				time.Sleep(time.Minute)
				put(t, st, c.subjects[1:]...)
				time.Sleep(time.Minute)
				if err := stop(); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(c.taken, d.taken); diff != "" {
					t.Error(diff)
				}
				if got := st.Lane(store.LaneSpool).Depth; got != 0 {
					t.Errorf("%d are left in the lane", got)
				}
				if got := st.Lane(store.LaneDeferred).Depth; got != c.deferred {
					t.Errorf("%d are deferred, want %d", got, c.deferred)
				}
				if got := st.Lane(store.LaneUnrouted).Depth; got != c.unrouted {
					t.Errorf("%d are unrouted, want %d", got, c.unrouted)
				}
				if problems, err := st.Audit(); err != nil || len(problems) > 0 {
					t.Errorf("%q, %v", problems, err)
				}
			})
		})
	}
}

func TestBackoffGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := storetest.New(t, store.Options{})
		put(t, st, "1")
		d := &desk{fail: 12}
		stop := run(t, forward.Options{Source: &forward.Lane{Store: st, Lane: store.LaneSpool}, Acceptor: d, Cap: 10 * time.Second})
		time.Sleep(5 * time.Minute)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if len(d.calls) != 13 {
			t.Fatalf("%d calls", len(d.calls))
		}
		if first, last := d.calls[1].Sub(d.calls[0]), d.calls[12].Sub(d.calls[11]); first > 500*time.Millisecond || last < 8*time.Second || last > 10*time.Second {
			t.Errorf("waited %v at first and %v at last", first, last)
		}
	})
}

// What was lent and not settled, because the loop ended, is lent again.
func TestEndingInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := storetest.New(t, store.Options{})
		put(t, st, "1", "2")
		d := &desk{fail: 1000}
		stop := run(t, forward.Options{Source: &forward.Lane{Store: st, Lane: store.LaneSpool}, Acceptor: d})
		time.Sleep(time.Minute)
		if err := stop(); err != nil {
			t.Error(err)
		}
		d.fail = 0
		stop = run(t, forward.Options{Source: &forward.Lane{Store: st, Lane: store.LaneSpool}, Acceptor: d})
		time.Sleep(time.Minute)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"1", "2"}, d.taken); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFinalErrors(t *testing.T) {
	gone := errors.New("gone for good")
	st := storetest.New(t, store.Options{})
	put(t, st, "1")
	err := forward.Run(t.Context(), forward.Options{Name: "x", Source: &forward.Lane{Store: st, Lane: store.LaneSpool},
		Acceptor: refusing{gone}, Final: func(err error) bool { return errors.Is(err, gone) }})
	if !errors.Is(err, gone) {
		t.Errorf("ended with %v", err)
	}
}

type refusing struct{ err error }

func (r refusing) Accept(context.Context, []*mail.Delivery) ([]mail.Outcome, error) {
	return nil, fmt.Errorf("taking: %w", r.err)
}

// A settlement that fails is made up for: the loan comes again.
// unreadable is an engine that cannot read a message.
type unreadable struct {
	store.Engine
	message []byte // in its key
}

func (u *unreadable) Get(key []byte) ([]byte, error) {
	if len(u.message) > 0 && bytes.HasSuffix(key, u.message) {
		return nil, errors.New("cannot be read")
	}
	return u.Engine.Get(key)
}

// What lies before a message that cannot be read goes, and is not lent in vain.
func TestUnreadableMessage(t *testing.T) {
	engine, err := pebblestore.Open("data", pebblestore.Options{FS: vfs.NewMem(), BallastBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	u := &unreadable{Engine: engine}
	st, err := store.Open(u, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	put(t, st, "1", "2", "3")
	es, err := st.Entries(store.LaneSpool, 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	third := uuid.MustParse(string(es[2].MessageID))
	u.message = third[:]
	lane := &forward.Lane{Store: st, Lane: store.LaneSpool}
	loans, err := lane.Next(t.Context(), 10)
	if err != nil || len(loans) != 2 {
		t.Fatalf("%d loans, %v", len(loans), err)
	}
	for _, l := range loans {
		if err := l.Settle(t.Context(), mail.Outcome{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := lane.Next(t.Context(), 10); err == nil {
		t.Error("nothing is said of what cannot be read")
	}
	u.message = nil
	if loans, err = lane.Next(t.Context(), 10); err != nil || len(loans) != 1 {
		t.Errorf("when it can be read: %d loans, %v", len(loans), err)
	}
}

func TestSettlingFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := storetest.New(t, store.Options{})
		put(t, st, "elsewhere", "2")
		d := &desk{}
		fails := 1
		lane := &forward.Lane{Store: st, Lane: store.LaneSpool, Except: func(tx *store.Tx, e store.Entry, x mail.Exception) error {
			if fails > 0 {
				fails--
				return errors.New("not now")
			}
			return tx.Remove(e.Lane, e.Seq, x.Recipients)
		}}
		stop := run(t, forward.Options{Source: lane, Acceptor: d})
		time.Sleep(time.Minute)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"elsewhere", "2", "elsewhere"}, d.taken); diff != "" {
			t.Error(diff)
		}
		if got := st.Lane(store.LaneSpool).Depth; got != 0 {
			t.Errorf("%d are left", got)
		}
	})
}
