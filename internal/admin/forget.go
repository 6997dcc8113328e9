package admin

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"

	"sidegate/internal/link"
	"sidegate/internal/mail"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// linkMappings say what the refusals of the links mean to a caller.
var linkMappings = []wire.Mapping{
	{Is: link.ErrConnected, Code: codes.FailedPrecondition, Reason: "PEER_CONNECTED"},
	{Is: link.ErrUnknownPeer, Code: codes.NotFound, Reason: "NO_SUCH_PEER"},
}

// ForgetPeer gives up an end that will not come back.
func (s *Server) ForgetPeer(ctx context.Context, r *pb.ForgetPeerRequest) (*pb.ForgetPeerResponse, error) {
	if wire.CheckID("store_id", r.StoreId) != nil {
		return nil, fieldError("store_id", "is not the UUID of a store")
	}
	if err := wire.CheckLine("reason", r.Reason, maxReason); err != nil {
		return nil, status(err)
	}
	peer := mail.StoreID(r.StoreId)
	known := s.remembers(peer)
	// One that never connected since its record was dropped may still have announced something, or have mail.
	if err := s.o.Links.Forget(ctx, peer); err != nil && (!known || !errors.Is(err, link.ErrUnknownPeer)) {
		return nil, wire.Status(err, append(linkMappings, mappings...)...)
	}
	if s.o.People != nil {
		if err := s.o.People.Forget(ctx, peer); err != nil {
			return nil, status(err)
		}
	}
	out, err := s.o.Intake.ForgetPeer(ctx, peer, r.ReturnMail, r.Reason)
	if err != nil {
		return nil, status(err)
	}
	s.o.Log.Info("a peer was given up", "peer", r.StoreId, "rerouted", len(out.Rerouted), "returned", len(out.Returned),
		"reason", r.Reason, "caller", s.o.Caller(ctx))
	s.watch.changed()
	return &pb.ForgetPeerResponse{ReroutedMessageIds: texts(out.Rerouted), ReturnedMessageIds: texts(out.Returned)}, nil
}

const maxReason = 1000 // bytes

// remembers reports whether something is left of a peer: an announcement, its people, or mail that waits.
func (s *Server) remembers(peer mail.StoreID) bool {
	if s.o.People != nil && s.o.People.Held(peer) != ([32]byte{}) {
		return true
	}
	for _, a := range s.o.Routes.Announcements() {
		if a.Peer == peer {
			return true
		}
	}
	for _, l := range s.o.Store.Lanes() {
		if string(l.Lane) == string(peer) && l.Depth > 0 {
			return true
		}
	}
	return false
}
