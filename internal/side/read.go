package side

import (
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// GetMessage reads one message.
func (s *mailServer) GetMessage(req *pb.GetMessageRequest, stream grpc.ServerStreamingServer[pb.GetMessageResponse]) error {
	return toStatus(s.get(req, stream))
}

func (s *mailServer) get(req *pb.GetMessageRequest, stream grpc.ServerStreamingServer[pb.GetMessageResponse]) error {
	c, err := s.caller(stream.Context())
	if err != nil {
		return err
	}
	if err := wire.CheckID("message_id", req.MessageId); err != nil {
		return err
	}
	box, err := s.open(c, req.Mailbox)
	if err != nil {
		return err
	}
	e, err := s.Store.MailboxEntry(box, mail.ID(req.MessageId))
	if errors.Is(err, store.ErrNotFound) {
		return refuse(codes.NotFound, ReasonNoMessage, "mailbox %s holds no message %s", box, req.MessageId)
	}
	if err != nil {
		return err
	}
	out := sink{
		entry: func(p *pb.MailboxEntry) error {
			return stream.Send(&pb.GetMessageResponse{Piece: &pb.GetMessageResponse_Entry{Entry: p}})
		},
		chunk: func(data []byte) error {
			return stream.Send(&pb.GetMessageResponse{Piece: &pb.GetMessageResponse_Chunk{Chunk: &pb.ContentChunk{Data: data}}})
		},
	}
	return s.send(e, req.IncludeOriginal, out)
}

// sink is where an entry and its content go.
type sink struct {
	entry func(*pb.MailboxEntry) error
	chunk func([]byte) error
}

// send sends an entry with its content: inside it when small, else in chunks after it. The legacy bytes are left out
// unless original is set; the message still describes them. Whatever is sent, all of the content is read, so that
// damage on the disk is always found: before anything is sent for small content, at the end for large.
func (s *mailServer) send(e store.MailboxEntry, original bool, out sink) error {
	size := e.Message.Size
	if o := e.Message.Original; o != nil && !original {
		size -= o.Size
	}
	content, err := s.Store.Content(e.Message.ID)
	if err != nil {
		return err
	}
	r, err := content.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	if size <= MaxInline {
		return sendInline(e, size, r, out)
	}
	if err := out.entry(toEntry(e)); err != nil {
		return err
	}
	for size > 0 {
		data := make([]byte, min(size, MaxChunk))
		if _, err := io.ReadFull(r, data); err != nil {
			return fmt.Errorf("message %s: %w", e.Message.ID, cut(err))
		}
		if err := out.chunk(data); err != nil {
			return err
		}
		size -= int64(len(data))
	}
	return drain(e, r)
}

func sendInline(e store.MailboxEntry, size int64, r io.Reader, out sink) error {
	data := make([]byte, size)
	if _, err := io.ReadFull(r, data); err != nil {
		return fmt.Errorf("message %s: %w", e.Message.ID, cut(err))
	}
	if err := drain(e, r); err != nil {
		return err
	}
	entry := toEntry(e)
	p := entry.Message
	whole, original := p.SizeBytes, p.Original
	if size != e.Message.Size {
		p.SizeBytes, p.Original = uint32(size), nil
	}
	if err := wire.Embed(p, data); err != nil {
		return fmt.Errorf("message %s: %w: %v", e.Message.ID, store.ErrCorrupt, err)
	}
	p.SizeBytes, p.Original = whole, original
	return out.entry(entry)
}

// drain reads what is left, because the hash is checked at the end.
func drain(e store.MailboxEntry, r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return fmt.Errorf("message %s: %w", e.Message.ID, err)
	}
	return nil
}

// cut is the error for content that ends too early.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return store.ErrCorrupt
	}
	return err
}
