package daemon

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// draining ends the streams that would never end by themselves, those that only follow something, once shutting down
// has begun. What clients are still sending may finish.
type draining struct {
	ctx   context.Context // ends when shutting down begins
	begin context.CancelFunc
}

func newDraining() *draining {
	ctx, begin := context.WithCancel(context.Background())
	return &draining{ctx: ctx, begin: begin}
}

func (d *draining) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if info.IsClientStream {
		return next(srv, ss)
	}
	ctx, cancel := context.WithCancel(ss.Context())
	defer cancel()
	defer context.AfterFunc(d.ctx, cancel)()
	err := next(srv, following{ss, ctx})
	if d.ctx.Err() != nil && ss.Context().Err() == nil {
		return status.Error(codes.Unavailable, "this end is shutting down")
	}
	return err
}

// following is a server stream with a context of its own.
type following struct {
	grpc.ServerStream
	ctx context.Context
}

// Context ends when the call ends or shutting down begins.
func (f following) Context() context.Context { return f.ctx }
