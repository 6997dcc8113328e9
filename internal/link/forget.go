package link

import (
	"context"
	"errors"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// The refusals of Forget.
var (
	// ErrConnected says that a peer is connected, and so has not gone.
	ErrConnected = errors.New("the other end is connected")
	// ErrUnknownPeer says that a peer never was one.
	ErrUnknownPeer = errors.New("no such end is known")
)

// Forget drops what is remembered of a peer that will not come back: its name and address, and its place in the status. The
// numbers of both directions stay: should the store come back after all, it is told apart from a new one.
func (l *Links) Forget(ctx context.Context, id mail.StoreID) error {
	p := l.known(id)
	if p == nil {
		if _, err := l.o.Store.Record(peerTable, string(id)); err != nil {
			return ErrUnknownPeer
		}
	} else {
		p.opening.Lock() // no session opens meanwhile
		defer p.opening.Unlock()
		if s := p.session(); s != nil && s.ctx.Err() == nil {
			return ErrConnected
		}
	}
	err := l.o.Store.CommitCustody(ctx, func(tx *store.Tx) error {
		tx.Put(peerTable, string(id), nil)
		return nil
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.peers, id)
	for _, d := range l.diallers {
		d.forget(p)
	}
	return nil
}

// forget lets a dialler expect anybody again at its address.
func (d *dialler) forget(p *peer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p != nil && d.peer == p {
		d.peer = nil
	}
}
