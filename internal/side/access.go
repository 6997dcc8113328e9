package side

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/grpc/codes"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
)

// caller is who makes a call.
type caller struct {
	uri      string
	operator bool
	any      bool // --insecure-dev: everybody
}

func (s *shared) caller(ctx context.Context) (caller, error) {
	uri, operator, any := s.Authority.Identity(ctx)
	if uri == "" && !any {
		return caller{}, refuse(codes.Unauthenticated, ReasonUnauthenticated, "nobody has proved who calls")
	}
	return caller{uri: uri, operator: operator, any: any}, nil
}

func (s *shared) operator(ctx context.Context) (caller, error) {
	c, err := s.caller(ctx)
	if err == nil && !c.operator && !c.any {
		err = refuse(codes.PermissionDenied, ReasonNotOperator, "mailboxes are made and changed by operators")
	}
	return c, err
}

// may reports whether the caller may use a mailbox with these owners.
func (c caller) may(owners []string) bool {
	return c.any || len(owners) == 0 || slices.Contains(owners, c.uri)
}

// uses reports whether the caller may use the mailbox of an address. One that is not there belongs to nobody, unless
// mailboxes make themselves.
func (s *shared) uses(c caller, a mail.Address) (bool, error) {
	box, err := s.Store.Mailbox(a)
	switch {
	case err == nil:
		return c.may(box.Owners), nil
	case !errors.Is(err, store.ErrNotFound):
		return false, err
	}
	return (c.any || s.AutoMailbox) && s.Routes.Serves(a), nil
}

// open finds the mailbox a call names, and checks that the caller may use it. Where mailboxes make themselves it need not be
// there yet: only a delivery makes it, or whoever asks for addresses would fill the store with them.
func (s *shared) open(c caller, text string) (mail.Address, error) {
	a, err := wire.ParseAddress("mailbox", text)
	if err != nil {
		return a, err
	}
	box, err := s.Store.Mailbox(a)
	switch {
	case err == nil && c.may(box.Owners):
		return box.Address, nil // whatever name of it the call uses
	case err == nil:
		return a, foreign(a)
	case !errors.Is(err, store.ErrNotFound):
		return a, err
	case s.AutoMailbox && s.Routes.Serves(a) && s.Dialect.Check(a) == nil:
		return a, nil
	case c.any || c.operator:
		return a, noMailbox(a)
	}
	return a, foreign(a)
}

func foreign(a mail.Address) error {
	return refuse(codes.PermissionDenied, ReasonNotOwner, "%s is not a mailbox of the caller", a)
}

func noMailbox(a mail.Address) error {
	return refuse(codes.NotFound, ReasonNoMailbox, "there is no mailbox %s", a)
}

// maySend checks that a caller may send as an address.
func (s *shared) maySend(c caller, sender mail.Address) error {
	if !s.Routes.Serves(sender) {
		return badField("message.sender", "%s is not an address that %s serves", sender, s.Dialect.Name)
	}
	ok, err := s.uses(c, sender)
	if err == nil && !ok {
		err = refuse(codes.PermissionDenied, ReasonNotOwner, "message.sender: %s is not a mailbox of the caller", sender)
	}
	return err
}
