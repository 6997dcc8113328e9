package link

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"

	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// lowerDialled reports whether the end with the lower store UUID dialled a session that was dialled here or not.
func (p *peer) lowerDialled(here bool) bool { return here == (p.l.o.Store.ID() < p.id) }

// register makes a new session the live one: it decides between two that both ends dialled, fences what was before,
// and ends it.
func (p *peer) register(ctx context.Context, s *session, id *pb.EndIdentity, uri string) error {
	p.opening.Lock()
	defer p.opening.Unlock()
	if p.l.known(p.id) != p {
		return refuse(codes.Unavailable, ReasonNotPeer, "%s has just forgotten this store; it is known anew when it tries again", p.l.o.End)
	}
	if err := p.admit(s, id, uri); err != nil {
		return err
	}
	p.l.o.Fault("link.session.before")
	fence, err := p.l.o.Store.OpenSession(ctx, p.id, id.GetEpoch())
	if err != nil {
		return err
	}
	p.l.o.Fault("link.session.after")
	s.fence = fence
	p.remember(ctx, id.GetEnd(), s.address)
	p.mu.Lock()
	old := p.live
	p.live, p.opened = s, s.opened
	if p.since.IsZero() {
		p.since = s.opened
	}
	p.end, p.uri, p.epoch, p.boot = id.GetEnd(), uri, id.GetEpoch(), id.GetBootId()
	p.mu.Unlock()
	if old != nil {
		old.end(errReplaced)
	}
	return nil
}

// admit decides whether a session may become the live one.
func (p *peer) admit(s *session, id *pb.EndIdentity, uri string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.epoch == id.GetEpoch() && p.boot != "" && p.boot != id.GetBootId() {
		return refuse(codes.FailedPrecondition, ReasonCloned,
			"two processes run as store %s, start %d: one of them is a copy", p.id, p.epoch)
	}
	if p.uri != "" && p.uri != uri {
		return refuse(codes.PermissionDenied, ReasonNotPeer, "store %s was %s since %s started; %s may not claim it", p.id, p.uri, p.l.o.End, uri)
	}
	old := p.live
	switch {
	case old == nil || old.ctx.Err() != nil:
		return nil
	case old.dialled != s.dialled && p.lowerDialled(old.dialled):
		return refuse(codes.AlreadyExists, ReasonExists, "both ends dial; the session dialled by the other one stays")
	case old.dialled == s.dialled && s.dialled:
		return refuse(codes.AlreadyExists, ReasonExists, "a session dialled under another address is open")
	case old.dialled == s.dialled && time.Since(p.opened) < takeoverGap:
		return refuse(codes.Unavailable, ReasonTakeover, "a session was opened less than %s ago; not replaced yet", takeoverGap)
	}
	return nil
}

// doubted reports whether a session may not become the live one because its store seems to be an older copy, which the
// marks of both ends are then asked about.
func (p *peer) doubted(err error) bool {
	if errors.Is(err, store.ErrFenced) {
		return true
	}
	live := p.session()
	return errors.Is(err, &refusal{reason: ReasonCloned}) && (live == nil || live.ctx.Err() != nil)
}

// disown refuses a doubted session whose marks give nothing away.
func (p *peer) disown(doubt error, id *pb.EndIdentity) error {
	if errors.Is(doubt, store.ErrFenced) {
		return p.stale(id)
	}
	return doubt
}

// remember keeps the peer's name and address. That it fails harms nobody.
func (p *peer) remember(ctx context.Context, end, address string) {
	p.mu.Lock()
	if address == "" {
		address = p.address
	}
	known := p.end == end && p.address == address
	p.address = address
	p.mu.Unlock()
	if known {
		return
	}
	err := p.l.o.Store.CommitCustody(ctx, func(tx *store.Tx) error {
		tx.Put(peerTable, string(p.id), []byte(end+"\n"+address))
		return nil
	})
	if err != nil {
		p.l.o.Log.Debug("cannot remember the peer's name", "peer", end, "error", err)
	}
}
