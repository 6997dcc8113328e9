package side

import (
	"context"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// Names keeps the names of mailboxes, for the directory.
type Names interface {
	// NameMailbox gives a mailbox a name, or takes it away when the name is empty, as a part of a commit.
	NameMailbox(tx *store.Tx, a mail.Address, name string) error
	// Refresh is called when such a commit is durable.
	Refresh(a mail.Address) error
	// MailboxName is the name of a mailbox, empty if it has none.
	MailboxName(a mail.Address) string
}

// UpdateMailboxName replaces the display name of a mailbox.
func (s *mailboxServer) UpdateMailboxName(ctx context.Context, req *pb.UpdateMailboxNameRequest) (*pb.UpdateMailboxNameResponse, error) {
	box, err := s.rename(ctx, req)
	if err != nil {
		return nil, toStatus(err)
	}
	return &pb.UpdateMailboxNameResponse{Mailbox: box}, nil
}

func (s *mailboxServer) rename(ctx context.Context, req *pb.UpdateMailboxNameRequest) (*pb.Mailbox, error) {
	c, a, err := s.keeper(ctx, req.Address)
	if err != nil {
		return nil, err
	}
	name, err := displayName(a, req.DisplayName)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, a, func(tx *store.Tx) error {
		box, err := s.Store.Mailbox(a)
		if err != nil {
			return err
		}
		a = box.Address
		return s.Names.NameMailbox(tx, a, name)
	})
	if err != nil {
		return nil, err
	}
	if err := s.Names.Refresh(a); err != nil {
		return nil, err
	}
	s.log.Info("mailbox has a new name", "listed", name != "", "by", c.uri)
	return s.describe(a)
}

// displayName checks the name of a mailbox; an empty one is none.
func displayName(a mail.Address, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	e, err := directory.EntryOf(name, a)
	if err != nil {
		return "", badField("display_name", "%v", err)
	}
	return e.Name, nil
}
