package route

import (
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// View is what a table knew at one moment. It never changes.
type View struct {
	t *Table
	s *snapshot
}

// View returns what the table knows now.
func (t *Table) View() View { return View{t, t.now.Load()} }

// Changed is closed when the table knows more, or something else.
func (v View) Changed() <-chan struct{} { return v.s.changed }

// Resolve says where mail for a goes now. The answer may change with every announcement; see Watch.
func (t *Table) Resolve(a mail.Address) Route { return t.View().Resolve(a) }

// Resolve says where mail for a goes, by what was known at the moment of the view.
func (v View) Resolve(a mail.Address) Route {
	t, s := v.t, v.s
	if pin, ok := t.pin(a); ok {
		return s.pinned(pin)
	}
	if p, ok := t.local(s, a); ok {
		return t.here(p)
	}
	best, rival := s.find(a)
	if best == nil {
		return t.nobody(s, a)
	}
	r := s.lane(best.rank)
	r.Via = best.pattern
	if rival != nil {
		r.Tie = true
		t.note(s, *best, *rival)
	}
	return r
}

// here is the route to an address that lives here.
func (t *Table) here(via mail.Pattern) Route {
	if t.o.LocalLane != "" {
		return Route{Kind: Lane, Lane: t.o.LocalLane, End: string(t.o.LocalLane), Via: via}
	}
	return Route{Kind: Mailbox, Via: via}
}

// nobody is the route to an address that nothing matches. Whoever still goes by an older view must not return mail for
// an alias that peers have been told of since.
func (t *Table) nobody(s *snapshot, a mail.Address) Route {
	if len(s.peers) < t.o.ExpectedPeers {
		return Route{Kind: Unrouted}
	}
	if p, ok := t.now.Load().alias[a.Key()]; ok {
		return t.here(p)
	}
	return Route{Kind: Unknown}
}

// pinned is the route of a pin. While its end has not been heard from, the mail waits: a pin says who, and nobody else
// will do.
func (s *snapshot) pinned(pin Pin) Route {
	for rank, a := range s.ordered {
		if a.End == pin.End || string(a.Peer) == pin.End {
			r := s.lane(rank)
			r.Via = pin.Pattern
			return r
		}
	}
	return Route{Kind: Unrouted, Via: pin.Pattern}
}

func (s *snapshot) lane(rank int) Route {
	a := s.ordered[rank]
	return Route{Kind: Lane, Lane: store.Lane(a.Peer), End: a.name(), MaxBytes: a.MaxMessageBytes}
}

// find returns the best candidate for a, and one of another peer that is as good.
func (s *snapshot) find(a mail.Address) (best, rival *candidate) {
	if best, rival = s.among(s.exact[a.Key()], a); best != nil {
		return best, rival
	}
	for _, level := range s.open {
		if best, rival = s.among(level, a); best != nil {
			return best, rival
		}
	}
	return nil, nil
}

func (s *snapshot) among(cs []candidate, a mail.Address) (best, rival *candidate) {
	for i := range cs {
		c := &cs[i]
		if !c.pattern.Match(a) || s.ordered[c.rank].Except[a.Key()] {
			continue
		}
		if best == nil {
			best = c
		} else if c.rank != best.rank {
			return best, c
		}
	}
	return best, nil
}
