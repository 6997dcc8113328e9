package store

import (
	"context"

	"sidegate/internal/mail"
)

// AwaitMailbox blocks until there is a mailbox of that address, for those who follow one that its first message will make.
func (s *Store) AwaitMailbox(ctx context.Context, a mail.Address) error {
	for {
		s.state.Lock()
		_, err := s.findBox(a)
		if err == nil {
			s.state.Unlock()
			return nil
		}
		changed := s.ledger.changed.wait() // no mailbox is made without a commit
		s.state.Unlock()
		if err := s.await(ctx, changed); err != nil {
			return err
		}
	}
}
