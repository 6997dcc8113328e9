package proxy

import (
	"fmt"
	"slices"
	"testing"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

// renewed opens what an engine holds under a new identity.
func (w *world) renewed(engine *storetest.Memory) {
	w.t.Helper()
	s, err := store.Open(engine, store.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	id := s.ID()
	engine = engine.Crash()
	if done, err := store.Renew(w.t.Context(), engine, store.Options{}, id); err != nil || !done {
		w.t.Fatal(done, err)
	}
	w.engine = engine.Crash()
	w.open()
}

// TestBackFromACopy: an ID that was given after the copy was made is given to nobody by the store that came back from it, and
// neither is the code of a server. KB Q118459.
func TestBackFromACopy(t *testing.T) {
	w := newWorld(t)
	w.write("ann@Marketing", "bob@Sales")
	copied := w.engine
	w.cut()
	meant := map[string]string{}
	lost := []string{"Carl Otto@Marketing", "Dora Olson@Support"}
	for i, id := range w.write(lost...) {
		meant[id] = lost[i]
	}
	for _, point := range []string{"proxy.begin.before", "proxy.begin.after", ""} {
		w.fault = func(p string) {
			if p == point {
				panic(p)
			}
		}
		func() {
			defer func() { _ = recover() }()
			w.renewed(copied.Crash())
		}()
		w.fault = nil
		w.cut()
		for range 2 {
			now := []string{"Chris Ott@Marketing", "Don Orr@Purchase", "bob@Sales"}
			ids := w.write(now...)
			if want := []string{"MACNET/MACPO/A01002CO", "MACNET/MACPO/B20001DO", "MACNET/MACPO/A10001BO"}; !slices.Equal(ids, want) {
				t.Errorf("dead at %q, given are %q, want %q", point, ids, want)
			}
			for i, id := range ids {
				if meant[id] != "" {
					t.Errorf("%s meant %s and is given to %s", id, meant[id], now[i])
				}
			}
			w.cut() // nothing more is left out
		}
		if got := w.write("next@Marketing")[0]; got != "MACNET/MACPO/A01003NE" {
			t.Errorf("dead at %q, the next one is %s", point, got)
		}
		for id := range meant {
			if _, err := w.Read(mail.MustAddress(id)); err == nil {
				t.Errorf("%s means somebody", id)
			}
		}
	}
}

// TestCodesRunOutByCopies: what is left out ends with what there is.
func TestCodesRunOutByCopies(t *testing.T) {
	w := newWorld(t)
	w.write("ann@Marketing")
	for i := range 40 {
		w.renewed(w.engine.Crash())
		if out, err := w.Write(parse(fmt.Sprintf("user%d@Marketing", i))); err != nil {
			if i < 35 {
				t.Errorf("after %d copies: %v", i, err)
			}
		} else if _, err := w.Read(out[0]); err != nil {
			t.Error(err)
		}
	}
}
