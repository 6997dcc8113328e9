package route

import (
	"cmp"
	"maps"
	"slices"

	"sidegate/internal/mail"
)

// snapshot is what was announced at one moment, arranged for looking up. It never changes.
type snapshot struct {
	peers   map[mail.StoreID]announced
	aliases []mail.Pattern          // addresses that live here besides what this end serves, in order
	alias   map[string]mail.Pattern // by Key
	ordered []announced             // in the order that settles ties
	exact   map[string][]candidate  // by Key, in that order
	open    [][]candidate           // patterns by their number of fixed parts, most first; in that order within
	ties    []string
	changed chan struct{} // closed when a newer snapshot is current
}

// announced is an announcement and where it comes from.
type announced struct {
	Announcement
	remembered bool   // from an earlier run, not heard in this one
	silent     uint64 // 0: it has a session, or never had one in this run; else higher the later the session ended
}

// candidate is one pattern of one peer.
type candidate struct {
	pattern mail.Pattern
	rank    int // index into ordered
}

func (a announced) name() string {
	if a.End != "" {
		return a.End
	}
	return string(a.Peer)
}

func (a announced) same(b Announcement) bool {
	return a.End == b.End && a.Order == b.Order && a.MaxMessageBytes == b.MaxMessageBytes &&
		maps.Equal(a.Except, b.Except) &&
		slices.EqualFunc(a.Patterns, b.Patterns, func(p, q mail.Pattern) bool { return p.String() == q.String() })
}

func newSnapshot(peers map[mail.StoreID]announced, aliases []mail.Pattern) *snapshot {
	s := &snapshot{peers: peers, aliases: aliases, alias: make(map[string]mail.Pattern, len(aliases)), exact: map[string][]candidate{}, changed: make(chan struct{})}
	if s.peers == nil {
		s.peers = map[mail.StoreID]announced{}
	}
	for _, p := range aliases {
		if key, ok := exactKey(p); ok {
			s.alias[key] = p
		}
	}
	// An end that was set up anew at the same place has two stores; the one heard from is the one that lives.
	s.ordered = slices.SortedFunc(maps.Values(s.peers), func(a, b announced) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), compareBool(a.remembered, b.remembered),
			cmp.Compare(a.End, b.End), cmp.Compare(recency(b), recency(a)), cmp.Compare(a.Peer, b.Peer))
	})
	open := map[int][]candidate{}
	first := map[string]candidate{}
	for rank, a := range s.ordered {
		for _, p := range a.Patterns {
			c := candidate{pattern: p, rank: rank}
			s.findTie(first, c)
			if key, ok := exactKey(p); ok {
				s.exact[key] = append(s.exact[key], c)
			} else {
				open[p.Fixed()] = append(open[p.Fixed()], c)
			}
		}
	}
	for _, fixed := range slices.Backward(slices.Sorted(maps.Keys(open))) {
		s.open = append(s.open, open[fixed])
	}
	return s
}

// recency is higher the later a peer was there.
func recency(a announced) uint64 { return a.silent - 1 } // 0, there now, becomes the highest of all

// findTie notes a pattern that a peer of better rank announced too.
func (s *snapshot) findTie(first map[string]candidate, c candidate) {
	key, ok := exactKey(c.pattern)
	if !ok {
		key = "pattern " + foldPattern(c.pattern)
	}
	before, seen := first[key]
	if !seen {
		first[key] = c
		return
	}
	if before.rank != c.rank && len(s.ties) < maxNoted {
		s.ties = append(s.ties, tieText(s, before, c))
	}
}

// exactKey is the Key of the one address that p covers.
func exactKey(p mail.Pattern) (string, bool) {
	if !p.Exact() {
		return "", false
	}
	a, err := mail.ParseAddress(p.String())
	return a.Key(), err == nil
}

func foldPattern(p mail.Pattern) string {
	a, err := mail.ParseAddress(p.String())
	if err != nil {
		return p.String() // * alone is no address
	}
	return a.Key()
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
