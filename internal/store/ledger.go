package store

import "time"

// ledger knows which commits are durable, and what readers may see from then on. Guarded by Store.state.
//
// The engine makes commits durable in the order in which they were applied, so that the last one that is known to be
// durable vouches for all before it.
type ledger struct {
	applied uint64 // count of commits applied
	durable uint64 // count of commits known durable
	last    time.Time
	pending []promise // in the order of the commits
	changed signal    // durable has grown
}

// promise is what one commit shows to readers once it is durable.
type promise struct {
	order uint64
	shows []show
}

// show is one thing that becomes visible: a number in a lane, a position in a mailbox, or a sender's account.
type show struct {
	lane    *lane
	box     *box
	sender  *sender
	upTo    uint64
	account *Inbound
}

// append takes in a commit just applied and returns its order.
func (g *ledger) append(shows []show) uint64 {
	g.applied++
	if len(shows) > 0 {
		g.pending = append(g.pending, promise{g.applied, shows})
	}
	return g.applied
}

// advance takes note that the commit of that order is durable, and with it all before.
func (g *ledger) advance(order uint64, now time.Time) {
	g.last = now
	if order <= g.durable {
		return
	}
	g.durable = order
	n := 0
	for n < len(g.pending) && g.pending[n].order <= order {
		for _, s := range g.pending[n].shows {
			s.now()
		}
		g.pending[n] = promise{}
		n++
	}
	if g.pending = g.pending[n:]; len(g.pending) == 0 {
		g.pending = nil
	}
	g.changed.broadcast()
}

func (s show) now() {
	switch {
	case s.lane != nil:
		s.lane.durable = s.upTo
		s.lane.shown.broadcast()
	case s.box != nil:
		s.box.durable = s.upTo
		s.box.shown.broadcast()
	case s.sender != nil:
		s.sender.durable = s.account
	}
}

// signal wakes everybody who waits. The zero value works; its guard is that of what contains it.
type signal struct{ ch chan struct{} }

// wait returns a channel that the next broadcast closes.
func (g *signal) wait() <-chan struct{} {
	if g.ch == nil {
		g.ch = make(chan struct{})
	}
	return g.ch
}

func (g *signal) broadcast() {
	if g.ch != nil {
		close(g.ch)
		g.ch = nil
	}
}

// awaitDurable blocks until every commit up to order is durable.
func (s *Store) awaitDurable(order uint64) error {
	for {
		s.state.RLock()
		done := s.ledger.durable >= order
		s.state.RUnlock()
		if done {
			return nil
		}
		s.state.Lock()
		if s.ledger.durable >= order {
			s.state.Unlock()
			return nil
		}
		changed := s.ledger.changed.wait()
		s.state.Unlock()
		select {
		case <-changed:
		case <-s.failed:
			return s.failedError()
		}
	}
}

// LastDurable is when something became durable last, for the proof of idle directions.
func (s *Store) LastDurable() time.Time {
	s.state.RLock()
	defer s.state.RUnlock()
	return s.ledger.last
}
