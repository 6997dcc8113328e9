package identity

import (
	"context"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
)

// Verified is the gRPC AuthInfo of a connection whose other end proved its identity.
type Verified struct {
	credentials.TLSInfo
	// Identity is who is at the other end.
	Identity Identity
	// NotAfter is when the other end's certificate expires; the connection is closed then.
	NotAfter time.Time
}

// Unverified is the gRPC AuthInfo of a connection under --insecure-dev.
type Unverified struct {
	credentials.CommonAuthInfo
}

// AuthType returns "insecure-dev".
func (Unverified) AuthType() string { return "insecure-dev" }

// FromPeer returns who is at the other end of a gRPC connection, as the handshake found. It returns false for every
// connection that was not made by the credentials of this package.
func FromPeer(p *peer.Peer) (Identity, bool) {
	if p == nil {
		return Identity{}, false
	}
	switch info := p.AuthInfo.(type) {
	case Verified:
		return info.Identity, info.Identity.URI != ""
	case Unverified:
		return Dev(), true
	}
	return Identity{}, false
}

// contextKey is the key of the Identity in a context.
type contextKey struct{}

// NewContext returns ctx with the identity in it. The Guard does this for every call it lets through; tests of handlers
// may do it by hand.
func NewContext(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, id)
}

// FromContext returns the caller's identity: the one the Guard let through, else the one of the gRPC connection the
// context belongs to. It returns false when there is none; a handler then refuses.
func FromContext(ctx context.Context) (Identity, bool) {
	if id, ok := ctx.Value(contextKey{}).(Identity); ok {
		return id, true
	}
	p, ok := peer.FromContext(ctx)
	if !ok {
		return Identity{}, false
	}
	return FromPeer(p)
}
