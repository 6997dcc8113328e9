package side

import (
	"context"
	"errors"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// maxScan bounds how many entries one page looks at; a page with fewer entries than asked for still names the next.
const maxScan = 5000

// ListMessages lists a mailbox.
func (s *mailServer) ListMessages(ctx context.Context, req *pb.ListMessagesRequest) (*pb.ListMessagesResponse, error) {
	resp, err := s.list(ctx, req)
	return resp, toStatus(err)
}

func (s *mailServer) list(ctx context.Context, req *pb.ListMessagesRequest) (*pb.ListMessagesResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	size, err := wire.PageSize(req.PageSize)
	if err != nil {
		return nil, err
	}
	box, err := s.open(c, req.Mailbox)
	if err != nil {
		return nil, err
	}
	list := "messages/" + strconv.FormatBool(req.UnacknowledgedOnly) + "/" + box.Key()
	position, err := wire.ParsePageToken(list, req.PageToken)
	if err != nil {
		return nil, err
	}
	var after uint64
	if position != "" {
		if after, err = strconv.ParseUint(position, 10, 64); err != nil {
			return nil, badField("page_token", "is not one that this list gave")
		}
	}
	p := &messagePage{resp: &pb.ListMessagesResponse{}, size: size, unacknowledged: req.UnacknowledgedOnly, after: after}
	if err := s.fillPage(ctx, box, p); err != nil {
		return nil, err
	}
	if !p.end {
		p.resp.NextPageToken = wire.PageToken(list, strconv.FormatUint(p.after, 10))
	}
	return p.resp, nil
}

// messagePage is a page that is being filled.
type messagePage struct {
	resp           *pb.ListMessagesResponse
	size, bytes    int
	unacknowledged bool
	after          uint64 // the last position dealt with
	end            bool   // nothing is behind it
}

func (s *mailServer) fillPage(ctx context.Context, box mail.Address, p *messagePage) error {
	for scanned := 0; scanned < maxScan && ctx.Err() == nil; {
		// One more than is wanted, to know whether this page is the last.
		want := p.size - len(p.resp.Entries) + 1
		es, err := s.Store.MailboxEntries(box, p.after, want)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		for _, e := range es {
			if !p.add(e) {
				return nil
			}
		}
		scanned += len(es)
		if len(es) == 0 {
			p.end = true
			return nil
		}
	}
	return ctx.Err()
}

// add puts an entry on the page; it reports false when the page is full.
func (p *messagePage) add(e store.MailboxEntry) bool {
	if !p.unacknowledged || !e.Acknowledged {
		entry := toEntry(e)
		n := proto.Size(entry)
		if len(p.resp.Entries) == p.size || len(p.resp.Entries) > 0 && p.bytes+n > MaxUnary {
			return false
		}
		p.resp.Entries = append(p.resp.Entries, entry)
		p.bytes += n
	}
	p.after = e.Position
	return true
}

func toEntry(e store.MailboxEntry) *pb.MailboxEntry {
	return &pb.MailboxEntry{
		Message: wire.Message(e.Message), DeliverTime: timestamppb.New(e.Delivered), Acknowledged: e.Acknowledged, Position: e.Position,
	}
}
