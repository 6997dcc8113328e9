package side

import (
	"context"
	"errors"
	"fmt"

	"sidegate/internal/intake"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

const eventAcknowledged = "acknowledged"

// AcknowledgeMessages marks messages as received.
func (s *mailServer) AcknowledgeMessages(ctx context.Context, req *pb.AcknowledgeMessagesRequest) (*pb.AcknowledgeMessagesResponse, error) {
	n, err := s.mark(ctx, req.Mailbox, req.MessageIds, s.acknowledge)
	if err != nil {
		return nil, toStatus(err)
	}
	return &pb.AcknowledgeMessagesResponse{AcknowledgedCount: n}, nil
}

// DeleteMessages removes messages for good.
func (s *mailServer) DeleteMessages(ctx context.Context, req *pb.DeleteMessagesRequest) (*pb.DeleteMessagesResponse, error) {
	n, err := s.mark(ctx, req.Mailbox, req.MessageIds, func(tx *store.Tx, box mail.Address, id mail.ID) (bool, error) {
		there, err := tx.Delete(box, id)
		if there && err == nil {
			tx.AddTrace(store.Trace{MessageID: id, Recipient: box, End: s.Dialect.Name, Event: intake.EventDeleted, Detail: "by a reader"})
		}
		return there, err
	})
	if err != nil {
		return nil, toStatus(err)
	}
	return &pb.DeleteMessagesResponse{DeletedCount: n}, nil
}

// acknowledge sets the mark; the trace tells of the first time only.
func (s *mailServer) acknowledge(tx *store.Tx, box mail.Address, id mail.ID) (bool, error) {
	e, err := s.Store.MailboxEntry(box, id)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil || e.Acknowledged {
		return err == nil, err
	}
	there, err := tx.Acknowledge(box, id)
	if there && err == nil {
		tx.AddTrace(store.Trace{MessageID: id, Recipient: box, End: s.Dialect.Name, Event: eventAcknowledged})
	}
	return there, err
}

// mark does one thing to messages of a mailbox, in one commit, and counts those that were there.
func (s *mailServer) mark(ctx context.Context, mailbox string, ids []string, do func(*store.Tx, mail.Address, mail.ID) (bool, error)) (uint32, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return 0, err
	}
	unique, err := messageIDs(ids)
	if err != nil {
		return 0, err
	}
	box, err := s.open(c, mailbox)
	if err != nil {
		return 0, err
	}
	var n uint32
	err = s.Store.CommitCustody(ctx, func(tx *store.Tx) error {
		n = 0
		for _, id := range unique {
			there, err := do(tx, box, id)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			if there {
				n++
			}
		}
		return nil
	})
	return n, err
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
