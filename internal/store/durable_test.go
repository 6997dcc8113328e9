package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

const (
	laneA store.Lane   = "0190a8e4-0000-7000-8000-00000000000a"
	peerB mail.StoreID = "0190a8e4-0000-7000-8000-00000000000b"
)

var (
	ann = mail.MustAddress("NET/PO/ann")
	bob = mail.MustAddress("bob@Marketing")
)

// keep is a build that keeps a message, puts it into laneA, and delivers it to ann.
func keep(m *mail.Message, c mail.Content) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		if err := tx.Keep(m, c); err != nil {
			return err
		}
		if _, err := tx.Enqueue(laneA, store.Entry{MessageID: m.ID, Recipients: []mail.Address{ann, bob}}); err != nil {
			return err
		}
		if _, err := tx.AddMailbox(ann, nil); err != nil {
			return err
		}
		_, err := tx.Deliver(ann, m.ID)
		return err
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestNothingShowsBeforeItIsDurable follows everything a peer or a reader is told from, while the disk is slow.
func TestNothingShowsBeforeItIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		engine := storetest.NewMemory()
		s := storetest.Open(t, engine, store.Options{})
		session, err := s.OpenSession(ctx, peerB, 1)
		must(t, err)
		first, content := storetest.Message(t, s, "first")
		must(t, s.Commit(ctx, keep(first, content)))

		release := engine.Hold()
		second, content := storetest.Message(t, s, "second")
		results := make(chan error, 10)
		go func() {
			results <- s.Commit(ctx, func(tx *store.Tx) error {
				if _, err := tx.Take(session, 1); err != nil {
					return err
				}
				return keep(second, content)(tx)
			})
		}()
		waits := make(chan error, 2)
		position := s.Lane(laneA).Durable
		entries, err := s.MailboxEntries(ann, 0, 10)
		must(t, err)
		go func() { waits <- s.WaitLane(ctx, laneA, position) }()
		go func() { waits <- s.WaitMailbox(ctx, ann, entries[0].Position) }()
		synctest.Wait()

		if l := s.Lane(laneA); l.Assigned != 2 || l.Durable != 1 {
			t.Errorf("lane: %d assigned, %d durable", l.Assigned, l.Durable)
		}
		if es, _ := s.Entries(laneA, 0, 10); len(es) != 1 {
			t.Errorf("lane shows %d entries", len(es))
		}
		if es, _ := s.MailboxEntries(ann, 0, 10); len(es) != 1 {
			t.Errorf("mailbox shows %d entries", len(es))
		}
		if _, err := s.MailboxEntry(ann, second.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("mailbox shows the message: %v", err)
		}
		if in := s.Inbound(peerB); in.Through != 0 {
			t.Errorf("account says %d", in.Through)
		}
		// A commit that changes nothing has seen the one that waits, so it waits as well.
		go func() {
			results <- s.Commit(ctx, func(tx *store.Tx) error { _, err := tx.Take(session, 1); return err })
		}()
		synctest.Wait()
		if len(results)+len(waits) > 0 {
			t.Error("somebody was told too early")
		}
		release()
		for _, ch := range []chan error{results, results, waits, waits} {
			must(t, <-ch)
		}
		if es, _ := s.Entries(laneA, 0, 10); len(es) != 2 {
			t.Errorf("lane shows %d entries", len(es))
		}
		if in := s.Inbound(peerB); in.Through != 1 {
			t.Errorf("account says %d", in.Through)
		}
	})
}

// TestVoidShowsWhenDurable: a void told to the receiver and then lost in a power cut would lose the message.
func TestVoidShowsWhenDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		engine := storetest.NewMemory()
		shown := make(chan []store.Entry, 2)
		var s *store.Store
		goOn := make(chan struct{})
		armed := false
		look := func() {
			go func() {
				es, _ := s.Entries(laneA, 0, 10)
				shown <- es
			}()
			synctest.Wait()
		}
		s = storetest.Open(t, engine, store.Options{Fault: func(point string) {
			if armed && point == "store.commit.after-apply" {
				<-goOn // the change is in the engine, and the store does not show it yet
			}
		}})
		m, content := storetest.Message(t, s, "text")
		must(t, s.Commit(ctx, keep(m, content)))
		armed = true
		for _, gone := range []mail.Address{ann, bob} {
			release := engine.Hold()
			done := make(chan error)
			go func() {
				done <- s.Commit(ctx, func(tx *store.Tx) error {
					_, err := tx.Move(laneA, 1, []mail.Address{gone}, "other", store.Entry{})
					return err
				})
			}()
			synctest.Wait()
			look()
			goOn <- struct{}{}
			synctest.Wait()
			look()
			if len(shown) > 0 {
				t.Errorf("the entry without %s shows before it is durable", gone)
			}
			release()
			must(t, <-done)
			for range 2 {
				if es := <-shown; len(es) != 1 || es[0].Void != (gone == bob) || len(es[0].Recipients) != 1 && gone == ann {
					t.Errorf("entry without %s: %+v", gone, es)
				}
			}
		}
	})
}

// TestPowerCut shows that what was not waited for is gone as a whole, and what was is there.
func TestPowerCut(t *testing.T) {
	ctx := context.Background()
	engine := storetest.NewMemory()
	s := storetest.Open(t, engine, store.Options{})
	m, content := storetest.Message(t, s, "kept")
	must(t, s.Commit(ctx, keep(m, content)))
	lost, content := storetest.Message(t, s, strings.Repeat("lost", 50_000))
	release := engine.Hold()
	done, built := make(chan error, 1), make(chan struct{})
	go func() {
		done <- s.Commit(ctx, func(tx *store.Tx) error { defer close(built); return keep(lost, content)(tx) })
	}()
	<-built
	if _, err := s.Audit(); err != nil { // comes after the commit has been applied: both hold the same lock
		t.Fatal(err)
	}
	after := engine.Crash()
	release()
	if err := <-done; !errors.Is(err, store.ErrFailed) {
		t.Fatalf("a commit that a power cut interrupted: %v", err)
	}
	s = storetest.Open(t, after, store.Options{})
	if l := s.Lane(laneA); l.Assigned != 1 || l.Depth != 1 {
		t.Errorf("lane after the power cut: %+v", l)
	}
	if _, err := s.Message(lost.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("message after the power cut: %v", err)
	}
	if names, _ := after.Files().List(); len(names) != 0 {
		t.Errorf("content files that nothing names: %v", names)
	}
	findings, err := s.Audit()
	if err != nil || len(findings) > 0 {
		t.Errorf("audit: %v, %v", findings, err)
	}
}

// TestFailure shows that the first error of the disk ends everything, once.
func TestFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		engine := storetest.NewMemory()
		var told []error
		s := storetest.Open(t, engine, store.Options{OnFailure: func(err error) { told = append(told, err) }})
		m, content := storetest.Message(t, s, "text")
		must(t, s.Commit(ctx, keep(m, content)))
		waits := make(chan error, 2)
		go func() { waits <- s.WaitLane(ctx, laneA, 1) }()
		go func() { waits <- s.WaitMailbox(ctx, ann, 1<<40) }()
		synctest.Wait()
		cause := errors.New("input/output error")
		engine.Break(cause)
		for range 2 {
			if err := s.Prove(ctx); !errors.Is(err, store.ErrFailed) || !errors.Is(err, cause) {
				t.Errorf("commit: %v", err)
			}
		}
		for range 2 {
			if err := <-waits; !errors.Is(err, store.ErrFailed) {
				t.Errorf("wait: %v", err)
			}
		}
		if class, why := s.Class(); class != store.ClassFailed || !strings.Contains(why, cause.Error()) {
			t.Errorf("class %d: %s", class, why)
		}
		if len(told) != 1 {
			t.Errorf("told %d times", len(told))
		}
		large := s.NewDraft(1 << 20)
		if _, err := large.Write(make([]byte, 1<<20)); !errors.Is(err, store.ErrFailed) {
			t.Errorf("content: %v", err)
		}
		large.Discard()
		if es, err := s.Entries(laneA, 0, 10); err != nil || len(es) != 1 {
			t.Errorf("reads go on: %d, %v", len(es), err)
		}
	})
}

// TestFaultPoints shows that every point is passed, and none that is not in the list.
func TestFaultPoints(t *testing.T) {
	ctx := context.Background()
	var mu sync.Mutex
	var passed []string
	engine := storetest.NewMemory()
	s := storetest.Open(t, engine, store.Options{Fault: func(point string) {
		mu.Lock()
		defer mu.Unlock()
		if !slices.Contains(passed, point) {
			passed = append(passed, point)
		}
	}})
	m, content := storetest.Message(t, s, strings.Repeat("large", 20_000))
	must(t, s.Commit(ctx, keep(m, content)))
	must(t, s.Commit(ctx, func(tx *store.Tx) error { _, err := tx.Delete(ann, m.ID); return err }))
	must(t, s.Commit(ctx, func(tx *store.Tx) error { _, err := tx.Release(laneA, 1, nil); return err }))
	slices.Sort(passed)
	want := slices.Sorted(slices.Values(store.FaultPoints))
	if !slices.Equal(passed, want) {
		t.Errorf("passed %q\nwant %q", passed, want)
	}
}

// TestRetentionOfRequests runs a week in no time.
func TestRetentionOfRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		s := storetest.New(t, store.Options{Retention: time.Hour})
		once := func(as mail.ID) (first mail.ID) {
			must(t, s.Commit(ctx, func(tx *store.Tx) (err error) {
				first, err = tx.Once(store.Request{Caller: "c", ID: "r"}, as)
				return err
			}))
			return first
		}
		got := []mail.ID{once("1")}
		time.Sleep(59 * time.Minute)
		got = append(got, once("2"))
		time.Sleep(time.Minute)
		got = append(got, once("3"), once("4"))
		if want := []mail.ID{"", "1", "", "3"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// A wall clock that jumps, ahead or back, makes nothing old: a request is answered as before for the whole retention.
func TestRetentionIsNotByTheWallClockAlone(t *testing.T) {
	for _, jump := range []time.Duration{10 * 24 * time.Hour, 38 * 365 * 24 * time.Hour, -50 * 365 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			ctx := context.Background()
			offset := time.Duration(0)
			s := storetest.New(t, store.Options{Now: func() time.Time { return time.Now().Add(offset).Round(0) }})
			once := func(as mail.ID) (first mail.ID) {
				must(t, s.Commit(ctx, func(tx *store.Tx) (err error) {
					first, err = tx.Once(store.Request{Caller: "c", ID: "r"}, as)
					return err
				}))
				return first
			}
			once("1")
			offset = jump
			if got := once("2"); got != "1" {
				t.Errorf("after a jump of %v the request counts as new: %q", jump, got)
			}
			if _, err := s.Sweep(ctx, 1000); err != nil {
				t.Fatal(err)
			}
			if got := once("2"); got != "1" {
				t.Errorf("after a jump of %v and a sweep the request counts as new: %q", jump, got)
			}
			if err := s.Commit(ctx, func(tx *store.Tx) error {
				_, err := tx.Once(store.Request{Caller: "c", ID: "later"}, "5")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if err := s.Commit(ctx, func(tx *store.Tx) error {
				got, err := tx.Once(store.Request{Caller: "c", ID: "later"}, "6")
				if got != "5" {
					t.Errorf("a request made after a jump of %v counts as new: %q", jump, got)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(6 * 24 * time.Hour)
			if got := once("3"); got != "1" {
				t.Errorf("six days after a jump of %v the request counts as new: %q", jump, got)
			}
			time.Sleep(2 * 24 * time.Hour)
			if got := once("4"); jump > 0 && got != "" {
				t.Errorf("eight days after a jump of %v the request is still answered with %q", jump, got)
			}
		})
	}
}

// TestRetentionSurvivesRestarts: what a clock does while the program is off, or just before it starts again, makes nothing
// old either; and the time that the program did run is counted over all its starts.
func TestRetentionSurvivesRestarts(t *testing.T) {
	const day = 24 * time.Hour
	for name, jump := range map[string]time.Duration{"ahead": 400 * day, "back": -400 * day, "off for a month": 30 * day, "none": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := context.Background()
				offset := time.Duration(0)
				engine := storetest.NewMemory()
				var s *store.Store
				open := func() {
					var err error
					s, err = store.Open(engine, store.Options{Now: func() time.Time { return time.Now().Add(offset).Round(0) }})
					must(t, err)
				}
				restart := func() {
					must(t, s.Close())
					engine = engine.Reopen()
					open()
				}
				open()
				defer func() { _ = s.Close() }()
				once := func(as mail.ID) (first mail.ID) {
					must(t, s.Commit(ctx, func(tx *store.Tx) (err error) {
						first, err = tx.Once(store.Request{Caller: "c", ID: "r"}, as)
						return err
					}))
					return first
				}
				run := func(d time.Duration) { // as a program runs: it proves its store now and then
					for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Hour) {
						must(t, s.Prove(ctx))
						_, err := s.Sweep(ctx, 1000)
						must(t, err)
					}
				}
				once("1")
				run(day)
				offset = jump
				restart()
				for range 5 {
					run(day)
					if got := once("2"); got != "1" {
						t.Fatalf("the request counts as new: %q", got)
					}
					restart()
				}
				if jump < 0 {
					return // it stays as long as what was stamped in the past
				}
				run(day + 10*time.Hour)
				if got := once("3"); got != "" {
					t.Errorf("after %d days of running the request is still answered with %q", 7, got)
				}
			})
		})
	}
}

// TestMemoryOfIDsIsBounded: beyond its bytes the oldest go first, of deletions and of requests alike, and it is counted.
func TestMemoryOfIDsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		engine := storetest.NewMemory()
		o := store.Options{RememberBytes: 3500}
		s, err := store.Open(engine, o)
		must(t, err)
		defer func() { _ = s.Close() }()
		once := func(name string, as mail.ID) (first mail.ID) {
			must(t, s.Commit(ctx, func(tx *store.Tx) (err error) {
				first, err = tx.Once(store.Request{Caller: "c", ID: name}, as)
				return err
			}))
			return first
		}
		deleted := func() *mail.Message {
			m, content := storetest.Message(t, s, "body")
			must(t, s.Commit(ctx, keep(m, content)))
			must(t, s.Commit(ctx, func(tx *store.Tx) error { _, err := tx.Delete(ann, m.ID); return err }))
			time.Sleep(time.Second)
			return m
		}
		again := func(m *mail.Message) (fresh bool) {
			must(t, s.Commit(ctx, func(tx *store.Tx) (err error) { fresh, err = tx.Deliver(ann, m.ID); return err }))
			return fresh
		}
		first, firstAsked := deleted(), once("first", "1")
		for range 20 {
			time.Sleep(time.Second)
			deleted()
		}
		last := deleted()
		if was := once("last", "2"); was != "" || firstAsked != "" {
			t.Fatalf("requests were known before: %q, %q", firstAsked, was)
		}
		full := s.Remembered()
		for n := 3; n == 3; {
			n, err = s.Sweep(ctx, 3)
			must(t, err)
		}
		now := s.Remembered()
		if full.Bytes <= 3500 || now.Bytes > 3500 || now.Early != uint64(full.Records-now.Records) || now.Early < 2 {
			t.Errorf("%+v became %+v", full, now)
		}
		if !again(first) || again(last) {
			t.Error("not the oldest deletion was forgotten")
		}
		if once("first", "3") != "" || once("last", "4") != "2" {
			t.Error("not the oldest request was forgotten")
		}
		problems, err := s.Audit()
		must(t, err)
		if len(problems) > 0 {
			t.Error(problems)
		}
		counted := s.Remembered()
		must(t, s.Close())
		engine = engine.Reopen()
		s, err = store.Open(engine, o)
		must(t, err)
		if got := s.Remembered(); got.Records != counted.Records || got.Bytes != counted.Bytes {
			t.Errorf("after a restart %+v, before %+v", got, counted)
		}
	})
}
