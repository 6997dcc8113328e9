package link

import (
	"errors"
	"slices"
	"time"

	"sidegate/internal/store"
)

// errNothing ends a commit that has nothing to change.
var errNothing = errors.New("nothing to commit")

// load reads the next entries, as many as there is credit for. They are bound from here on: whoever wants to route
// them elsewhere asks Bound inside a commit, and binding happens inside one too, so that either this sender sees them
// gone or the other finds them bound.
func (w *sender) load(most int) error {
	st := w.s.l.o.Store
	most = min(most, 256)
	for {
		next, err := st.Entries(w.lane, w.last, most)
		if err != nil || len(next) == 0 {
			return err
		}
		through := next[len(next)-1].Seq
		err = st.CommitCustody(w.s.ctx, func(*store.Tx) error {
			w.p.bind(through)
			return errNothing
		})
		if !errors.Is(err, errNothing) {
			return err
		}
		if next, err = st.Entries(w.lane, w.last, most); err != nil {
			return err
		}
		w.entries = slices.DeleteFunc(next, func(e store.Entry) bool { return e.Seq > through })
		if len(w.entries) > 0 {
			return nil
		}
		w.last = through // they were let go meanwhile, being the peer's; there may be more behind them
	}
}

// entry reads one entry again.
func (w *sender) entry(seq uint64) (store.Entry, bool, error) {
	es, err := w.s.l.o.Store.Entries(w.lane, seq-1, 1)
	if err != nil || len(es) == 0 || es[0].Seq != seq {
		return store.Entry{}, false, err
	}
	return es[0], true, nil
}

// gave notes durable progress in this direction.
func (p *peer) gave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gaveAt = time.Now()
}
