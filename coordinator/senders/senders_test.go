package senders

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

func patterns(texts ...string) []mail.Pattern {
	var ps []mail.Pattern
	for _, text := range texts {
		ps = append(ps, mail.MustPattern(text))
	}
	return ps
}

func open(t *testing.T, engine *storetest.Memory, fault func(string)) *List {
	t.Helper()
	s, err := store.Open(engine, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(s, fault)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWhoMaySend(t *testing.T) {
	engine := storetest.NewMemory()
	l := open(t, engine, nil)
	if l.Has(mail.MustAddress("NET/PO/ANN")) {
		t.Error("an empty list has somebody")
	}
	added, removed, err := l.Update(t.Context(), patterns("NET/PO/ANN", "net/po/ann", "SALES/*/*", "bob@Marketing"), patterns("NET/PO/CARL"))
	if got := fmt.Sprint(added, removed, err); got != "3 0 <nil>" {
		t.Errorf("changed: %s", got)
	}
	for range 2 {
		for address, want := range map[string]bool{
			"net/PO/ann": true, "NET/PO/CARL": false, "sales/x/y": true, "BOB@marketing": true, "SMTP:bob@Marketing": false, "MSMAIL:NET/PO/ANN@x": false,
		} {
			if got := l.Has(mail.MustAddress(address)); got != want {
				t.Errorf("%s may send: %v, want %v", address, got, want)
			}
		}
		engine = engine.Crash()
		l = open(t, engine, nil)
	}
	added, removed, err = l.Update(t.Context(), patterns("bob@marketing"), patterns("Sales/*/*", "bob@Marketing", "NET/PO/DAN"))
	if got := fmt.Sprint(added, removed, err); got != "1 2 <nil>" {
		t.Errorf("changed: %s", got)
	}
	if l.Has(mail.MustAddress("sales/x/y")) || !l.Has(mail.MustAddress("bob@Marketing")) {
		t.Error("the change is not in force")
	}
}

func TestEverybody(t *testing.T) {
	l := open(t, storetest.NewMemory(), nil)
	if _, _, err := l.Update(t.Context(), patterns("*"), nil); err != nil || !l.Has(mail.MustAddress("FAX:1")) {
		t.Errorf("* has not everybody: %v", err)
	}
	if _, removed, _ := l.Update(t.Context(), nil, patterns("*")); removed != 1 || l.Has(mail.MustAddress("FAX:1")) {
		t.Error("* was not removed")
	}
}

// TestSpelledAnew: who is removed and added in one change never stops being listed, and is listed as it was written last.
func TestSpelledAnew(t *testing.T) {
	engine := storetest.NewMemory()
	l := open(t, engine, nil)
	for _, text := range []string{"net/po/ann", "NET/PO/ANN"} {
		if _, _, err := l.Update(t.Context(), patterns(text), patterns("Net/Po/Ann")); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if page, _ := l.Page("", 9); len(page) != 1 || page[0].String() != text {
				t.Errorf("listed as %v, want %s", page, text)
			}
			engine = engine.Crash()
			l = open(t, engine, nil)
		}
	}
}

// TestWhileMailFlows: a list that is replaced again and again lets who is in both the old one and the new one pass all the
// time.
func TestWhileMailFlows(t *testing.T) {
	l := open(t, storetest.NewMemory(), nil)
	if _, _, err := l.Update(t.Context(), patterns("NET/PO/ANN", "SALES/*/*"), nil); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for n := range 2 {
		wg.Go(func() {
			for i := range 50 {
				other := patterns(fmt.Sprintf("NET/PO/U%d", 100*n+i))
				if _, _, err := l.Update(t.Context(), append(other, patterns("NET/PO/ANN", "SALES/*/*")...), append(other, patterns("net/po/ann", "sales/*/*")...)); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 2000 {
				if !l.Has(mail.MustAddress("NET/PO/ANN")) || !l.Has(mail.MustAddress("sales/x/y")) {
					t.Error("somebody who stays listed was turned away")
					return
				}
			}
		})
	}
	wg.Wait()
	if page, _ := l.Page("", 200); len(page) != 102 {
		t.Errorf("%d are listed after two writers named 50 each", len(page))
	}
}

// TestFailedChange: what could not be kept is not in force, and a full store can still be told who may send.
func TestFailedChange(t *testing.T) {
	engine := storetest.NewMemory()
	l := open(t, engine, nil)
	engine.SetUsage(store.Usage{Total: 1 << 30})
	if _, _, err := l.Update(t.Context(), patterns("NET/PO/ANN"), nil); err != nil {
		t.Errorf("in a full store: %v", err)
	}
	engine.Crash()
	if _, _, err := l.Update(t.Context(), patterns("NET/PO/BOB"), patterns("NET/PO/ANN")); err == nil {
		t.Error("a change that is not kept is answered")
	}
	if l.Has(mail.MustAddress("NET/PO/BOB")) || !l.Has(mail.MustAddress("NET/PO/ANN")) {
		t.Error("a change that failed is in force")
	}
}

func TestPages(t *testing.T) {
	l := open(t, storetest.NewMemory(), nil)
	var add []mail.Pattern
	for i := range 7 {
		add = append(add, mail.MustPattern(fmt.Sprintf("NET/PO/U%d", i)))
	}
	if _, _, err := l.Update(t.Context(), add, nil); err != nil {
		t.Fatal(err)
	}
	var all []string
	pages := 0
	for after, more := "", true; more; more = after != "" {
		var page []mail.Pattern
		page, after = l.Page(after, 3)
		for _, p := range page {
			all = append(all, p.String())
		}
		pages++
	}
	if len(all) != 7 || !slices.IsSorted(all) || pages != 3 {
		t.Errorf("%d pages: %q", pages, all)
	}
}

func TestBound(t *testing.T) {
	l := open(t, storetest.NewMemory(), nil)
	add := make([]mail.Pattern, maxListed+1)
	for i := range add {
		add[i] = mail.MustPattern(fmt.Sprintf("N/P/U%d", i))
	}
	if _, _, err := l.Update(t.Context(), add, nil); !errors.Is(err, ErrTooMany) {
		t.Errorf("a list of any size: %v", err)
	}
	if page, _ := l.Page("", 1); len(page) != 0 {
		t.Error("a refused change left something behind")
	}
}

// TestFaultPoints dies at every point: the list is the old one or the new one.
func TestFaultPoints(t *testing.T) {
	for i, point := range FaultPoints {
		engine := storetest.NewMemory()
		l := open(t, engine, func(p string) {
			if p == point {
				panic(p)
			}
		})
		func() {
			defer func() {
				if recover() != point {
					t.Errorf("%s is not passed", point)
				}
			}()
			_, _, _ = l.Update(t.Context(), patterns("NET/PO/ANN", "NET/PO/BOB"), nil)
		}()
		l = open(t, engine.Crash(), nil)
		ann, bob := l.Has(mail.MustAddress("NET/PO/ANN")), l.Has(mail.MustAddress("NET/PO/BOB"))
		if ann != bob || ann != (i == 1) {
			t.Errorf("%s: ann %v, bob %v", point, ann, bob)
		}
	}
}
