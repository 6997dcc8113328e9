package addressbook

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
)

// end is a book over a real store on a disk in memory.
type end struct {
	*Book
	t     *testing.T
	disk  *vfs.MemFS
	store *store.Store
}

func open(t *testing.T, disk *vfs.MemFS, fault func(string)) *end {
	t.Helper()
	engine, err := pebblestore.Open("data", pebblestore.Options{FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	e := &end{t: t, disk: disk}
	if e.store, err = store.Open(engine, store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.store.Close() })
	if e.Book, err = Open(Options{Store: e.store, End: "here", Fault: fault}); err != nil {
		t.Fatal(err)
	}
	return e
}

func fresh(t *testing.T) *end { return open(t, vfs.NewCrashableMem(), nil) }

// again opens the end as it was on disk, after a power cut.
func (e *end) again() *end { return open(e.t, e.disk.CrashClone(vfs.CrashCloneCfg{}), nil) }

func entry(t *testing.T, text string) directory.Entry {
	t.Helper()
	name, address, _ := strings.Cut(text, "=")
	e, err := directory.NewEntry(name, address)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func puts(t *testing.T, texts ...string) []directory.Step {
	var steps []directory.Step
	for _, text := range texts {
		e := entry(t, text)
		steps = append(steps, directory.Step{Put: &e})
	}
	return steps
}

func list(t *testing.T, texts ...string) directory.List {
	t.Helper()
	l, err := directory.List{}.Updated(puts(t, texts...))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (e *end) load(steps ...directory.Step) directory.Diff {
	e.t.Helper()
	d, _, err := e.Import(e.t.Context(), steps, false)
	if err != nil {
		e.t.Fatal(err)
	}
	return d
}

func (e *end) name(address, name string) {
	e.t.Helper()
	a := mail.MustAddress(address)
	err := e.store.Commit(e.t.Context(), func(tx *store.Tx) error { return e.NameMailbox(tx, a, name) })
	if err == nil {
		err = e.Refresh(a)
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e *end) tell(peer, name string, l directory.List) error {
	return e.Replace(mail.StoreID(peer), name, l, directory.Digest(slices.Collect(l.All())))
}

// all is everything known, with where it comes from.
func (e *end) all() string {
	v := e.View()
	var out []string
	for entry := range v.All() {
		s := v.Source(entry)
		out = append(out, fmt.Sprintf("%s=%s %s/%d", entry.Name, entry.Address, s.End, s.Kind))
	}
	return strings.Join(out, "; ")
}

func text(l directory.List) string {
	var out []string
	for e := range l.All() {
		out = append(out, e.Name+"="+e.Address.String())
	}
	return strings.Join(out, "; ")
}

func (e *end) want(what, got, want string) {
	e.t.Helper()
	if got != want {
		e.t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func TestWhoCounts(t *testing.T) {
	e := fresh(t)
	e.name("ann@Here", "Ann Lee")
	e.load(puts(t, "Annie=ann@Here", "Bob=bob@Here", "Carl=N/P/CARL")...)
	if err := e.tell("1", "there", list(t, "Bobby=bob@Here", "Carlo=n/p/carl", "Dora=dora@There")); err != nil {
		t.Fatal(err)
	}
	if err := e.tell("2", "beyond", list(t, "Dorothy=dora@There")); err != nil {
		t.Fatal(err)
	}
	e.want("everybody", e.all(), "Ann Lee=ann@Here here/1; Bob=bob@Here here/2; Carl=N/P/CARL here/2; Dorothy=dora@There beyond/3")
	e.want("own", text(e.Own()), "Ann Lee=ann@Here; Bob=bob@Here; Carl=N/P/CARL")
	e.want("found by name", fmt.Sprint(len(e.Find("ann lee")), len(e.Find("dorothy")), len(e.Find("CARL")), len(e.Find("Dora")), len(e.Find("nobody"))), "1 1 1 1 0")
	e.name("ann@Here", "")
	e.want("without the mailbox's name", text(e.Own()), "Annie=ann@Here; Bob=bob@Here; Carl=N/P/CARL")
	e.want("everybody then", e.all(), "Annie=ann@Here here/2; Bob=bob@Here here/2; Carl=N/P/CARL here/2; Dorothy=dora@There beyond/3")
}

// What was answered is there after a power cut, to the letter.
func TestPowerCut(t *testing.T) {
	e := fresh(t)
	e.load(puts(t, "Bob=bob@Here", "Carl=N/P/CARL")...)
	e.name("ann@Here", "Ann Lee")
	e.want("after a cut", e.again().all(), "Ann Lee=ann@Here here/1; Bob=bob@Here here/2; Carl=N/P/CARL here/2")
	all := mail.MustPattern("*")
	d := e.load(append([]directory.Step{{Replace: &all}}, puts(t, "Bobby=bob@Here", "Dora=dora@Here")...)...)
	e.want("what changed", fmt.Sprint(len(d.Added), len(d.Changed), len(d.Removed)), "1 1 1")
	e.want("after another", e.again().all(), "Ann Lee=ann@Here here/1; Bobby=bob@Here here/2; Dora=dora@Here here/2")
	e.name("ann@Here", "")
	e.want("after a third", e.again().all(), "Bobby=bob@Here here/2; Dora=dora@Here here/2")
}

// Dying on either side of the commit leaves the whole import or nothing of it.
func TestImportIsWholeOrNothing(t *testing.T) {
	disk := vfs.NewCrashableMem()
	clones := map[string]*vfs.MemFS{}
	e := open(t, disk, func(point string) { clones[point] = disk.CrashClone(vfs.CrashCloneCfg{}) })
	e.load(puts(t, "Bob=bob@Here")...)
	var many []string
	for i := range 3000 {
		many = append(many, fmt.Sprintf("Person %04d=p%d@Here", i, i))
	}
	e.load(puts(t, many...)...)
	for point, want := range map[string]int{"addressbook.import.before": 1, "addressbook.import.after": 3001} {
		if got := open(t, clones[point], nil).Imported().Len(); got != want {
			t.Errorf("%s: %d entries, want %d", point, got, want)
		}
	}
}

// Imports at one time do not undo each other.
func TestImportsAtOneTime(t *testing.T) {
	e := fresh(t)
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for i := range 10 {
				if _, _, err := e.Import(t.Context(), puts(t, fmt.Sprintf("Person=p%d.%d@Here", n, i)), false); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n, after := e.Imported().Len(), e.again().Imported().Len(); n != 40 || after != 40 {
		t.Errorf("%d are known, and %d after a power cut, want 40", n, after)
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	e := fresh(t)
	e.load(puts(t, "Bob=bob@Here")...)
	changed := e.Watch()
	d, now, err := e.Import(t.Context(), puts(t, "Bobby=bob@Here", "Carl=c@Here"), true)
	e.want("would be", text(now), "Bobby=bob@Here; Carl=c@Here")
	if len(d.Added) != 1 || len(d.Changed) != 1 || err != nil {
		t.Errorf("would change %+v, %v", d, err)
	}
	e.want("is", text(e.Imported()), "Bob=bob@Here")
	e.want("is on disk", text(e.again().Imported()), "Bob=bob@Here")
	select {
	case <-changed:
		t.Error("peers are told of a dry run")
	default:
	}
}

func TestTooManyAreRefused(t *testing.T) {
	e := fresh(t)
	var steps []directory.Step
	for i := range directory.MaxEntries + 1 {
		steps = append(steps, directory.Step{Put: &directory.Entry{Name: "x", Address: mail.Address{Type: "CSI", Value: fmt.Sprintf("N/P/U%d", i)}}})
	}
	if _, _, err := e.Import(t.Context(), steps, false); err == nil || e.Imported().Len() != 0 {
		t.Errorf("65,536 entries: %v, and %d are there", err, e.Imported().Len())
	}
	if _, now, err := e.Import(t.Context(), steps[1:], false); err != nil || now.Len() != directory.MaxEntries {
		t.Errorf("65,535 entries: %v, and %d are there", err, now.Len())
	}
	e.name("ann@Here", "Ann Lee") // one more than can be told
	e.want("told", text(e.Own()), "Ann Lee=ann@Here")
	if got := e.again(); got.View().Len() != directory.MaxEntries+1 {
		t.Errorf("%d are known after a restart", got.View().Len())
	}
}

// Peers are told of every change, and of nothing else.
func TestWatch(t *testing.T) {
	e := fresh(t)
	told := func(what string, want bool, do func()) {
		t.Helper()
		ch := e.Watch()
		do()
		got := false
		select {
		case <-ch:
			got = true
		default:
		}
		if got != want {
			t.Errorf("%s: told %v", what, got)
		}
	}
	told("an import", true, func() { e.load(puts(t, "Bob=bob@Here")...) })
	told("the same again", false, func() { e.load(puts(t, "Bob=bob@Here")...) })
	told("a name", true, func() { e.name("ann@Here", "Ann") })
	told("the same name", false, func() { e.name("ann@Here", "Ann") })
	told("no name", true, func() { e.name("ann@Here", "") })
	told("no name again", false, func() { e.name("ann@Here", "") })
	told("a peer", false, func() {
		if err := e.tell("1", "there", list(t, "Dora=dora@There")); err != nil {
			t.Fatal(err)
		}
	})
}

// What peers told is known before they are heard again.
func TestPeersAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := fresh(t)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx) }()
		l := list(t, "Dora=dora@There", "Émile=e@There")
		if err := e.tell("1", "there", l); err != nil {
			t.Fatal(err)
		}
		if err := e.tell("2", "beyond", list(t, "Frank=f@Beyond")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		was := e.again()
		e.want("after a cut", was.all(), e.all())
		if was.Held("1") != directory.Digest(slices.Collect(l.All())) {
			t.Error("what is held has another digest than what was told")
		}
		if err := e.tell("1", "there", directory.List{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		e.want("after the peer took its people back", e.again().all(), "Frank=f@Beyond beyond/3")
		if e.again().Held("1") != ([32]byte{}) {
			t.Error("something is held of a peer that tells nothing")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// An end that was set up anew under its old name has another store. The people of the old one give way when it is heard.
func TestPeerSetUpAnew(t *testing.T) {
	e := fresh(t)
	if err := e.tell("1", "there", list(t, "Dora=dora@There", "Old=old@There")); err != nil {
		t.Fatal(err)
	}
	if err := e.remember(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := e.again()
	if err := now.tell("2", "there", list(t, "Dorothy=dora@There")); err != nil {
		t.Fatal(err)
	}
	e.want("with the new store", now.all(), "Dorothy=dora@There there/3")
	if err := now.remember(t.Context()); err != nil {
		t.Fatal(err)
	}
	both := now.again()
	e.want("with neither heard", both.all(), "Dora=dora@There there/3; Old=old@There there/3")
	both.Heard("2")
	e.want("with the new one heard", both.all(), "Dorothy=dora@There there/3")
	back := e.again()
	back.Heard("1")
	e.want("with the old one", back.all(), "Dora=dora@There there/3; Old=old@There there/3")
}

// A peer that is given up is forgotten for good; a death before that leaves it whole, and one after it leaves nothing.
func TestForget(t *testing.T) {
	disk := vfs.NewCrashableMem()
	clones := map[string]*vfs.MemFS{}
	e := open(t, disk, func(point string) { clones[point] = disk.CrashClone(vfs.CrashCloneCfg{}) })
	for _, peer := range []string{"1", "2"} {
		if err := e.tell(peer, "end"+peer, list(t, "Dora=dora@There"+peer)); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.remember(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.Forget(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	e.want("known", e.all(), "Dora=dora@There2 end2/3")
	for point, want := range map[string]string{
		"addressbook.forget.before": "Dora=dora@There1 end1/3; Dora=dora@There2 end2/3", "addressbook.forget.after": "Dora=dora@There2 end2/3",
	} {
		e.want("known after death at "+point, open(t, clones[point], nil).all(), want)
	}
}

func TestPeersAreBounded(t *testing.T) {
	e := fresh(t)
	for i := range maxPeers {
		if err := e.tell(fmt.Sprint(i), fmt.Sprint("end", i), list(t, fmt.Sprintf("Person=p%d@There", i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.tell("more", "more", list(t, "Person=more@There")); err == nil {
		t.Error("one more peer is taken")
	}
	if err := e.tell("more", "more", directory.List{}); err != nil {
		t.Errorf("a peer without people: %v", err)
	}
	if err := e.tell("0", "end0", list(t, "Somebody=else@There")); err != nil {
		t.Errorf("a peer that is known: %v", err)
	}
}

func TestFaultPoints(t *testing.T) {
	seen := map[string]bool{}
	e := open(t, vfs.NewCrashableMem(), func(p string) { seen[p] = true })
	e.load(puts(t, "Bob=bob@Here")...)
	if err := e.tell("1", "there", list(t, "Dora=dora@There")); err != nil {
		t.Fatal(err)
	}
	if err := e.remember(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.Forget(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(FaultPoints)), slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("fault points (-listed +passed):\n%s", diff)
	}
}

// FuzzRecords shows that no record makes a reader fail otherwise than with an error, and that what is read back is whole.
func FuzzRecords(f *testing.F) {
	f.Add([]byte("Ann\nann@Here"))
	f.Add([]byte(`{"end":"there","digest":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","entries":[["Ann","ann@Here"]]}`))
	f.Add([]byte(`{"entries":[["",""],["a"]]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := parseEntry("MSMAIL:ann@here", b); err == nil {
			if again, err := parseEntry(e.Key(), entryRecord(e)); err != nil || again != e {
				t.Errorf("%v is read back as %v, %v", e, again, err)
			}
		}
		if p, err := parseTold(b); err == nil && p.list.Len() > 0 {
			record, err := p.record()
			if err != nil {
				t.Fatal(err)
			}
			if again, err := parseTold(record); err != nil || !again.list.Equal(p.list) || again.digest != p.digest {
				t.Errorf("a directory of %d is read back with %d, %v", p.list.Len(), again.list.Len(), err)
			}
		}
	})
}
