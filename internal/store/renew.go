package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"sidegate/internal/mail"
)

// Renew gives the store in an engine a new identity, as long as it has the old one; it reports whether it did. It is
// for a store that came back from an older copy: its numbers have been used since, so no peer may go on with it. Under
// a new identity it is a stranger to all of them and begins anew, with its mailboxes and all mail that waits: that goes
// to LaneUnrouted. Receivers recognise by its ID what they have already. Records of the tables named are dropped.
//
// A crash in the middle leaves the old identity, and Renew can be repeated. It closes the engine.
func Renew(ctx context.Context, e Engine, o Options, old mail.StoreID, tables ...string) (done bool, err error) {
	s, err := Open(e, o)
	if err != nil {
		return false, errors.Join(err, e.Close())
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if s.id != old {
		return false, nil
	}
	var lanes []Lane
	for _, l := range s.Lanes() {
		if l.Lane.room() {
			continue
		}
		lanes = append(lanes, l.Lane)
		if err := s.unroute(ctx, l.Lane); err != nil {
			return false, fmt.Errorf("store: renew: lane %s: %w", l.Lane, err)
		}
	}
	if err := s.rename(lanes, tables); err != nil {
		return false, fmt.Errorf("store: renew: %w", err)
	}
	return true, nil
}

// unroute moves everything that waits in a lane to LaneUnrouted.
func (s *Store) unroute(ctx context.Context, l Lane) error {
	const atOnce = 100
	for after := uint64(0); ; {
		entries, err := s.Entries(l, after, atOnce)
		if err != nil || len(entries) == 0 {
			return err
		}
		after = entries[len(entries)-1].Seq
		err = s.CommitCustody(ctx, func(tx *Tx) error {
			for _, e := range entries {
				if e.Void {
					continue
				}
				if _, err := tx.Move(l, e.Seq, e.Recipients, LaneUnrouted, Entry{Attempts: e.Attempts}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// rename drops the books of all peers and takes a new identity, in one batch. Nothing may be committed after it.
func (s *Store) rename(lanes []Lane, tables []string) error {
	var b Batch
	drop := func(prefix []byte) error {
		return s.engine.Scan(prefix, end(prefix), false, func(key, _ []byte) bool {
			b.Delete(slices.Clone(key))
			return true
		})
	}
	for _, l := range lanes {
		b.Delete(idKey(tableLane, string(l)))
		if err := drop(newLane(l).prefix); err != nil {
			return err
		}
	}
	if err := drop([]byte{tableInbound}); err != nil {
		return err
	}
	for _, table := range tables {
		if err := drop(append([]byte{tableRecord}, table...)); err != nil {
			return err
		}
	}
	id := uuid.NewString()
	b.Put(metaKey(metaUUID), []byte(id))
	s.o.Fault("store.commit.before-apply")
	wait, err := s.engine.Apply(&b)
	if err != nil {
		return err
	}
	if err := wait(); err != nil {
		return err
	}
	s.o.Fault("store.commit.after-sync")
	s.log.Warn("the store has a new identity", "was", s.id, "store_id", id)
	return nil
}
