package side

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// receivePage is how many entries are read ahead of the client.
const receivePage = 50

// ReceiveMessages streams a mailbox.
func (s *mailServer) ReceiveMessages(req *pb.ReceiveMessagesRequest, stream grpc.ServerStreamingServer[pb.ReceiveMessagesResponse]) error {
	err := s.receiveAll(req, stream)
	if errors.Is(err, store.ErrNotFound) {
		err = refuse(codes.NotFound, ReasonNoMailbox, "mailbox %s was removed", req.Mailbox)
	}
	return toStatus(err)
}

func (s *mailServer) receiveAll(req *pb.ReceiveMessagesRequest, stream grpc.ServerStreamingServer[pb.ReceiveMessagesResponse]) error {
	ctx := stream.Context()
	c, err := s.caller(ctx)
	if err != nil {
		return err
	}
	box, err := s.open(c, req.Mailbox)
	if err != nil {
		return err
	}
	f := &follower{s: s, box: box, allowed: func() error { _, err := s.open(c, req.Mailbox); return err }, headersOnly: req.HeadersOnly, opened: s.Store.Now(), out: sink{
		entry: func(p *pb.MailboxEntry) error {
			return stream.Send(&pb.ReceiveMessagesResponse{Piece: &pb.ReceiveMessagesResponse_Entry{Entry: p}})
		},
		chunk: func(data []byte) error {
			return stream.Send(&pb.ReceiveMessagesResponse{Piece: &pb.ReceiveMessagesResponse_Chunk{Chunk: &pb.ContentChunk{Data: data}}})
		},
	}}
	if _, err := s.Store.Mailbox(box); errors.Is(err, store.ErrNotFound) {
		if !req.Follow {
			return nil
		}
		if err := s.Store.AwaitMailbox(ctx, box); err != nil {
			return err
		}
	}
	if err := f.sendAll(ctx); err != nil || !req.Follow {
		return err
	}
	f.caughtUp = true
	for {
		if err := s.Store.WaitMailbox(ctx, box, f.after); err != nil {
			return err
		}
		if err := f.allowed(); err != nil {
			return err
		}
		if err := f.sendAll(ctx); err != nil {
			return err
		}
	}
}

// follower is one reader of a mailbox. Each has its own position, so that every one sees everything.
type follower struct {
	s           *mailServer
	box         mail.Address
	allowed     func() error // nil: the caller may read the mailbox now
	headersOnly bool
	out         sink
	after       uint64
	opened      time.Time
	caughtUp    bool // the backlog is through
}

// sendAll sends what there is.
func (f *follower) sendAll(ctx context.Context) error {
	for ctx.Err() == nil {
		box, err := f.s.Store.Mailbox(f.box)
		if err != nil {
			return err
		}
		es, err := f.s.Store.MailboxEntries(f.box, f.after, receivePage)
		if err != nil {
			return err
		}
		if len(es) == 0 {
			f.after = max(f.after, box.Last) // what lay between has been deleted
			return nil
		}
		// It may have got other owners meanwhile. Asked now, the answer is good for everything that was read before.
		if err := f.allowed(); err != nil {
			return err
		}
		for _, e := range es {
			if err := f.sendOne(e); err != nil {
				return err
			}
			f.after = e.Position
		}
	}
	return ctx.Err()
}

func (f *follower) sendOne(e store.MailboxEntry) error {
	// What arrives while this one follows is shown even if another reader was faster to acknowledge it.
	if e.Acknowledged && !f.caughtUp && !e.Delivered.After(f.opened) {
		return nil
	}
	if f.headersOnly {
		return f.out.entry(toEntry(e))
	}
	begun := false
	out := f.out
	out.entry = func(p *pb.MailboxEntry) error {
		begun = true
		return f.out.entry(p)
	}
	err := f.s.send(e, false, out)
	if errors.Is(err, store.ErrNotFound) && !begun {
		return nil // deleted by another reader a moment ago
	}
	return err
}
