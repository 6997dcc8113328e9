package daemon

import (
	"context"
	"net"
	"runtime/debug"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"sidegate/internal/identity"
	"sidegate/internal/link"
)

// Limits of the server.
const (
	maxStreams = 64       // at once on one connection
	maxHeaders = 16 << 10 // bytes of metadata
	handshake  = 10 * time.Second
)

// newServer makes the gRPC server that every end has: verified callers, bounded requests, health and reflection.
func newServer(certs Certificates, guard *identity.Guard, d *draining, log hclog.Logger) *grpc.Server {
	options := []grpc.ServerOption{
		grpc.Creds(certs.Server()),
		grpc.ChainUnaryInterceptor(recoverUnary(log)),
		grpc.ChainStreamInterceptor(recoverStream(log), d.stream),
		grpc.MaxRecvMsgSize(link.MaxReceive),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxHeaders),
		grpc.ConnectionTimeout(handshake),
		grpc.KeepaliveParams(link.ServerKeepalive),
		grpc.KeepaliveEnforcementPolicy(link.ServerEnforcement),
		grpc.WaitForHandlers(true),
	}
	options = append(options, link.ServerTransport()...)
	s := grpc.NewServer(append(options, guard.ServerOptions()...)...)
	healthpb.RegisterHealthServer(s, health.NewServer())
	reflection.RegisterV1(s)
	return s
}

// A panic in a handler is that call's failure alone. It is logged with its stack, for it is always a fault of ours.
func recoverUnary(log hclog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (_ any, err error) {
		defer recovered(log, info.FullMethod, &err)
		return next(ctx, req)
	}
}

func recoverStream(log hclog.Logger) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
		defer recovered(log, info.FullMethod, &err)
		return next(srv, ss)
	}
}

func recovered(log hclog.Logger, method string, err *error) {
	if r := recover(); r != nil {
		log.Error("panic in a call", "method", method, "panic", r, "stack", string(debug.Stack()))
		*err = status.Error(codes.Internal, "internal error; the log of this end has the details")
	}
}

// serve accepts calls until ctx ends, then lets running ones finish within a bound.
func serve(ctx context.Context, s *grpc.Server, l net.Listener, d *draining, bound time.Duration, log hclog.Logger) error {
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	d.begin()
	graceful := make(chan struct{})
	go func() {
		s.GracefulStop()
		close(graceful)
	}()
	timeout := time.NewTimer(bound)
	defer timeout.Stop()
	select {
	case <-graceful:
	case <-timeout.C:
		log.Info("calls still open after the drain time-out are ended", "timeout", bound)
		s.Stop()
		<-graceful
	}
	<-ended
	return nil
}
