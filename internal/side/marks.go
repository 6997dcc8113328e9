package side

import (
	"context"
	"fmt"

	"sidegate/internal/intake"
	"sidegate/internal/mail"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// AcknowledgeMessages marks messages as received.
func (s *mailServer) AcknowledgeMessages(ctx context.Context, req *pb.AcknowledgeMessagesRequest) (*pb.AcknowledgeMessagesResponse, error) {
	n, err := s.mark(ctx, req.Mailbox, req.MessageIds, intake.Marking{Withhold: req.WithholdReceipts})
	if err != nil {
		return nil, toStatus(err)
	}
	return &pb.AcknowledgeMessagesResponse{AcknowledgedCount: n}, nil
}

// DeleteMessages removes messages for good.
func (s *mailServer) DeleteMessages(ctx context.Context, req *pb.DeleteMessagesRequest) (*pb.DeleteMessagesResponse, error) {
	n, err := s.mark(ctx, req.Mailbox, req.MessageIds, intake.Marking{Delete: true, Withhold: req.WithholdReceipts})
	if err != nil {
		return nil, toStatus(err)
	}
	return &pb.DeleteMessagesResponse{DeletedCount: n}, nil
}

// mark does what a reader wants with messages of a mailbox, in one commit, and counts those that were there.
func (s *mailServer) mark(ctx context.Context, mailbox string, ids []string, m intake.Marking) (uint32, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return 0, err
	}
	if m.IDs, err = messageIDs(ids); err != nil {
		return 0, err
	}
	if m.Mailbox, err = s.open(c, mailbox); err != nil {
		return 0, err
	}
	n, err := s.Intake.Mark(ctx, m)
	return uint32(n), err
}

func messageIDs(texts []string) ([]mail.ID, error) {
	if len(texts) > MaxIDs {
		return nil, badField("message_ids", "are %d, the most is %d", len(texts), MaxIDs)
	}
	seen := map[string]bool{}
	var ids []mail.ID
	for i, text := range texts {
		if err := wire.CheckID(fmt.Sprintf("message_ids[%d]", i), text); err != nil {
			return nil, err
		}
		if !seen[text] {
			seen[text] = true
			ids = append(ids, mail.ID(text))
		}
	}
	return ids, nil
}
