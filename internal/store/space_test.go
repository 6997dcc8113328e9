package store_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

// TestLargeContentFindsNoRoomAnyMore: content that began while there was room stops where the reserve begins. It is for what
// is in custody, and a write that finds the disk full ends the store.
func TestLargeContentFindsNoRoomAnyMore(t *testing.T) {
	const reserve, part = 1 << 20, 100 << 10
	engine := storetest.NewMemory()
	s := storetest.Open(t, engine, store.Options{ReserveBytes: reserve})
	free := uint64(2 * reserve)
	var drafts []*store.Draft
	for range 20 {
		drafts = append(drafts, s.NewDraft(10*part))
	}
	full := 0
	for range 10 {
		for _, d := range drafts {
			engine.SetUsage(store.Usage{Free: free, Total: 1 << 40})
			switch n, err := d.Write(make([]byte, part)); {
			case errors.Is(err, store.ErrFull):
				full++
			case err != nil:
				t.Fatal(err)
			default:
				free -= uint64(n)
			}
		}
	}
	if free < reserve-part || free >= reserve || full == 0 {
		t.Errorf("%d bytes are free of %d in reserve; %d parts found no room", free, reserve, full)
	}
	for _, d := range drafts {
		d.Discard()
	}
	if names, err := engine.Files().List(); err != nil || len(names) != 0 {
		t.Errorf("files %q are left, %v", names, err)
	}
}

// TestWhatIsWrittenCounts: an answer about the disk is good for a second, but not for more than was free then.
func TestWhatIsWrittenCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // no time passes
		const reserve = 1 << 20
		engine := storetest.NewMemory()
		engine.SetUsage(store.Usage{Free: 5 * reserve, Total: 1 << 40})
		s := storetest.Open(t, engine, store.Options{ReserveBytes: reserve})
		record := func(tx *store.Tx) error { tx.Put("t", "k", make([]byte, reserve)); return nil }
		must(t, s.Commit(t.Context(), record))
		engine.SetUsage(store.Usage{Free: reserve / 2, Total: 1 << 40})
		must(t, s.Commit(t.Context(), record))
		must(t, s.Commit(t.Context(), record))
		if err := s.Commit(t.Context(), record); !errors.Is(err, store.ErrFull) {
			t.Errorf("after what was plenty has been written: %v", err)
		}
	})
}

// TestRefusalIsLogged: that a full store takes nothing new stands in the log, and that it does again; not with every commit.
func TestRefusalIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		engine := storetest.NewMemory()
		s := storetest.Open(t, engine, store.Options{Log: hclog.New(&hclog.LoggerOptions{Output: &log})})
		for range 3 { // around the limit
			for _, free := range []uint64{1 << 20, 1 << 40} {
				engine.SetUsage(store.Usage{Free: free, Total: 1 << 41})
				time.Sleep(2 * time.Second)
				for range 10 {
					s.Class()
				}
			}
		}
		time.Sleep(time.Minute)
		s.Class()
		for text, want := range map[string]int{"[WARN]  store: nothing new is taken: reason=\"store is full: 1 MiB are free": 1, "[INFO]  store: mail is taken again": 1} {
			if got := strings.Count(log.String(), text); got != want {
				t.Errorf("%q stands %d times in the log:\n%s", text, got, log.String())
			}
		}
	})
}

// TestTinyVolume: on a volume that is full with nothing on it, the error says that no clearing up will help.
func TestTinyVolume(t *testing.T) {
	for total, want := range map[uint64]string{24 << 20: "; the volume is too small, with 24 MiB in all", 1 << 40: ""} {
		engine := storetest.NewMemory()
		engine.SetUsage(store.Usage{Free: 1 << 20, Total: total})
		s := storetest.Open(t, engine, store.Options{})
		if class, why := s.Class(); class != store.ClassRefusing || why != "store is full: 1 MiB are free, 64 MiB are kept in reserve"+want {
			t.Errorf("%d bytes: %v, %s", total, class, why)
		}
	}
}
