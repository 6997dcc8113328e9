package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

var macnet = mail.Postoffice{Network: "MACNET", Name: "MACPO"}

// world is a map on a store in memory.
type world struct {
	*Map
	t      testing.TB
	engine *storetest.Memory
	store  *store.Store
	fault  func(string)
	former []mail.Postoffice
}

func newWorld(t testing.TB, former ...mail.Postoffice) *world {
	w := &world{t: t, engine: storetest.NewMemory(), former: former}
	w.open()
	return w
}

func (w *world) open() {
	w.t.Helper()
	var err error
	if w.store, err = store.Open(w.engine, store.Options{}); err != nil {
		w.t.Fatal(err)
	}
	w.Map, err = Open(Options{Store: w.store, Name: macnet, Former: w.former, Fault: func(p string) {
		if w.fault != nil {
			w.fault(p)
		}
	}})
	if err != nil {
		w.t.Fatal(err)
	}
}

// cut is a power cut.
func (w *world) cut() {
	w.engine = w.engine.Crash()
	w.open()
}

func (w *world) write(addresses ...string) []string {
	w.t.Helper()
	out, err := w.Write(parse(addresses...))
	if err != nil {
		w.t.Fatal(err)
	}
	return texts(out)
}

func (w *world) read(address string) string {
	a, err := w.Read(mail.MustAddress(address))
	if err != nil {
		return err.Error()
	}
	return a.String()
}

func (w *world) text() string {
	var b bytes.Buffer
	if err := w.Table().Write(&b); err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

// take imports a text and returns what it changed, or the error.
func (w *world) take(text string) string {
	table, err := Parse([]byte(text))
	if err == nil {
		var done Imported
		if done, err = w.Import(table); err == nil {
			return fmt.Sprint(done)
		}
	}
	return err.Error()
}

func parse(addresses ...string) []mail.Address {
	var as []mail.Address
	for _, a := range addresses {
		as = append(as, mail.MustAddress(a))
	}
	return as
}

func texts(as []mail.Address) []string {
	var out []string
	for _, a := range as {
		out = append(out, a.String())
	}
	return out
}

func TestAllocatedOnce(t *testing.T) {
	w := newWorld(t)
	first := w.write("Harry Olson@Marketing", "NET/PO/ANN", "Mary Fox@San Francisco", "SMTP:a@b.c", "harry olson@MARKETING", "bob@Marketing")
	want := []string{"MACNET/MACPO/A00001HO", "NET/PO/ANN", "MACNET/MACPO/A10001MF", "SMTP:a@b.c", "MACNET/MACPO/A00001HO", "MACNET/MACPO/A00002BO"}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
	for range 2 {
		w.cut()
		if got := w.write("bob@marketing", "Harry Olson@Marketing"); got[0] != want[5] || got[1] != want[0] {
			t.Errorf("after a restart: %q", got)
		}
		if got := w.read("macnet/MACPO/a00001ho"); got != "Harry Olson@Marketing" {
			t.Errorf("read: %s", got)
		}
	}
	if got := w.write("new@Marketing"); got[0] != "MACNET/MACPO/A00003NE" {
		t.Errorf("a number was used again or left out: %q", got)
	}
}

// TestLongestAddresses shows that what may be written at all is read back: from the store, and from the text.
func TestLongestAddresses(t *testing.T) {
	w := newWorld(t)
	user, server := strings.Repeat("u", mail.MaxAddress-len("@S"))+"@S", "u@"+strings.Repeat("s", mail.MaxAddress-len("u@"))
	ids := w.write(user, server)
	w.cut()
	if got := w.read(ids[0]) + " " + w.read(ids[1]); got != user+" "+server {
		t.Errorf("after a restart they are read as %s", got)
	}
	other := newWorld(t)
	if got := other.take(w.text()); got != "{2 2 0 0}" {
		t.Errorf("imported elsewhere: %s", got)
	}
}

func TestRead(t *testing.T) {
	w := newWorld(t, mail.Postoffice{Network: "OLDNET", Name: "OLDPO"}, mail.Postoffice{Network: "PAST", Name: "PO"})
	w.write("bob@Marketing", "carl@Marketing")
	w.take("SERVERS\nA0 Marketing\nIDS\nA00002CA retired carl@Marketing\n")
	for address, want := range map[string]string{
		"MACNET/MACPO/A00001BO": "bob@Marketing",
		"oldnet/oldpo/A00001BO": "bob@Marketing",
		"PAST/PO/a00001bo":      "bob@Marketing",
		"MACNET/OTHER/A00001BO": "MACNET/OTHER/A00001BO",
		"SMTP:MACNET/MACPO/X":   "SMTP:MACNET/MACPO/X",
		"MACNET/MACPO/$SYSTEM":  "MACNET/MACPO/$SYSTEM",
		"MACNET/MACPO/*Special": "MACNET/MACPO/*Special",
		"MACNET/MACPO/A00009XX": "nobody has the proxy address MACNET/MACPO/A00009XX",
		"MACNET/MACPO/BOB":      "nobody has the proxy address MACNET/MACPO/BOB",
		"MACNET/MACPO/A00002CA": "the proxy address MACNET/MACPO/A00002CA is retired",
		"bob@Marketing":         "bob@Marketing",
	} {
		if got := w.read(address); got != want {
			t.Errorf("%s is read as %s, want %s", address, got, want)
		}
	}
}

// TestRetiredStaysRetired shows that no ID ever comes to mean somebody else. KB Q118459, README32.
func TestRetiredStaysRetired(t *testing.T) {
	w := newWorld(t)
	old := w.write("bob@Marketing")[0]
	if got := w.take("SERVERS\nA0 Marketing\nIDS\nA00001BO retired bob@Marketing\n"); got != "{0 0 1 1}" {
		t.Errorf("retired: %s", got)
	}
	for range 2 {
		if got := w.write("bob@Marketing")[0]; got == old {
			t.Errorf("%s came back", old)
		}
		if got := w.take("SERVERS\nA0 Marketing\nIDS\nA00001BO live bob@Marketing\n"); !strings.Contains(got, "line 4: the ID A00001BO is retired") {
			t.Errorf("given back: %s", got)
		}
		w.cut()
	}
}

func TestImport(t *testing.T) {
	w := newWorld(t)
	w.write("bob@Marketing")
	const text = "SERVERS\nA0 Marketing\nT6 Marketing\n1F Sales\nIDS\nT60009HO live Harry Olson@Marketing\nT60010BO live Bob@MARKETING\n1F0042XX retired gone@Sales\n"
	for i, want := range []string{"{2 3 0 1}", "{0 0 0 6}"} {
		if got := w.take(text); got != want {
			t.Errorf("time %d: %s, want %s", i+1, got, want)
		}
		w.cut()
	}
	if got := w.write("bob@Marketing", "Harry Olson@Marketing"); got[0] != "MACNET/MACPO/A00001BO" || got[1] != "MACNET/MACPO/T60009HO" {
		t.Errorf("written: %q", got)
	}
	if got := w.read("MACNET/MACPO/T60010BO"); got != "bob@Marketing" && got != "Bob@MARKETING" {
		t.Errorf("the second ID is read as %s", got)
	}
	if got := w.write("new@Sales", "more@Marketing"); got[0] != "MACNET/MACPO/1F0043NE" || got[1] != "MACNET/MACPO/A00002MO" {
		t.Errorf("new IDs are %q: a retired number counts, too", got)
	}
	before := w.text()
	for name, tt := range map[string][2]string{
		"a code for another server":  {"SERVERS\nT6 Sales\nIDS\n", "line 2: the code T6 belongs to the server Marketing"},
		"an ID for somebody else":    {"SERVERS\nT6 Marketing\nIDS\nT60011AA live a@Marketing\nT60009HO live Hans Ott@Marketing\n", "line 5: the ID T60009HO belongs to Harry Olson@Marketing"},
		"two live IDs for one":       {"SERVERS\nT6 Marketing\nIDS\nT60021AA live a@Marketing\nT60022AA live A@marketing\n", "line 5: the ID T60022AA is live, but so is another one of its address, in line 4"},
		"a retired ID for its owner": {"SERVERS\n1F Sales\nIDS\n1F0042XX also gone@Sales\n", "line 4: the ID 1F0042XX is retired"},
	} {
		if got := w.take(tt[0]); !strings.Contains(got, tt[1]) {
			t.Errorf("%s: %s, want %s", name, got, tt[1])
		}
		if after := w.text(); after != before {
			t.Errorf("%s: a refused import changed something (-before +after):\n%s", name, cmp.Diff(before, after))
		}
	}
	if got := w.take("SERVERS\nA0 Marketing\nT6 Marketing\nIDS\nT60030BO live bob@Marketing\nA00001BO retired bob@Marketing\n"); got != "{0 1 1 2}" {
		t.Errorf("one ID for another: %s", got)
	}
	if got := w.write("bob@Marketing")[0]; got != "MACNET/MACPO/T60030BO" {
		t.Errorf("after it was replaced bob is %s", got)
	}
	other := newWorld(t)
	other.take(w.text())
	if diff := cmp.Diff(w.text(), other.text()); diff != "" {
		t.Errorf("export and import lose something (-want +got):\n%s", diff)
	}
}

// TestCodesRunOut shows what happens at both ends of the supply: of numbers under a code, and of codes.
func TestCodesRunOut(t *testing.T) {
	w := newWorld(t)
	if got := w.take("SERVERS\nT6 Marketing\nIDS\nT69998AA live a@Marketing\n"); got != "{1 1 0 0}" {
		t.Fatal(got)
	}
	if got := fmt.Sprint(w.write("b@Marketing", "c@Marketing", "d@marketing")); got != "[MACNET/MACPO/T69999BX MACNET/MACPO/A00001CX MACNET/MACPO/A00002DX]" {
		t.Errorf("at the end of the numbers: %s", got)
	}
	b, taken := []byte("SERVERS\n"), map[string]bool{"T6": true, "A0": true}
	for code := freeCode(func(code string) bool { return taken[code] }); code != ""; code = freeCode(func(code string) bool { return taken[code] }) {
		b = fmt.Appendf(b, "%s Server %d\n", code, len(taken))
		taken[code] = true
	}
	if got := w.take(string(b) + "IDS\n"); got != "{1294 0 0 0}" {
		t.Fatal(got)
	}
	before := w.text()
	if _, err := w.Write(parse("x@Server 7", "y@One More")); !errors.Is(err, ErrExhausted) {
		t.Errorf("without a code: %v", err)
	}
	if w.text() != before {
		t.Error("an allocation that failed left something behind")
	}
	if got := w.write("x@Server 7"); len(got) != 1 {
		t.Error("a server with a code has no numbers")
	}
}

// TestFaultPoints dies at every point. What was answered is there afterwards, and no ID is given twice.
func TestFaultPoints(t *testing.T) {
	seen := map[string]bool{}
	for _, point := range FaultPoints {
		w := newWorld(t)
		w.write("ann@Marketing")
		w.fault = func(p string) {
			seen[p] = true
			if p == point {
				panic(p)
			}
		}
		for _, do := range []func(){
			func() { w.write("bob@Marketing") },
			func() {
				w.take("SERVERS\nA0 Marketing\nT6 Sales\nIDS\nA00001AN retired ann@Marketing\nT60001XX live x@Sales\n")
			},
		} {
			func() {
				defer func() { _ = recover() }()
				do()
			}()
		}
		w.fault = nil
		w.cut()
		if got := w.write("bob@Marketing")[0]; got != "MACNET/MACPO/A00002BO" {
			t.Errorf("%s: bob is %s", point, got)
		}
		gone, there := w.read("MACNET/MACPO/A00001AN"), w.read("MACNET/MACPO/T60001XX")
		if imported := there == "x@Sales"; imported == (gone == "ann@Marketing") {
			t.Errorf("%s: half an import: %s, %s", point, gone, there)
		}
	}
	(&world{t: t, engine: storetest.NewMemory(), fault: func(p string) { seen[p] = true }}).open()
	if diff := cmp.Diff(slices.Sorted(slices.Values(FaultPoints)), slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("points (-listed +passed):\n%s", diff)
	}
}

func TestConcurrentUse(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for i := range 50 {
				out, err := w.Write(parse(fmt.Sprintf("user%d@Marketing", i), fmt.Sprintf("own%d@Server %d", i, n)))
				if err != nil {
					t.Error(err)
					return
				}
				for _, a := range out {
					if _, err := w.Read(a); err != nil {
						t.Error(err)
					}
				}
				w.List("", 10)
			}
		})
	}
	wg.Wait()
	if n := len(w.Table().IDs); n != 250 {
		t.Errorf("%d IDs for 250 addresses", n)
	}
}

func TestList(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		w.write(fmt.Sprintf("user%d@Marketing", i))
	}
	var all []string
	for after := ""; ; {
		page := w.List(after, 3)
		if len(page) == 0 {
			break
		}
		for _, p := range page {
			all = append(all, p.ID)
			if p.Created.IsZero() || p.State != Live {
				t.Errorf("%+v", p)
			}
		}
		after = page[len(page)-1].ID
	}
	if len(all) != 7 || !slices.IsSorted(all) {
		t.Errorf("listed: %q", all)
	}
}

// TestModel compares the map with the simplest one that keeps the promise: what an ID meant once it means for ever.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		meant := map[string]string{} // address by ID
		retired := map[string]bool{}
		rt.Repeat(map[string]func(*rapid.T){
			"write": func(rt *rapid.T) {
				address := fmt.Sprintf("user%d@Server %d", rapid.IntRange(0, 4).Draw(rt, "user"), rapid.IntRange(0, 2).Draw(rt, "server"))
				id := strings.TrimPrefix(w.write(address)[0], "MACNET/MACPO/")
				if was, known := meant[id]; known && was != address || retired[id] {
					rt.Fatalf("%s meant %s, and is written for %s (retired %v)", id, was, address, retired[id])
				}
				meant[id] = address
			},
			"retire": func(rt *rapid.T) {
				list := w.List("", 100)
				if len(list) == 0 {
					return
				}
				p := rapid.SampledFrom(list).Draw(rt, "proxy")
				t := &Table{Servers: w.Table().Servers, IDs: []Proxy{{ID: p.ID, State: Retired, Address: p.Address}}}
				if _, err := w.Import(t); err != nil {
					rt.Fatal(err)
				}
				retired[p.ID] = true
			},
			"cut": func(*rapid.T) { w.cut() },
			"": func(rt *rapid.T) {
				for id, address := range meant {
					got := w.read("MACNET/MACPO/" + id)
					if retired[id] != strings.HasSuffix(got, "is retired") || !retired[id] && got != address {
						rt.Fatalf("%s of %s reads as %s", id, address, got)
					}
				}
			},
		})
	})
}
