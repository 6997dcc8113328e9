package forward

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Lane lends what waits in a lane of a store, in order. It is for lanes whose receiver is in this process, such as
// store.LaneSpool; lanes of links have numbers to keep and a loop of their own. One loop may use a Lane.
type Lane struct {
	Store *store.Store
	Lane  store.Lane
	// Except puts recipients that were not taken where they belong, in the commit that takes them out of the lane: it
	// moves or returns them. Nil: a deferral waits in store.LaneDeferred, anybody else in store.LaneUnrouted.
	Except func(tx *store.Tx, e store.Entry, x mail.Exception) error

	mu   sync.Mutex
	lent uint64          // highest number lent
	open map[uint64]bool // lent and not settled
}

var _ mail.Source = (*Lane)(nil)

// DefaultRetry is how long a deferral waits that names no time.
const DefaultRetry = time.Minute

// Next waits for entries and lends up to max of them. What was lent and not settled is not lent again by this Lane unless
// everything else has been; after a restart it is the first.
func (l *Lane) Next(ctx context.Context, max int) ([]mail.Loan, error) {
	for {
		shown := l.Store.Lane(l.Lane).Durable
		entries, err := l.Store.Entries(l.Lane, l.after(), max)
		if err != nil {
			return nil, fmt.Errorf("lane %s: %w", l.Lane, err)
		}
		loans, err := l.lend(entries)
		if err != nil || len(loans) > 0 {
			return loans, err
		}
		if len(entries) > 0 {
			continue // voids, or what went meanwhile
		}
		if l.rewind(shown) {
			continue
		}
		if err := l.Store.WaitLane(ctx, l.Lane, l.after()); err != nil {
			return nil, fmt.Errorf("lane %s: %w", l.Lane, err)
		}
	}
}

func (l *Lane) after() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lent
}

// rewind goes back to the first entry that could not be settled, if there is one. If not, everything up to shown has been
// lent or has gone, and need not be waited for.
func (l *Lane) rewind(shown uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) == 0 {
		l.lent = max(l.lent, shown)
		return false
	}
	first := l.lent
	for seq := range l.open {
		first = min(first, seq-1)
	}
	l.lent, l.open = first, nil
	return true
}

// lend makes loans of entries, up to the first that cannot be read: what comes before it is not kept from going.
func (l *Lane) lend(entries []store.Entry) ([]mail.Loan, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var loans []mail.Loan
	for _, e := range entries {
		if !e.Void {
			n, err := l.loan(e)
			switch {
			case errors.Is(err, store.ErrNotFound):
				// it went meanwhile
			case err != nil && len(loans) > 0:
				return loans, nil
			case err != nil:
				return nil, fmt.Errorf("lane %s: message %s: %w", l.Lane, e.MessageID, err)
			default:
				loans = append(loans, n)
			}
		}
		l.lent = e.Seq
	}
	return loans, nil
}

// loan lends one entry; l.mu is held.
func (l *Lane) loan(e store.Entry) (*loan, error) {
	m, err := l.Store.Message(e.MessageID)
	if err != nil {
		return nil, err
	}
	if l.open == nil {
		l.open = map[uint64]bool{}
	}
	l.open[e.Seq] = true
	return &loan{lane: l, entry: e, delivery: &mail.Delivery{Message: m, Recipients: e.Recipients, Content: l.Store.ContentOf(m)}}, nil
}

// loan is one entry lent.
type loan struct {
	lane     *Lane
	entry    store.Entry
	delivery *mail.Delivery
}

func (n *loan) Delivery() *mail.Delivery { return n.delivery }

// Settle lets go of what was taken and puts the rest where it belongs, in one commit.
func (n *loan) Settle(ctx context.Context, o mail.Outcome) error {
	except := n.lane.Except
	if except == nil {
		except = n.lane.elsewhere
	}
	err := n.lane.Store.CommitCustody(ctx, func(tx *store.Tx) error {
		for _, x := range o.Exceptions {
			if err := except(tx, n.entry, x); err != nil {
				return err
			}
		}
		_, err := tx.Release(n.lane.Lane, 0, []store.Range{{First: n.entry.Seq, Last: n.entry.Seq}})
		return err
	})
	if err != nil {
		return fmt.Errorf("lane %s: settle %d: %w", n.lane.Lane, n.entry.Seq, err)
	}
	n.lane.mu.Lock()
	defer n.lane.mu.Unlock()
	delete(n.lane.open, n.entry.Seq)
	return nil
}

// elsewhere moves recipients into a waiting room.
func (l *Lane) elsewhere(tx *store.Tx, e store.Entry, x mail.Exception) error {
	to, next := store.LaneUnrouted, store.Entry{Reason: x.Reason, Attempts: e.Attempts + 1}
	if x.Kind == mail.Deferred {
		retry := x.RetryAfter
		if retry <= 0 {
			retry = DefaultRetry
		}
		to, next.Due, next.From = store.LaneDeferred, tx.Now().Add(retry), l.Lane
	}
	_, err := tx.Move(l.Lane, e.Seq, x.Recipients, to, next)
	return err
}
