package store

import (
	"context"
	"errors"
	"fmt"

	"sidegate/internal/mail"
)

// sender is what is known of a peer that sends to this store. Guarded by Store.state, but for account, which only
// commits read.
type sender struct {
	peer    mail.StoreID
	epoch   uint64 // highest seen, durable
	current Session
	account *Inbound // as applied; never changed in place
	durable *Inbound // as durable; never changed in place
}

func newSender(peer mail.StoreID) *sender {
	empty := &Inbound{Sender: peer}
	return &sender{peer: peer, account: empty, durable: empty}
}

// open makes a session the current one.
func (p *sender) open(s Session) {
	p.current = s
	p.epoch = max(p.epoch, s.Epoch)
}

// sender finds a peer, or makes one. Called with both locks held.
func (s *Store) sender(peer mail.StoreID) *sender {
	p, ok := s.senders[peer]
	if !ok {
		p = newSender(peer)
		s.senders[peer] = p
	}
	return p
}

// Senders lists every peer that ever opened a session or sent something.
func (s *Store) Senders() []mail.StoreID {
	s.state.RLock()
	defer s.state.RUnlock()
	return sortedKeys(s.senders)
}

// OpenSession makes a new session of a peer the current one; every older one is fenced from then on. An epoch lower
// than one seen before is refused with ErrFenced.
func (s *Store) OpenSession(ctx context.Context, peer mail.StoreID, epoch uint64) (Session, error) {
	session := Session{Peer: peer, Epoch: epoch}
	err := s.CommitCustody(ctx, func(tx *Tx) error {
		if !plain(string(peer)) {
			return fmt.Errorf("store: %q is no store ID", peer)
		}
		c := tx.sender(peer)
		if epoch < c.sender.epoch {
			return fmt.Errorf("store: peer %s came with epoch %d after %d: %w", peer, epoch, c.sender.epoch, ErrFenced)
		}
		if epoch > c.sender.epoch {
			tx.set(idKey(tablePeer, string(peer)), putUint(nil, epoch))
		}
		s.counts.session++
		session.N = s.counts.session
		tx.sessions = append(tx.sessions, session)
		return nil
	})
	if err != nil {
		return Session{}, err
	}
	return session, nil
}

// Fence fails with ErrFenced when the session is no longer current.
func (tx *Tx) Fence(s Session) error {
	if s.N == 0 || tx.sender(s.Peer).sender.current != s {
		return fmt.Errorf("store: session %d of peer %s, epoch %d: %w", s.N, s.Peer, s.Epoch, ErrFenced)
	}
	return nil
}

func (tx *Tx) fenced(s Session, seq uint64) (*senderChange, error) {
	if err := tx.Fence(s); err != nil {
		return nil, err
	}
	if seq == 0 {
		return nil, errors.New("store: numbers begin with 1")
	}
	return tx.sender(s.Peer), nil
}
