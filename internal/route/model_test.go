package route

import (
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// slow chooses among peers the way the package comment tells it, one pattern after the other.
func slow(peers map[mail.StoreID]Announcement, aliases []mail.Address, expected int, a mail.Address) Route {
	for _, alias := range aliases {
		if alias.Key() == a.Key() {
			return Route{Kind: Mailbox}
		}
	}
	best := Route{Kind: Unknown}
	if len(peers) < expected {
		best.Kind = Unrouted
	}
	bestFixed, bestOrder := -2, 0
	for _, p := range peers {
		if p.Except[a.Key()] {
			continue
		}
		fixed := -2
		for _, pattern := range p.Patterns {
			if pattern.Match(a) {
				fixed = max(fixed, pattern.Fixed())
			}
		}
		switch {
		case fixed == -2 || fixed < bestFixed:
		case fixed > bestFixed:
			best, bestFixed, bestOrder = Route{Kind: Lane, Lane: store.Lane(p.Peer)}, fixed, p.Order
		default:
			best.Tie = true
			if p.Order < bestOrder {
				best.Lane, bestOrder = store.Lane(p.Peer), p.Order
			}
		}
	}
	return best
}

func TestResolveAgainstModel(t *testing.T) {
	part := rapid.SampledFrom([]string{"A", "B", "c", "*"})
	pattern := rapid.Custom(func(t *rapid.T) mail.Pattern {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return mail.MustPattern("*")
		case 1:
			return mail.MustPattern(part.Draw(t, "user") + "@" + part.Draw(t, "server"))
		default:
			return mail.MustPattern(part.Draw(t, "net") + "/" + part.Draw(t, "po") + "/" + part.Draw(t, "user"))
		}
	})
	fixed := rapid.SampledFrom([]string{"A", "b", "C"})
	address := rapid.Custom(func(t *rapid.T) mail.Address {
		if rapid.Bool().Draw(t, "mac") {
			return mail.MustAddress(fixed.Draw(t, "user") + "@" + fixed.Draw(t, "server"))
		}
		return mail.MustAddress(fixed.Draw(t, "net") + "/" + fixed.Draw(t, "po") + "/" + fixed.Draw(t, "user"))
	})
	rapid.Check(t, func(t *rapid.T) {
		expected := rapid.IntRange(0, 4).Draw(t, "expected")
		table := New(Options{ExpectedPeers: expected})
		peers := map[mail.StoreID]Announcement{}
		var aliases []mail.Address
		t.Repeat(map[string]func(*rapid.T){
			"announce": func(t *rapid.T) {
				n := rapid.IntRange(0, 4).Draw(t, "peer")
				a := Announcement{
					Peer: mail.StoreID(fmt.Sprint("peer", n)), Order: n,
					Patterns: rapid.SliceOfN(pattern, 0, 5).Draw(t, "patterns"), Except: map[string]bool{},
				}
				for _, x := range rapid.SliceOfN(address, 0, 2).Draw(t, "except") {
					a.Except[x.Key()] = true
				}
				table.Replace(a)
				peers[a.Peer] = a
			},
			"forget": func(t *rapid.T) {
				id := mail.StoreID(fmt.Sprint("peer", rapid.IntRange(0, 4).Draw(t, "peer")))
				table.Forget(id)
				delete(peers, id)
			},
			"alias": func(t *rapid.T) {
				aliases = rapid.SliceOfN(address, 0, 3).Draw(t, "aliases")
				table.SetAliases(aliases)
			},
			"": func(t *rapid.T) {
				a := address.Draw(t, "address")
				got, want := table.Resolve(a), slow(peers, aliases, expected, a)
				if brief(got) != brief(want) {
					t.Fatalf("Resolve(%s) = %+v, want %+v", a, got, want)
				}
			},
		})
	})
}

func TestConcurrentUse(t *testing.T) {
	table := New(Options{})
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for i := range 200 {
				table.Replace(Announcement{Peer: mail.StoreID(fmt.Sprint(n)), Patterns: patterns("*@A", fmt.Sprintf("u%d@A", i))})
				if r := table.Resolve(mail.MustAddress("x@A")); r.Kind != Lane {
					t.Errorf("Resolve = %+v", r)
				}
				table.Ties()
			}
		})
	}
	wg.Wait()
}
