package cli

import (
	"context"
	"time"

	"google.golang.org/grpc"
)

// transfer runs a command that moves as much as there is: it gives up when nothing moves for the time-out, and may take
// longer as a whole.
func (c *call) transfer(ctx context.Context, role string, do func(context.Context, *printer, connection) error) error {
	timeout, err := c.timeout()
	if err != nil {
		return err
	}
	return c.listing(role, func(out *printer, conn connection) error {
		return patient(ctx, timeout, conn, func(ctx context.Context, conn connection) error { return do(ctx, out, conn) })
	})
}

// patient hands do a connection whose calls end when nothing goes over it for the time-out.
func patient(ctx context.Context, timeout time.Duration, conn connection, do func(context.Context, connection) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(timeout, func() { cancel(context.DeadlineExceeded) })
	defer idle.Stop()
	return causeOf(ctx, do(ctx, &watched{conn, func() { idle.Reset(timeout) }}))
}

// watched is a connection that tells when something went over it.
type watched struct {
	connection
	moved func()
}

func (w *watched) Invoke(ctx context.Context, method string, args, reply any, o ...grpc.CallOption) error {
	w.moved()
	err := w.connection.Invoke(ctx, method, args, reply, o...)
	w.moved()
	return err
}

func (w *watched) NewStream(ctx context.Context, d *grpc.StreamDesc, method string, o ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := w.connection.NewStream(ctx, d, method, o...)
	return &watchedStream{s, w.moved}, err
}

type watchedStream struct {
	grpc.ClientStream
	moved func()
}

func (s *watchedStream) SendMsg(m any) error {
	err := s.ClientStream.SendMsg(m)
	s.moved()
	return err
}

func (s *watchedStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	s.moved()
	return err
}
