package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"
)

// GuardOptions configure a Guard.
type GuardOptions struct {
	// Policy says who may call what. Required.
	Policy Policy
	// AcceptPeers are the URIs of the peers that may call LinkService. Empty: no peer may (but --insecure-dev callers).
	AcceptPeers []string
	// Mapping is used to check AcceptPeers; the same as the Reloader's.
	Mapping Mapping
	// Log gets one warning per refused call. Nil: no log.
	Log hclog.Logger
	// Refused, if set, counts refused calls. Methods outside the policy come as "other", so that labels stay bounded.
	Refused func(method string, reason Reason)
	// Now is the wall clock that certificates are held against. Nil: time.Now.
	Now func() time.Time
}

// A Guard lets a call through when the caller's role may make it, and refuses everything else. It has no state but its
// options and may be used by many servers at once.
type Guard struct {
	policy  Policy
	accept  []string
	log     hclog.Logger
	refused func(string, Reason)
	now     func() time.Time
}

// NewGuard checks the options. It is an error if an accepted peer's URI is not the URI of a peer.
func NewGuard(o GuardOptions) (*Guard, error) {
	if len(o.Policy) == 0 {
		return nil, fmt.Errorf("identity: guard: the policy is empty")
	}
	for _, uri := range o.AcceptPeers {
		id, err := o.Mapping.Parse(uri)
		if err != nil {
			return nil, fmt.Errorf("identity: accepted peer: %w", err)
		}
		if !id.Is(Peer) {
			return nil, fmt.Errorf("identity: accepted peer %s: it has role %s, not peer", uri, id.Role)
		}
	}
	g := &Guard{policy: o.Policy, accept: slices.Clone(o.AcceptPeers), log: o.Log, refused: o.Refused, now: o.Now}
	if g.log == nil {
		g.log = hclog.NewNullLogger()
	}
	if g.refused == nil {
		g.refused = func(string, Reason) {}
	}
	if g.now == nil {
		g.now = time.Now
	}
	return g, nil
}

// ServerOptions returns the two interceptors as options for grpc.NewServer. They come before those of later options.
func (g *Guard) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.ChainUnaryInterceptor(g.Unary), grpc.ChainStreamInterceptor(g.Stream)}
}

// Unary is the interceptor of unary calls.
func (g *Guard) Unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	id, err := g.Authorize(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	return next(NewContext(ctx, id), req)
}

// Stream is the interceptor of streaming calls.
func (g *Guard) Stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	id, err := g.Authorize(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	return next(srv, &identifiedStream{ServerStream: stream, ctx: NewContext(stream.Context(), id)})
}

// identifiedStream is a stream whose context holds the caller's identity.
type identifiedStream struct {
	grpc.ServerStream
	ctx context.Context // of the stream, as grpc.ServerStream demands: it lives exactly as long
}

// Context returns the stream's context with the identity in it.
func (s *identifiedStream) Context() context.Context { return s.ctx }

// Authorize decides one call by the connection it came on. The error is a gRPC status, UNAUTHENTICATED or
// PERMISSION_DENIED, with an ErrorInfo whose reason is one of the Reason constants; it has been logged and counted.
func (g *Guard) Authorize(ctx context.Context, method string) (Identity, error) {
	id, refusal := g.decide(ctx, method)
	if refusal == nil {
		return id, nil
	}
	label, named := "other", shown(method)
	if _, known := g.policy[method]; known {
		label, named = method, method
	}
	g.refused(label, refusal.Reason)
	g.log.Warn("call refused", "method", named, "identity", id.URI, "role", string(id.Role), "reason", string(refusal.Reason))
	return Identity{}, refusal.status(id.Role)
}

// decide is Authorize without its traces. The identity is returned with a refusal too, for the log.
func (g *Guard) decide(ctx context.Context, method string) (Identity, *Refusal) {
	p, _ := peer.FromContext(ctx)
	id, ok := FromPeer(p)
	if !ok {
		return id, refuse(ReasonNoCertificate, "the connection has no verified client certificate")
	}
	// The connection is closed at that time; this covers a machine that slept through it.
	if info, tls := p.AuthInfo.(Verified); tls && !g.now().Before(info.NotAfter) {
		return id, refuse(ReasonCertificateExpired, "the certificate expired at %s", info.NotAfter.UTC().Format(time.RFC3339))
	}
	if _, _, ok := splitMethod(method); !ok {
		return id, refuse(ReasonMethodMalformed, "%s is no method", shown(method))
	}
	roles, known := g.policy[method]
	if !known {
		return id, refuse(ReasonMethodNotInPolicy, "%s may be called by nobody", shown(method))
	}
	if !slices.ContainsFunc(roles, id.Is) {
		return id, refuse(ReasonRoleNotAllowed, "role %s may not call %s", id.Role, method)
	}
	if strings.HasPrefix(method, linkService) && !id.InsecureDev && !slices.Contains(g.accept, id.URI) {
		return id, refuse(ReasonPeerNotAccepted, "peer %s is not among the accepted peers", id.URI)
	}
	return id, nil
}
