package spool

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"sidegate/internal/store"
)

// decide tells what was consumed from what is in doubt. While a reader of 1.0b has its claim in the directory, the file
// that vanished last is what it reads, and not consumed.
func (b *outbox) decide(ctx context.Context, gone []*entry, oldReader bool) error {
	b.s.mu.Lock()
	if oldReader {
		b.s.state.other = time.Now()
		if len(gone) > 0 {
			latest := slices.MaxFunc(gone, func(x, y *entry) int {
				return cmp.Or(x.vanished.Compare(y.vanished), cmp.Compare(x.N, y.N))
			})
			gone = slices.DeleteFunc(gone, func(e *entry) bool { return e == latest })
		}
	}
	doubt, replaced := b.doubtful(gone), b.replaced
	b.s.mu.Unlock()
	switch {
	case replaced:
		return b.removed(ctx, gone)
	case len(gone) == 0:
		return nil
	case doubt:
		return b.doubt(ctx, gone, "vanished together with everything else, without a sign of "+b.s.o.half())
	}
	return b.consumed(ctx, gone, "taken by "+b.s.o.half())
}

// doubtful reports whether what is gone may have been swept away: at least two files that had been lying there, all that
// there were, between two looks, and no sign of the half for T. s.mu is held.
func (b *outbox) doubtful(gone []*entry) bool {
	if len(gone) < 2 {
		return false
	}
	for _, e := range gone {
		if e.shown < 2 || !e.vanished.Equal(gone[0].vanished) || e.remaining {
			return false
		}
	}
	for _, e := range b.entries {
		if e.State == entryPublished && !slices.Contains(gone, e) {
			return false
		}
	}
	for _, t := range []time.Time{b.s.state.produced, b.s.state.consumed, b.s.state.other} {
		if !t.IsZero() && time.Since(t) < b.s.t() {
			return false
		}
	}
	return b.emptied.IsZero() || time.Since(b.emptied) >= b.s.t()
}

func (b *outbox) doubt(ctx context.Context, gone []*entry, why string) error {
	if err := b.change(ctx, "doubt.journal", gone, entryDoubtful, "doubtful", why); err != nil {
		return err
	}
	b.s.mu.Lock()
	b.emptied = time.Now()
	b.s.changed()
	b.s.mu.Unlock()
	b.s.alarm("doubtful", fmt.Sprintf("%d files of ours: %s. Was the directory emptied or restored? The messages are kept; write them again with the republish command", len(gone), why))
	wake(b.s.grown)
	wake(b.s.toWrite)
	return nil
}

// removed deals with what was in a directory that is no longer the one we wrote into. What is missing there has not been
// taken by anybody, as far as we can know, and no later sign changes that.
func (b *outbox) removed(ctx context.Context, gone []*entry) error {
	for _, e := range gone {
		e.Removed = true
	}
	if len(gone) > 0 {
		if err := b.doubt(ctx, gone, "the directory was replaced by another one"); err != nil {
			return err
		}
	}
	b.s.mu.Lock()
	undecided := false
	for _, e := range b.entries {
		undecided = undecided || e.State == entryPublished && e.misses == 1
	}
	id := b.id
	b.replaced = undecided
	b.s.mu.Unlock()
	if undecided {
		return nil
	}
	return b.s.journal.put(ctx, tableSpool, "place", place{ID: id})
}

// believe ends the doubt once the half has shown itself.
func (b *outbox) believe(ctx context.Context) error {
	b.s.mu.Lock()
	var list []*entry
	for _, e := range b.sorted() {
		if e.State == entryDoubtful && !e.Removed {
			list = append(list, e)
		}
	}
	sign := b.s.alive().After(b.emptied)
	b.s.mu.Unlock()
	if len(list) == 0 || !sign {
		return nil
	}
	b.s.allClear("doubtful")
	return b.consumed(ctx, list, b.s.o.half()+" has shown itself since")
}

// consumed ends entries: custody is with the half. We say relayed, and never delivered.
func (b *outbox) consumed(ctx context.Context, list []*entry, detail string) error {
	sign := list[0].State == entryPublished
	if err := b.change(ctx, "consumed.journal", list, entryConsumed, "consumed", detail); err != nil {
		return err
	}
	now := time.Now()
	b.s.mu.Lock()
	for _, e := range list {
		b.retire(e)
		b.s.state.counts.Consumed++
		if sign {
			b.s.state.consumed = now
			b.s.state.cycle.Observe(min(e.age(now), b.s.worked()))
		}
	}
	b.s.changed()
	b.s.mu.Unlock()
	wake(b.s.grown)
	wake(b.s.toWrite)
	return nil
}

// retire moves an entry to those that are over. s.mu is held.
func (b *outbox) retire(e *entry) {
	delete(b.entries, e.N)
	e.Slot = 0
	if !slices.Contains(b.past[e.SHA256], e) {
		b.past[e.SHA256] = append(b.past[e.SHA256], e)
	}
}

// change records a new state of entries, with its trace, and passes the trace on.
func (b *outbox) change(ctx context.Context, step string, list []*entry, state entryState, event, detail string) error {
	now := b.s.store.Now()
	err := b.s.step(step, func() error {
		return b.s.journal.commit(ctx, func(tx *store.Tx) error {
			for _, e := range list {
				n := *e
				n.State, n.Time = state, now
				record(tx, tableEntries, e.key(), &n)
				if state.over() {
					dropBytes(tx, e)
				}
				for _, t := range b.traces(e, event, detail, now) {
					tx.AddTrace(t)
				}
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	b.s.mu.Lock()
	for _, e := range list {
		e.State, e.Time = state, now
	}
	b.s.mu.Unlock()
	for _, e := range list {
		b.tell(e, event, detail, now)
	}
	return nil
}

func (b *outbox) traces(e *entry, event, detail string, now time.Time) []store.Trace {
	list := make([]store.Trace, 0, len(e.Recipients))
	for _, r := range e.Recipients {
		list = append(list, store.Trace{MessageID: e.MessageID, Recipient: r, End: b.s.o.End, Store: b.s.store.ID(), Time: now,
			Event: event, Detail: b.name + "/" + strings.ToUpper(e.Name) + ": " + detail})
	}
	return list
}

// tell passes steps back to where the message entered.
func (b *outbox) tell(e *entry, event, detail string, now time.Time) {
	if e.Origin == "" || e.Origin == b.s.store.ID() {
		return
	}
	for _, t := range b.traces(e, event, detail, now) {
		b.s.o.Tell(e.Origin, t)
	}
}

// alive is the newest sign of the half. s.mu is held.
func (s *Spool) alive() time.Time {
	t := s.state.consumed
	for _, u := range []time.Time{s.state.produced, s.state.other} {
		if u.After(t) {
			t = u
		}
	}
	return t
}

// T is after how long without progress something is wrong here.
func (s *Spool) T() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.t()
}

func (s *Spool) t() time.Duration { return max(s.state.cycle.T(s.o.T), s.patience()) }

func printKey(f [32]byte) string { return hex.EncodeToString(f[:]) }

// ourHandshake is the record of our own handshake.
type ourHandshake struct {
	State string        `json:"state,omitempty"` // "", writing, lying, withdrawing
	Slot  int           `json:"slot,omitempty"`
	Name  string        `json:"name,omitempty"` // .MSG
	Tries int           `json:"tries,omitempty"`
	Avoid int           `json:"avoid,omitempty"`
	Age   time.Duration `json:"age,omitempty"`
	Off   bool          `json:"off,omitempty"` // the half took one for bad mail

	since  time.Time
	rested time.Time // when the last one ended
	misses int
}

func (o *ourHandshake) pending() bool { return o.State != "" }

func (o *ourHandshake) age(now time.Time) time.Duration { return o.Age + now.Sub(o.since) }
