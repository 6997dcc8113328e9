package directory

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sidegate/internal/mail"
)

func entry(t *testing.T, name, address string) Entry {
	t.Helper()
	e, err := NewEntry(name, address)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func list(t *testing.T, pairs ...string) List {
	t.Helper()
	var es []Entry
	for i := 0; i < len(pairs); i += 2 {
		es = append(es, entry(t, pairs[i], pairs[i+1]))
	}
	l, err := NewList(es)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func names(es []Entry) string {
	var out []string
	for _, e := range es {
		out = append(out, e.Name)
	}
	return strings.Join(out, "; ")
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"Martin, Robert", "Martin, Robert"},
		{"  Ann \t  Lee ", ""}, // a tab is no blank of a name
		{"  Ann   Lee ", "Ann Lee"},
		{"Zoe\u0308", "Zoë"}, {"Ann\u00a0Lee", "Ann Lee"},
		{"", ""}, {"   ", ""}, {"a\nb", ""}, {"a\u2028b", ""}, {"a\xffb", ""}, {strings.Repeat("x", MaxName+1), ""},
		{strings.Repeat("x", MaxName), strings.Repeat("x", MaxName)},
		{strings.Repeat("\u0958", MaxName/3), ""}, // is longer in composed form
	} {
		got, err := CleanName(c.name)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("CleanName(%q) = %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

func TestAddressesOfEntries(t *testing.T) {
	for address, ok := range map[string]bool{"ann@Sales": true, "PCM:N/P/ANN": true, "ann@Sales ": false, "MSMAIL: ann@Sales": false, "nobody": false} {
		if e, err := NewEntry("Ann", address); (err == nil) != ok {
			t.Errorf("%q makes %v, %v", address, e, err)
		}
	}
}

func TestListIsByNameAndUnique(t *testing.T) {
	a, b, c := entry(t, "Bob", "N/P/BOB"), entry(t, "ann", "ann@Sales"), entry(t, "Ann", "N/P/ANN")
	l, err := NewList([]Entry{a, b, c})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(slices.Collect(l.All())); got != "Ann; ann; Bob" {
		t.Errorf("order is %s", got)
	}
	if _, err := NewList([]Entry{a, entry(t, "Bobby", "csi:n/p/bob")}); err == nil || !strings.Contains(err.Error(), `as "Bob" and as "Bobby"`) {
		t.Errorf("one address twice: %v", err)
	}
	if e, ok := l.Lookup(mail.MustAddress("ANN@sales")); !ok || e != b {
		t.Errorf("Lookup = %v, %v", e, ok)
	}
	if _, ok := (List{}).Lookup(a.Address); ok {
		t.Error("the empty list knows somebody")
	}
}

func TestListIsBounded(t *testing.T) {
	many := make([]Entry, MaxEntries+1)
	for i := range many {
		many[i] = Entry{Name: "x", Address: mail.Address{Type: mail.TypePC, Value: fmt.Sprintf("N/P/U%d", i)}}
	}
	if _, err := NewList(many); err == nil {
		t.Error("65,536 entries are taken")
	}
	if l, err := NewList(many[1:]); err != nil || l.Len() != MaxEntries {
		t.Errorf("65,535 entries: %v", err)
	}
	for i := range many {
		many[i].Name = strings.Repeat("x", MaxName)
	}
	if _, err := NewList(many[1:]); err == nil {
		t.Error("16 MiB are taken")
	}
}

// A name finds all who bear it, as friendly name or as the name of their mailbox, and each of them once.
func TestFind(t *testing.T) {
	l := list(t, "Ann Lee", "NET/PO/ANNLEE", "Bob", "NET/PO/BOB", "Robert Young", "bob@Marketing", "Zoë", "zoe@Marketing", "Fax", "FAX:555-1212")
	for name, want := range map[string]string{
		"ann lee": "Ann Lee", "ANNLEE": "Ann Lee", " Ann  Lee": "Ann Lee", "bob": "Bob; Robert Young", "ZOE\u0308": "Zoë", "zoe": "Zoë",
		"555-1212": "Fax", "Ann": "", "": "", "NET/PO/BOB": "",
	} {
		if got := names(l.Find(name)); got != want {
			t.Errorf("Find(%q) = %q, want %q", name, got, want)
		}
	}
	if got := (List{}).Find("bob"); got != nil {
		t.Errorf("the empty list finds %v", got)
	}
}

func TestSearch(t *testing.T) {
	l := list(t, "Ann Lee", "NET/PO/ANNLEE", "Bob Lean", "NET/PO/BOB", "Leander", "l@Marketing", "Zoë", "zoe@Lee Hall", "Eve", "e@x")
	for _, c := range []struct {
		text   string
		prefix bool
		want   string
	}{
		{"lea", false, "Bob Lean; Leander"}, {"LEE", false, "Ann Lee; Zoë"}, {"le", true, "Ann Lee; Bob Lean; Leander"},
		{"net/po", true, "Ann Lee; Bob Lean"}, {"/po/b", false, "Bob Lean"}, {"/po/b", true, ""}, {"zoë", true, "Zoë"}, {"nobody", false, ""},
		{"", false, "Ann Lee; Bob Lean; Eve; Leander; Zoë"}, {"", true, "Ann Lee; Bob Lean; Eve; Leander; Zoë"},
	} {
		if got := names(l.Search(Query{Text: c.text, Prefix: c.prefix}, 10)); got != c.want {
			t.Errorf("search for %q, prefix %v, finds %q, want %q", c.text, c.prefix, got, c.want)
		}
	}
	if got := l.Search(Query{}, 0); got != nil {
		t.Errorf("no entries were asked for, and %v came", got)
	}
}

// Pages join to the whole, however the list changed between them as far as what stayed is concerned.
func TestPages(t *testing.T) {
	var es []Entry
	for i := range 100 {
		es = append(es, entry(t, fmt.Sprintf("Person %d", i%10), fmt.Sprintf("N/P/U%d", i)))
	}
	l, err := NewList(es)
	if err != nil {
		t.Fatal(err)
	}
	var got []Entry
	for q := (Query{Text: "person"}); ; {
		page := l.Search(q, 7)
		got = append(got, page...)
		if len(page) < 7 {
			break
		}
		q.After = PlaceOf(page[len(page)-1])
		if rest, err := NewList(slices.DeleteFunc(slices.Collect(l.All()), func(e Entry) bool { return e == page[6] })); err != nil {
			t.Fatal(err)
		} else {
			l = rest // the entry behind which to go on is gone
		}
	}
	ByAddress(got)
	ByAddress(es)
	if !slices.Equal(got, es) {
		t.Errorf("%d entries came in pages, want %d", len(got), len(es))
	}
}

// entries draws a list's worth of entries from few addresses, so that lists overlap.
func entries(t *rapid.T, label string) []Entry {
	byKey := map[string]Entry{}
	for range rapid.IntRange(0, 12).Draw(t, label) {
		e := Entry{
			Name:    rapid.SampledFrom([]string{"Ann", "ann", "Bob", "Zoë"}).Draw(t, "name"),
			Address: mail.MustAddress(rapid.SampledFrom([]string{"N/P/A", "n/p/a", "N/P/B", "a@b", "A@b", "FAX:1", "SMTP:x@y"}).Draw(t, "address")),
		}
		byKey[e.Key()] = e
	}
	var out []Entry
	for _, e := range byKey {
		out = append(out, e)
	}
	return out
}

// What Compare says makes the one list of the other, and nothing is said about equal lists.
func TestCompareAndUpdate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, err := NewList(entries(t, "old"))
		if err != nil {
			t.Fatal(err)
		}
		now, err := NewList(entries(t, "now"))
		if err != nil {
			t.Fatal(err)
		}
		d := Compare(old, now)
		if d.Empty() != old.Equal(now) {
			t.Errorf("the difference of %v and %v is %v", old.in, now.in, d)
		}
		if got, err := old.Updated(stepsOf(d)); err != nil || !got.Equal(now) {
			t.Errorf("updated: %v, %v", got.in, err)
		}
		if !Compare(now, now).Empty() {
			t.Error("a list differs from itself")
		}
	})
}

// All differences come by name, whatever they are.
func TestDifferencesByName(t *testing.T) {
	old, now := list(t, "Ann", "a@x", "Carl", "c@x", "Eve", "e@x"), list(t, "Bob", "b@x", "Carlo", "c@x", "Dan", "d@x", "Eve", "E@x")
	var got []string
	for c := range Compare(old, now).All() {
		got = append(got, c.Old.Name+">"+c.New.Name)
	}
	if want := "Ann> >Bob Carl>Carlo >Dan Eve>Eve"; strings.Join(got, " ") != want {
		t.Errorf("the differences are %q, want %q", got, want)
	}
}

func stepsOf(d Diff) []Step {
	var steps []Step
	for _, e := range d.Removed {
		steps = append(steps, Step{Remove: &e.Address})
	}
	for _, c := range d.Changed {
		steps = append(steps, Step{Put: &c.New})
	}
	for _, e := range d.Added {
		steps = append(steps, Step{Put: &e})
	}
	return steps
}

// KB Q109258: replacing one list leaves the others alone.
func TestReplace(t *testing.T) {
	l := list(t, "Ann", "NET/PO/ANN", "Bob", "NET/PO/BOB", "Eve", "NET/OTHER/EVE", "Zoë", "zoe@Marketing")
	po := mail.MustPattern("net/po/*")
	ann, dan := entry(t, "Ann", "NET/PO/ANN"), entry(t, "Dan", "NET/PO/DAN")
	now, err := l.Updated([]Step{{Replace: &po}, {Put: &ann}, {Put: &dan}})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(slices.Collect(now.All())); got != "Ann; Dan; Eve; Zoë" {
		t.Errorf("after the list was replaced: %s", got)
	}
	if d := Compare(l, now); len(d.Added) != 1 || len(d.Removed) != 1 || len(d.Changed) != 0 {
		t.Errorf("what changed is %+v", d)
	}
}

// A pattern takes out whom it covers, and nobody else, whatever it leaves open.
func TestReplaceTakesOutWhatItCovers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := entries(t, "all")
		l, err := NewList(all)
		if err != nil {
			t.Fatal(err)
		}
		p := mail.MustPattern(rapid.SampledFrom([]string{"*", "N/P/*", "n/*/*", "*/p/*", "*/*/A", "n/p/a", "N/Q/*", "*@B", "A@*", "*@*", "SMTP:*", "FAX:1"}).Draw(t, "pattern"))
		now, err := l.Updated([]Step{{Replace: &p}})
		if err != nil {
			t.Fatal(err)
		}
		want, err := NewList(slices.DeleteFunc(all, func(e Entry) bool { return p.Match(e.Address) }))
		if err != nil || !now.Equal(want) {
			t.Errorf("%s leaves %v of %v, want %v", p, now.in, l.in, want.in)
		}
	})
}

// A file with very many lists looks at everybody some times, and not once for each list.
func TestManyListsAreReplaced(t *testing.T) {
	const people, lists = 3000, 300
	var es []Entry
	var steps []Step
	for i := range people {
		es = append(es, entry(t, "Somebody", fmt.Sprintf("NET/PO%d/P%d", i%lists, i)))
	}
	for i := range lists {
		p := mail.MustPattern(fmt.Sprintf("NET/PO%d/*", i))
		steps = append(steps, Step{Replace: &p})
	}
	for i := range es {
		steps = append(steps, Step{Put: &es[i]})
	}
	l, err := NewList(es)
	if err != nil {
		t.Fatal(err)
	}
	n := testing.AllocsPerRun(1, func() {
		if now, err := l.Updated(steps); err != nil || !now.Equal(l) {
			t.Errorf("%d people, %v", now.Len(), err)
		}
	})
	if n > 50*people {
		t.Errorf("%.0f allocations for %d people", n, people)
	}
}

// KB Q91648: the order in which entries come does not make another list.
func TestOrderDoesNotMatter(t *testing.T) {
	es := []Entry{}
	for i := range 500 {
		es = append(es, entry(t, fmt.Sprintf("Same name for thirty letters %d", i), fmt.Sprintf("u%d@Server", i)))
	}
	a, err := NewList(es)
	if err != nil {
		t.Fatal(err)
	}
	rand.Shuffle(len(es), func(i, j int) { es[i], es[j] = es[j], es[i] })
	b, err := NewList(es)
	if err != nil || !a.Equal(b) || !Compare(a, b).Empty() || Digest(slices.Collect(a.All())) != Digest(slices.Collect(b.All())) {
		t.Errorf("the same entries in another order make another list (%v)", err)
	}
}

func TestMerge(t *testing.T) {
	first := []Entry{entry(t, "Ann Lee", "N/P/ANN")}
	second := []Entry{entry(t, "Annie", "n/p/ann"), entry(t, "Bob", "N/P/BOB")}
	if got := names(slices.Collect(Merge(first, second).All())); got != "Ann Lee; Bob" {
		t.Errorf("merged: %s", got)
	}
	if Merge().Len() != 0 {
		t.Error("nothing merged is something")
	}
}

// What is told apart has another digest, wherever the letters stand.
func TestDigest(t *testing.T) {
	if Digest(nil) != ([32]byte{}) {
		t.Error("the empty list has a digest")
	}
	seen := map[[32]byte]string{}
	for _, es := range [][]Entry{
		{entry(t, "ab", "c@d")}, {entry(t, "a", "bc@d")}, {entry(t, "Ab", "c@d")}, {entry(t, "ab", "c@d"), entry(t, "a", "bc@d")},
		{entry(t, "a", "bc@d"), entry(t, "ab", "c@d")},
	} {
		d := Digest(es)
		if was, double := seen[d]; double {
			t.Errorf("%s and %s have one digest", was, names(es))
		}
		seen[d] = names(es)
	}
}
