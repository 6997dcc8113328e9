package side

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"

	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// AddMailboxAliases gives a mailbox further addresses.
func (s *mailboxServer) AddMailboxAliases(ctx context.Context, req *pb.AddMailboxAliasesRequest) (*pb.AddMailboxAliasesResponse, error) {
	box, err := s.changeAliases(ctx, req.Address, req.Aliases, "mailbox has new aliases", s.addAlias)
	if err != nil {
		return nil, toStatus(err)
	}
	return &pb.AddMailboxAliasesResponse{Mailbox: box}, nil
}

// RemoveMailboxAliases takes addresses from a mailbox.
func (s *mailboxServer) RemoveMailboxAliases(ctx context.Context, req *pb.RemoveMailboxAliasesRequest) (*pb.RemoveMailboxAliasesResponse, error) {
	box, err := s.changeAliases(ctx, req.Address, req.Aliases, "mailbox has lost aliases", func(tx *store.Tx, box, alias mail.Address) error {
		_, err := tx.RemoveAlias(box, alias)
		return err
	})
	if err != nil {
		return nil, toStatus(err)
	}
	return &pb.RemoveMailboxAliasesResponse{Mailbox: box}, nil
}

// changeAliases does one thing with every alias named, in one commit, and makes the routes know of it.
func (s *mailboxServer) changeAliases(ctx context.Context, address string, texts []string, message string,
	change func(tx *store.Tx, box, alias mail.Address) error) (*pb.Mailbox, error) {
	c, box, err := s.keeper(ctx, address)
	if err != nil {
		return nil, err
	}
	aliases, err := s.aliases(texts)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, box, func(tx *store.Tx) error {
		for _, alias := range aliases {
			if err := change(tx, box, alias); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.Intake.AliasesChanged()
	s.log.Info(message, "aliases", len(aliases), "by", c.uri)
	return s.describe(box)
}

// aliases reads the aliases of a call. An alias may be an address of any kind, also of those this side does not serve:
// that is what it is for.
func (s *mailboxServer) aliases(texts []string) ([]mail.Address, error) {
	switch {
	case len(texts) == 0:
		return nil, badField("aliases", "name nothing")
	case len(texts) > MaxAliases:
		return nil, badField("aliases", "are %d, the most is %d", len(texts), MaxAliases)
	}
	var list []mail.Address
	for i, text := range texts {
		field := fmt.Sprintf("aliases[%d]", i)
		a, err := wire.ParseAddress(field, text)
		if err != nil {
			return nil, err
		}
		if err := s.Dialect.Check(a); err != nil {
			return nil, badField(field, "%v", err)
		}
		if !route.Aliasable(a) {
			return nil, badField(field, "%s is not the address of one mailbox; in announcements a * stands for everybody", a)
		}
		list = append(list, a)
	}
	return list, nil
}

// addAlias adds one alias within the bounds.
func (s *mailboxServer) addAlias(tx *store.Tx, box, alias mail.Address) error {
	fresh, err := tx.AddAlias(box, alias)
	if errors.Is(err, store.ErrTaken) {
		return refuse(codes.AlreadyExists, ReasonAliasTaken, "%s is an address of another mailbox; remove it there first", alias)
	}
	if err != nil || !fresh {
		return err
	}
	switch of, all := tx.Aliasing(box); {
	case of.Count > MaxAliases:
		return refuse(codes.FailedPrecondition, ReasonTooManyAliases, "mailbox %s has %d aliases already, the most", box, MaxAliases)
	case all.Count > maxAllAliases || all.Bytes > maxAliasBytes:
		return refuse(codes.ResourceExhausted, ReasonTooManyAliases, "there are as many aliases already as can be announced: %d with %d bytes", all.Count-1, all.Bytes-len(alias.Key()))
	}
	return nil
}
