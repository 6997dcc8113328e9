package cli

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	pb "sidegate/proto/sidegate/v1"
)

// slow answers everything, message by message, each after a pause.
type slow struct {
	grpc.ClientStream
	ctx   context.Context
	pause time.Duration
}

func (s *slow) wait() error {
	select {
	case <-s.ctx.Done():
		return s.ctx.Err()
	case <-time.After(s.pause):
		return nil
	}
}

func (s *slow) Invoke(ctx context.Context, _ string, _, _ any, _ ...grpc.CallOption) error {
	return (&slow{ctx: ctx, pause: s.pause}).wait()
}

func (s *slow) NewStream(ctx context.Context, _ *grpc.StreamDesc, _ string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return &slow{ctx: ctx, pause: s.pause}, nil
}

func (s *slow) SendMsg(any) error { return s.wait() }
func (s *slow) RecvMsg(any) error { return s.wait() }
func (s *slow) CloseSend() error  { return nil }

// TestATransferMayBeLong: the time-out is for what does not move, not for what is large.
func TestATransferMayBeLong(t *testing.T) {
	whole := func(ctx context.Context, conn connection) error {
		up, err := pb.NewDirectoryServiceClient(conn).ImportEntries(ctx)
		for range 5 {
			err = errors.Join(err, up.Send(nil))
		}
		for range 5 {
			_, more := up.Recv()
			err = errors.Join(err, more)
			_, more = pb.NewSpoolServiceClient(conn).AssignProxies(ctx, nil)
			err = errors.Join(err, more)
		}
		return err
	}
	synctest.Test(t, func(t *testing.T) {
		if err := patient(t.Context(), 10*time.Second, &slow{pause: 9 * time.Second}, whole); err != nil {
			t.Errorf("what moves every 9 s for two minutes: %v", err)
		}
		begin := time.Now()
		if err := patient(t.Context(), 10*time.Second, &slow{pause: time.Minute}, whole); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("what stands still: %v", err)
		}
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("it was given up after %s", took)
		}
	})
}
