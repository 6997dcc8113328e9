package notice

import (
	"context"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// mostBad is how many pieces of bad mail are counted at one look.
const mostBad = 500

// badMail counts the bad mail that has arrived since it was told of.
type badMail struct {
	through string         // counted up to here
	reasons map[string]int // of what was counted since; nil for nothing
	first   time.Time      // when the first of it was seen
	last    time.Time      // when it was told of; zero: never, or long ago
	fresh   bool           // nothing is recorded yet
}

// badRecord is what lasts over a restart.
type badRecord struct {
	Through string    `json:"through"`
	Told    time.Time `json:"told"`
}

// loadBadMail goes on from what was told of. What lay there before the first start with notices is not told of.
func loadBadMail(s *store.Store) (*badMail, error) {
	var r badRecord
	found, err := get(s, tableNotices, badKey, &r)
	if err == nil && !found {
		r.Through, err = s.LastBad()
	}
	return &badMail{through: r.Through, last: before(s, r.Told), fresh: !found}, err
}

// begin records, once, from where on bad mail is told of, so that what arrives is told of even if the process ends first.
func (b *badMail) begin(ctx context.Context, s *store.Store) error {
	if !b.fresh {
		return nil
	}
	err := s.CommitCustody(ctx, func(tx *store.Tx) error {
		put(tx, tableNotices, badKey, badRecord{Through: b.through})
		return nil
	})
	b.fresh = err != nil
	return err
}

// see counts what is new. Notices that could not be delivered do not count, or each would cause the next.
func (b *badMail) see(s *store.Store, now time.Time) error {
	list, err := s.BadMail(b.through, mostBad)
	if err != nil {
		return err
	}
	for _, x := range list {
		b.through = x.ID
		if x.Message.Class == mail.System && x.Message.Origin == mail.FromEnd {
			continue
		}
		if b.reasons == nil {
			b.reasons, b.first = map[string]int{}, now
		}
		b.reasons[x.Reason]++
	}
	return nil
}

func (b *badMail) mayTell(now time.Time) bool {
	return b.reasons != nil && (b.last.IsZero() || now.Sub(b.last) >= period)
}

// due waits a little for more of the same, which comes in heaps.
func (b *badMail) due(now time.Time) bool { return b.mayTell(now) && now.Sub(b.first) >= settle }

func (b *badMail) record(tx *store.Tx) {
	put(tx, tableNotices, badKey, badRecord{Through: b.through, Told: tx.Now()})
}

func (b *badMail) told(now time.Time) { b.reasons, b.last = nil, now }
