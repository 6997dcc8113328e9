package store

import (
	"slices"
	"time"

	"sidegate/internal/mail"
)

// Inbound is the durable account of what came from one sender.
func (s *Store) Inbound(peer mail.StoreID) Inbound {
	s.state.RLock()
	defer s.state.RUnlock()
	p, ok := s.senders[peer]
	if !ok {
		return Inbound{Sender: peer}
	}
	return p.durable.clone()
}

func (in *Inbound) clone() Inbound {
	c := *in
	c.Beyond = slices.Clone(in.Beyond)
	c.Exceptions = slices.Clone(in.Exceptions)
	return c
}

// senderChange is what one commit does to a sender's account.
type senderChange struct {
	sender  *sender
	account Inbound
	dirty   bool
}

func (tx *Tx) sender(peer mail.StoreID) *senderChange {
	if c, ok := tx.senders[peer]; ok {
		return c
	}
	p, ok := tx.s.senders[peer]
	if !ok {
		p = newSender(peer)
	}
	c := &senderChange{sender: p}
	if tx.senders == nil {
		tx.senders = make(map[mail.StoreID]*senderChange)
	}
	tx.senders[peer] = c
	return c
}

// edit is the account to change.
func (c *senderChange) edit() *Inbound {
	if !c.dirty {
		c.account, c.dirty = c.sender.account.clone(), true
	}
	return &c.account
}

// view is the account as this commit leaves it.
func (c *senderChange) view() *Inbound {
	if c.dirty {
		return &c.account
	}
	return c.sender.account
}

// Take records that a number from a peer is in custody now, or was: it reports false for a number taken or voided
// before, or that has exceptions, whose delivery must then be ignored. Fails with ErrFenced when the session is no
// longer current, with ErrExceptions when too many numbers are open.
func (tx *Tx) Take(s Session, seq uint64) (bool, error) {
	c, err := tx.fenced(s, seq)
	if err != nil {
		return false, err
	}
	if in := c.view(); in.Has(seq) || in.open(seq) {
		return false, nil
	}
	in := c.edit()
	in.LastTaken = tx.now
	return true, in.add(seq)
}

// TakeVoid records that a number from a peer carries nothing (any more), and ends its exception.
func (tx *Tx) TakeVoid(s Session, seq uint64) error {
	c, err := tx.fenced(s, seq)
	if err != nil || c.view().Has(seq) {
		return err
	}
	in := c.edit()
	in.Exceptions = slices.DeleteFunc(in.Exceptions, func(e OpenException) bool { return e.Seq == seq })
	return in.add(seq)
}

// Except records recipients of a number that were not taken; the number stays open until its void. Several
// exceptions of one number add up; what is said last of a recipient holds. A number with exceptions is not Taken.
func (tx *Tx) Except(s Session, seq uint64, e mail.Exception) error {
	c, err := tx.fenced(s, seq)
	if err != nil || c.view().Has(seq) {
		return err
	}
	return c.edit().except(seq, e)
}

// finishSenders writes the accounts that changed.
func (tx *Tx) finishSenders() error {
	for _, peer := range sortedKeys(tx.senders) {
		if c := tx.senders[peer]; c.dirty {
			tx.set(idKey(tableInbound, string(peer)), putInbound(nil, &c.account))
		}
	}
	return nil
}

func putInbound(b []byte, in *Inbound) []byte {
	b = putUint(b, in.Through)
	b = putUint(b, uint64(len(in.Beyond)))
	for _, r := range in.Beyond {
		b = putUint(putUint(b, r.First), r.Last)
	}
	b = putUint(b, uint64(len(in.Exceptions)))
	for _, e := range in.Exceptions {
		b = putUint(b, e.Seq)
		b = putAddresses(append(b, byte(e.Kind)), e.Recipients)
		b = putInt(putText(b, e.Reason), int64(e.RetryAfter))
	}
	return b
}

func parseInbound(peer mail.StoreID, value []byte) (*Inbound, error) {
	r := record{b: value}
	in := &Inbound{Sender: peer, Through: r.uint()}
	for range r.count() {
		in.Beyond = append(in.Beyond, Range{First: r.uint(), Last: r.uint()})
	}
	for range r.count() {
		e := OpenException{Seq: r.uint()}
		e.Kind = mail.ExceptionKind(r.byte())
		e.Recipients = r.addresses()
		e.Reason = r.text()
		e.RetryAfter = time.Duration(r.int())
		in.Exceptions = append(in.Exceptions, e)
	}
	return in, r.err()
}
