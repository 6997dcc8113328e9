package route

import (
	"fmt"
	"testing"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

func addresses(texts ...string) []mail.Address {
	var as []mail.Address
	for _, s := range texts {
		as = append(as, mail.MustAddress(s))
	}
	return as
}

func TestAliases(t *testing.T) {
	table := New(Options{
		Serves: patterns("*@Marketing"), Except: addresses("gone@Marketing", "away@Marketing"),
		Pins: []Pin{{mail.MustPattern("OLD/PO/PINNED"), "hub"}}, ExpectedPeers: 1,
	})
	before := table.View()
	changed := table.Watch()
	table.SetAliases(addresses("MACNET/MACPO/T60009BO", "macnet/macpo/t60009bo", "OLD/PO/PINNED", "away@Marketing", "NET/PO/*", "x*y@z"))
	select {
	case <-changed:
	default:
		t.Fatal("nobody who watches is told of aliases")
	}
	table.Replace(Announcement{Peer: "hub", End: "hub", Patterns: patterns("*", "MACNET/MACPO/T60009BO")})
	for address, want := range map[string]string{
		"macnet/macpo/T60009BO": "mailbox", "old/po/pinned": "hub", "away@marketing": "mailbox", "gone@Marketing": "hub",
		"NET/PO/ANN": "hub", "bob@Marketing": "mailbox",
	} {
		r := table.Resolve(mail.MustAddress(address))
		if got := fmt.Sprint(r.Kind); r.Kind == Lane && r.Lane != store.Lane(want) || r.Kind != Lane && got != want {
			t.Errorf("%s goes to %+v, want %s", address, r, want)
		}
		if got := table.Serves(mail.MustAddress(address)); got != (want == "mailbox") {
			t.Errorf("Serves(%s) = %v", address, got)
		}
	}
	ps, except := table.Announced("hub")
	if got, want := fmt.Sprint(ps, except), "[*@Marketing macnet/macpo/t60009bo OLD/PO/PINNED away@Marketing] [gone@Marketing]"; got != want {
		t.Errorf("announced: %s, want %s", got, want)
	}
	if got := fmt.Sprint(table.Served()); got != "[*@Marketing]" {
		t.Errorf("served: %s", got)
	}
	if r := before.Resolve(mail.MustAddress("macnet/macpo/T60009BO")); r.Kind != Unrouted {
		t.Errorf("an older view says %+v", r)
	}
	changed = table.Watch()
	table.SetAliases(addresses("away@Marketing", "OLD/PO/PINNED", "macnet/macpo/t60009bo"))
	select {
	case <-changed:
		t.Error("a watcher was told of the same aliases again")
	default:
	}
}

// TestAliasOfAnOlderView shows that mail for an alias is not returned by who has not heard of it yet, although the
// peer that sent it has.
func TestAliasOfAnOlderView(t *testing.T) {
	table := New(Options{Serves: patterns("*@Marketing")})
	before := table.View()
	table.SetAliases(addresses("OLD/PO/BOB"))
	if r := before.Resolve(mail.MustAddress("old/po/bob")); r.Kind != Mailbox {
		t.Errorf("an older view says %+v", r)
	}
}

func TestAliasable(t *testing.T) {
	for address, want := range map[string]bool{"NET/PO/BOB": true, "NET/PO/*": false, "*@Marketing": false, "NET/PO/*SPECIAL": false, "SMTP:a@b": true} {
		if got := Aliasable(mail.MustAddress(address)); got != want {
			t.Errorf("Aliasable(%s) = %v", address, got)
		}
	}
}
