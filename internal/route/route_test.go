package route

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

func patterns(texts ...string) []mail.Pattern {
	var ps []mail.Pattern
	for _, s := range texts {
		ps = append(ps, mail.MustPattern(s))
	}
	return ps
}

func keys(texts ...string) map[string]bool {
	m := map[string]bool{}
	for _, s := range texts {
		m[mail.MustAddress(s).Key()] = true
	}
	return m
}

// brief is a route that can be compared; patterns cannot.
func brief(r Route) string { return fmt.Sprint(r.Kind, " ", r.Lane, " ", r.Tie, " ", r.MaxBytes) }

func TestResolve(t *testing.T) {
	mac := Announcement{Peer: "mac", End: "macside", Order: 0, Patterns: patterns("*@Marketing", "NET/PO/MOVED"), MaxMessageBytes: 10}
	old := Announcement{Peer: "old", End: "coordinator", Order: 1, Patterns: patterns("NET/*/*", "*@Sales", "MACNET/MACPO/T60009HO")}
	all := Announcement{Peer: "all", End: "hub", Order: 2, Patterns: patterns("*")}
	twin := Announcement{Peer: "twin", End: "macside2", Order: 5, Patterns: patterns("*@marketing")}
	tests := []struct {
		name    string
		o       Options
		peers   []Announcement
		address string
		want    Route
	}{
		{"own pattern", Options{Serves: patterns("PC/PO/*")}, []Announcement{all}, "pc/po/bob", Route{Kind: Mailbox}},
		{"own pattern of a coordinator", Options{Serves: patterns("PC/PO/*"), LocalLane: store.LaneSpool}, nil, "PC/PO/BOB", Route{Kind: Lane, Lane: store.LaneSpool}},
		{"own exception goes to who serves it", Options{Serves: patterns("PC/PO/*"), Except: []mail.Address{mail.MustAddress("PC/PO/BOB")}}, []Announcement{all}, "pc/po/bob", Route{Kind: Lane, Lane: "all"}},
		{"pin beats own pattern", Options{Serves: patterns("PC/PO/*"), Pins: []Pin{{mail.MustPattern("PC/PO/BOB"), "coordinator"}}}, []Announcement{old}, "PC/PO/BOB", Route{Kind: Lane, Lane: "old"}},
		{"pin by store", Options{Pins: []Pin{{mail.MustPattern("*"), "all"}}}, []Announcement{mac, all}, "x@Marketing", Route{Kind: Lane, Lane: "all"}},
		{"pin to an end not heard from waits", Options{Pins: []Pin{{mail.MustPattern("*@Marketing"), "nobody"}}}, []Announcement{mac}, "x@Marketing", Route{Kind: Unrouted}},
		{"exact beats open", Options{}, []Announcement{old, mac}, "net/po/moved", Route{Kind: Lane, Lane: "mac", MaxBytes: 10}},
		{"open covers the rest", Options{}, []Announcement{old, mac}, "NET/PO/OTHER", Route{Kind: Lane, Lane: "old"}},
		{"more fixed parts beat *", Options{}, []Announcement{all, mac}, "ann@marketing", Route{Kind: Lane, Lane: "mac", MaxBytes: 10}},
		{"* takes the rest", Options{}, []Announcement{all, mac}, "SMTP:a@b.example", Route{Kind: Lane, Lane: "all"}},
		{"exception of a peer", Options{}, []Announcement{all, {Peer: "mac", Patterns: patterns("*@Marketing"), Except: keys("gone@Marketing")}}, "GONE@marketing", Route{Kind: Lane, Lane: "all"}},
		{"tie takes the order of the configuration", Options{}, []Announcement{twin, mac}, "ann@Marketing", Route{Kind: Lane, Lane: "mac", Tie: true, MaxBytes: 10}},
		{"nobody, a peer not heard from", Options{ExpectedPeers: 2}, []Announcement{mac}, "x@Nowhere", Route{Kind: Unrouted}},
		{"nobody, all heard from", Options{ExpectedPeers: 1}, []Announcement{mac}, "x@Nowhere", Route{Kind: Unknown}},
		{"nobody at all", Options{}, nil, "x@Nowhere", Route{Kind: Unknown}},
		{"the type matters", Options{}, []Announcement{mac}, "SMTP:ann@Marketing", Route{Kind: Unknown}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := New(tt.o)
			for _, a := range tt.peers {
				table.Replace(a)
			}
			got := table.Resolve(mail.MustAddress(tt.address))
			if brief(got) != brief(tt.want) {
				t.Errorf("Resolve(%s) = %+v, want %+v", tt.address, got, tt.want)
			}
		})
	}
}

func TestServes(t *testing.T) {
	table := New(Options{
		Serves: patterns("*@Marketing", "NET/PO/*"),
		Except: []mail.Address{mail.MustAddress("gone@Marketing")},
		Pins:   []Pin{{mail.MustPattern("NET/PO/AWAY"), "coordinator"}},
	})
	for address, want := range map[string]bool{
		"ann@MARKETING": true, "Gone@marketing": false, "NET/PO/BOB": true, "net/po/away": false, "NET/XX/BOB": false,
	} {
		if got := table.Serves(mail.MustAddress(address)); got != want {
			t.Errorf("Serves(%s) = %v, want %v", address, got, want)
		}
	}
	ps, except := table.Announced("any")
	if len(ps) != 2 || len(except) != 1 || except[0].String() != "gone@Marketing" {
		t.Errorf("Announced = %v, %v", ps, except)
	}
}

func TestReplaceIsWhole(t *testing.T) {
	table := New(Options{})
	table.Replace(Announcement{Peer: "p", Patterns: patterns("*@A", "*@B")})
	changed := table.Watch()
	table.Replace(Announcement{Peer: "p", Patterns: patterns("*@B")})
	select {
	case <-changed:
	default:
		t.Error("a watcher was not told of a change")
	}
	if k := table.Resolve(mail.MustAddress("x@A")).Kind; k != Unknown {
		t.Errorf("what is no longer announced resolves to %v", k)
	}
	changed = table.Watch()
	table.Replace(Announcement{Peer: "p", Generation: 9, Patterns: patterns("*@B")})
	select {
	case <-changed:
		t.Error("a watcher was told of the same announcement again")
	default:
	}
}

// TestNamesakes: an end that was set up anew gets its mail, whichever of the two stores has the lower ID, and keeps it while it is
// away for a while. Ends of different names change nothing when one is away, and nobody is told.
func TestNamesakes(t *testing.T) {
	for _, stores := range [][2]mail.StoreID{{"1", "2"}, {"2", "1"}} {
		table := New(Options{})
		now := func(when string, want mail.StoreID) {
			t.Helper()
			if r := table.Resolve(mail.MustAddress("x@A")); r.Lane != store.Lane(want) {
				t.Errorf("%s: the mail goes to %q, want %q", when, r.Lane, want)
			}
		}
		old := Announcement{Peer: stores[0], End: "macside", Patterns: patterns("*@A")}
		fresh := Announcement{Peer: stores[1], End: "macside", Patterns: patterns("*@A")}
		table.Replace(old)
		table.Silence(old.Peer)
		now("while there is one only", old.Peer)
		changed := table.Watch()
		table.Replace(fresh)
		now("set up anew", fresh.Peer)
		select {
		case <-changed:
		default:
			t.Error("nobody was told")
		}
		table.Silence(fresh.Peer)
		now("away for a while", fresh.Peer)
		table.Replace(fresh)
		now("back", fresh.Peer)
		want := fmt.Sprintf("*@A (of macside, store %s) and *@A (of macside, store %s) tie; macside, store %[1]s is used; link forget gives up the one that will not come back",
			fresh.Peer, old.Peer)
		if diff := cmp.Diff([]string{want}, table.Ties()); diff != "" {
			t.Error(diff)
		}
		table.Silence(fresh.Peer)
		table.Replace(old)
		now("the former is there again, and the other is not", old.Peer)

		table = New(Options{})
		table.Replace(Announcement{Peer: "1", End: "one", Patterns: patterns("*@A")})
		table.Replace(Announcement{Peer: "2", End: "two", Patterns: patterns("*@A")})
		changed = table.Watch()
		table.Silence("1")
		table.Silence("nobody")
		now("an end of another name serves the same", "1")
		select {
		case <-changed:
			t.Error("somebody was told that an end is away")
		default:
		}
	}
}

func TestRememberedAnnouncements(t *testing.T) {
	table := New(Options{ExpectedPeers: 1})
	was := Announcement{Peer: "p", End: "macside", Patterns: patterns("*@A")}
	table.Load(was)
	if r := table.Resolve(mail.MustAddress("x@A")); r.Lane != "p" {
		t.Errorf("a remembered announcement gives %+v", r)
	}
	if r := table.Resolve(mail.MustAddress("x@B")); r.Kind != Unknown {
		t.Errorf("a peer remembered counts as heard from, got %v", r.Kind)
	}
	changed := table.Watch()
	table.Replace(was)
	select {
	case <-changed:
	default:
		t.Error("the first announcement since the start must wake whoever waits for it")
	}
	table.Load(Announcement{Peer: "p", Patterns: patterns("*@OLD")})
	if r := table.Resolve(mail.MustAddress("x@OLD")); r.Kind != Unknown {
		t.Error("memory replaced what was heard")
	}
	// The peer was set up anew in its old place and has another store now.
	table.Load(Announcement{Peer: "a-former-store", End: "macside", Patterns: patterns("*@A")})
	if r := table.Resolve(mail.MustAddress("x@A")); r.Lane != "p" || !r.Tie {
		t.Errorf("of two stores in one place the living one is to be used, got %+v", r)
	}
	table.Forget("a-former-store")
	if r := table.Resolve(mail.MustAddress("x@A")); r.Lane != "p" || r.Tie {
		t.Errorf("after Forget: %+v", r)
	}
	if got := table.Announcements(); len(got) != 1 || got[0].Peer != "p" {
		t.Errorf("Announcements = %v", got)
	}
}

func TestTies(t *testing.T) {
	table := New(Options{})
	table.Replace(Announcement{Peer: "1", End: "one", Order: 1, Patterns: patterns("*@Shop", "NET/*/BOB", "*@Own")})
	table.Replace(Announcement{Peer: "2", End: "two", Order: 2, Patterns: patterns("*@SHOP", "*/PO/BOB", "*@Other")})
	want := []string{"*@Shop (of one) and *@SHOP (of two) tie; one is used"}
	if diff := cmp.Diff(want, table.Ties()); diff != "" {
		t.Errorf("ties at rest (-want +got):\n%s", diff)
	}
	// Patterns of different shape tie for some addresses only; that is found when mail for one comes.
	if r := table.Resolve(mail.MustAddress("NET/PO/BOB")); !r.Tie || r.Lane != "1" {
		t.Errorf("Resolve = %+v", r)
	}
	if !slices.ContainsFunc(table.Ties(), func(s string) bool { return strings.HasPrefix(s, "NET/*/BOB") }) {
		t.Errorf("the tie met was not noted: %q", table.Ties())
	}
	table.Replace(Announcement{Peer: "2", End: "two", Order: 2})
	if got := table.Ties(); len(got) != 0 {
		t.Errorf("ties are left after one end gave up: %q", got)
	}
}
