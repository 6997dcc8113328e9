package side

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

const maxOwner = 256 // bytes of an owner's URI

// CreateMailbox makes a mailbox.
func (s *mailboxServer) CreateMailbox(ctx context.Context, req *pb.CreateMailboxRequest) (*pb.CreateMailboxResponse, error) {
	box, err := s.create(ctx, req)
	if err != nil {
		return nil, toStatus(err)
	}
	return &pb.CreateMailboxResponse{Mailbox: box}, nil
}

func (s *mailboxServer) create(ctx context.Context, req *pb.CreateMailboxRequest) (*pb.Mailbox, error) {
	c, a, err := s.keeper(ctx, req.Address)
	if err != nil {
		return nil, err
	}
	if err := s.Dialect.Check(a); err != nil {
		return nil, badField("address", "%v", err)
	}
	if !s.Routes.Serves(a) {
		return nil, badField("address", "%s is not an address that %s serves", a, s.Dialect.Name)
	}
	taken := refuse(codes.AlreadyExists, ReasonMailboxExists, "there is a mailbox %s already", a)
	if _, err := s.Store.Mailbox(a); err == nil { // whatever else is wrong
		return nil, taken
	}
	owners, err := s.owners(c, req.Owners)
	if err != nil {
		return nil, err
	}
	name, err := displayName(a, req.DisplayName)
	if err != nil {
		return nil, err
	}
	fresh := false
	err = s.Store.Commit(ctx, func(tx *store.Tx) error {
		if fresh, err = tx.AddMailbox(a, owners); err != nil || !fresh {
			return err
		}
		return s.Names.NameMailbox(tx, a, name)
	})
	if err == nil {
		err = s.Names.Refresh(a)
	}
	if err != nil {
		return nil, err
	}
	if !fresh {
		return nil, taken
	}
	s.log.Info("mailbox made", "owners", len(owners), "by", c.uri)
	return s.describe(a)
}

// owners checks the owners of a mailbox. Without owners it is open to every user, which only somebody who is everybody
// may want.
func (s *mailboxServer) owners(c caller, texts []string) ([]string, error) {
	switch {
	case len(texts) == 0 && !c.any:
		return nil, badField("owners", "name nobody; a mailbox needs one, such as sidegate://user/ann")
	case len(texts) > MaxOwners:
		return nil, badField("owners", "are %d, the most is %d", len(texts), MaxOwners)
	}
	seen := map[string]bool{}
	var owners []string
	for i, text := range texts {
		field := fmt.Sprintf("owners[%d]", i)
		if err := wire.CheckLine(field, text, maxOwner); err != nil {
			return nil, err
		}
		if scheme, rest, ok := strings.Cut(text, "://"); !ok || scheme == "" || rest == "" || strings.Contains(text, " ") {
			return nil, badField(field, "is no URI of an identity, such as sidegate://user/ann")
		}
		if !seen[text] {
			seen[text] = true
			owners = append(owners, text)
		}
	}
	return owners, nil
}

// GetMailbox tells of one mailbox.
func (s *mailboxServer) GetMailbox(ctx context.Context, req *pb.GetMailboxRequest) (*pb.GetMailboxResponse, error) {
	box, err := s.find(ctx, req.Address)
	if err != nil {
		return nil, toStatus(err)
	}
	return &pb.GetMailboxResponse{Mailbox: box}, nil
}

func (s *mailboxServer) find(ctx context.Context, text string) (*pb.Mailbox, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	a, err := wire.ParseAddress("address", text)
	if err != nil {
		return nil, err
	}
	box, err := s.Store.Mailbox(a)
	known := c.any || c.operator
	switch {
	case err == nil && (known || c.may(box.Owners)):
		return s.mailbox(box), nil
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return nil, err
	case known:
		return nil, noMailbox(a)
	}
	return nil, foreign(a)
}

// ListMailboxes lists mailboxes by address.
func (s *mailboxServer) ListMailboxes(ctx context.Context, req *pb.ListMailboxesRequest) (*pb.ListMailboxesResponse, error) {
	resp, err := s.list(ctx, req)
	return resp, toStatus(err)
}

func (s *mailboxServer) list(ctx context.Context, req *pb.ListMailboxesRequest) (*pb.ListMailboxesResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	size, err := wire.PageSize(req.PageSize)
	if err != nil {
		return nil, err
	}
	const list = "mailboxes"
	after, err := wire.ParsePageToken(list, req.PageToken)
	if err != nil {
		return nil, err
	}
	resp := &pb.ListMailboxesResponse{}
	for scanned := 0; scanned < maxScan && ctx.Err() == nil; {
		want := size - len(resp.Mailboxes) + 1
		boxes, err := s.Store.Mailboxes(after, want)
		if err != nil {
			return nil, err
		}
		for _, box := range boxes {
			if c.operator || c.may(box.Owners) {
				if len(resp.Mailboxes) == size {
					resp.NextPageToken = wire.PageToken(list, after)
					return resp, nil
				}
				resp.Mailboxes = append(resp.Mailboxes, s.mailbox(box))
			}
			after = box.Address.Key()
		}
		scanned += len(boxes)
		if len(boxes) < want {
			return resp, nil
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	resp.NextPageToken = wire.PageToken(list, after)
	return resp, nil
}

// UpdateMailboxOwners replaces the owners.
func (s *mailboxServer) UpdateMailboxOwners(ctx context.Context, req *pb.UpdateMailboxOwnersRequest) (*pb.UpdateMailboxOwnersResponse, error) {
	box, err := s.update(ctx, req)
	if err != nil {
		return nil, toStatus(err)
	}
	return &pb.UpdateMailboxOwnersResponse{Mailbox: box}, nil
}

func (s *mailboxServer) update(ctx context.Context, req *pb.UpdateMailboxOwnersRequest) (*pb.Mailbox, error) {
	c, a, err := s.keeper(ctx, req.Address)
	if err != nil {
		return nil, err
	}
	owners, err := s.owners(c, req.Owners)
	if err != nil {
		return nil, err
	}
	if err := s.change(ctx, a, func(tx *store.Tx) error { return tx.SetOwners(a, owners) }); err != nil {
		return nil, err
	}
	s.log.Info("mailbox has new owners", "owners", len(owners), "by", c.uri)
	return s.describe(a)
}

// DeleteMailbox removes a mailbox.
func (s *mailboxServer) DeleteMailbox(ctx context.Context, req *pb.DeleteMailboxRequest) (*pb.DeleteMailboxResponse, error) {
	if err := s.remove(ctx, req); err != nil {
		return nil, toStatus(err)
	}
	return &pb.DeleteMailboxResponse{}, nil
}

func (s *mailboxServer) remove(ctx context.Context, req *pb.DeleteMailboxRequest) error {
	c, a, err := s.keeper(ctx, req.Address)
	if err != nil {
		return err
	}
	held := 0
	err = s.change(ctx, a, func(tx *store.Tx) error {
		box, err := s.Store.Mailbox(a)
		if err != nil {
			return err
		}
		if held = box.Messages; held > 0 && !req.Force {
			return refuse(codes.FailedPrecondition, ReasonNotEmpty, "mailbox %s still holds mail (%d)", a, held)
		}
		a = box.Address
		if err := s.Names.NameMailbox(tx, a, ""); err != nil {
			return err
		}
		return tx.DropMailbox(a)
	})
	if err != nil {
		return err
	}
	s.Intake.AliasesChanged()
	if err := s.Names.Refresh(a); err != nil {
		return err
	}
	s.log.Info("mailbox removed", "messages", held, "by", c.uri)
	return nil
}

// keeper returns the operator who calls, and the address of the mailbox the call is about.
func (s *mailboxServer) keeper(ctx context.Context, address string) (caller, mail.Address, error) {
	c, err := s.operator(ctx)
	if err != nil {
		return c, mail.Address{}, err
	}
	a, err := wire.ParseAddress("address", address)
	return c, a, err
}

// change changes a mailbox, which has to be there, in one commit.
func (s *mailboxServer) change(ctx context.Context, a mail.Address, do func(tx *store.Tx) error) error {
	err := s.Store.CommitCustody(ctx, do)
	if errors.Is(err, store.ErrNotFound) {
		return noMailbox(a)
	}
	return err
}

func (s *mailboxServer) describe(a mail.Address) (*pb.Mailbox, error) {
	box, err := s.Store.Mailbox(a)
	if err != nil {
		return nil, err
	}
	return s.mailbox(box), nil
}

func (s *mailboxServer) mailbox(b store.MailboxInfo) *pb.Mailbox {
	var aliases []string
	for _, a := range b.Aliases {
		aliases = append(aliases, a.String())
	}
	return &pb.Mailbox{
		Address: b.Address.String(), Owners: b.Owners, MessageCount: uint32(b.Messages), UnacknowledgedCount: uint32(b.Unacknowledged),
		CreateTime: timestamppb.New(b.Created), DisplayName: s.Names.MailboxName(b.Address), Aliases: aliases,
	}
}
