package service

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"

	"sidegate/coordinator/senders"
	"sidegate/internal/mail"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// ReasonTooManyNames is in ErrorInfo when the list of registered senders is full.
const ReasonTooManyNames = "TOO_MANY_SENDERS"

const maxSenders = 1000 // in one call

// ListRegisteredSenders lists who may send.
func (s *server) ListRegisteredSenders(_ context.Context, r *pb.ListRegisteredSendersRequest) (*pb.ListRegisteredSendersResponse, error) {
	size, err := wire.PageSize(r.GetPageSize())
	if err != nil {
		return nil, wire.Status(err)
	}
	after, err := wire.ParsePageToken("senders", r.GetPageToken())
	if err != nil {
		return nil, wire.Status(err)
	}
	page, next := s.senders.Page(after, size)
	out := &pb.ListRegisteredSendersResponse{Enforced: s.registeredOnly}
	for _, p := range page {
		out.Senders = append(out.Senders, p.String())
	}
	if next != "" {
		out.NextPageToken = wire.PageToken("senders", next)
	}
	return out, nil
}

// UpdateRegisteredSenders changes the list.
func (s *server) UpdateRegisteredSenders(ctx context.Context, r *pb.UpdateRegisteredSendersRequest) (*pb.UpdateRegisteredSendersResponse, error) {
	out, err := s.updateSenders(ctx, r)
	return out, wire.Status(err, refusals...)
}

func (s *server) updateSenders(ctx context.Context, r *pb.UpdateRegisteredSendersRequest) (*pb.UpdateRegisteredSendersResponse, error) {
	add, err := senderPatterns("add", r.GetAdd())
	if err != nil {
		return nil, err
	}
	remove, err := senderPatterns("remove", r.GetRemove())
	if err != nil {
		return nil, err
	}
	added, removed, err := s.senders.Update(ctx, add, remove)
	if errors.Is(err, senders.ErrTooMany) {
		return nil, wire.NewError(codes.ResourceExhausted, ReasonTooManyNames, 0, err)
	}
	if err != nil {
		return nil, err
	}
	s.log.Info("registered senders changed", "added", added, "removed", removed, "caller", s.caller(ctx))
	return &pb.UpdateRegisteredSendersResponse{AddedCount: uint32(added), RemovedCount: uint32(removed)}, nil
}

func senderPatterns(field string, texts []string) ([]mail.Pattern, error) {
	if len(texts) > maxSenders {
		return nil, &wire.FieldError{Field: field, Problem: fmt.Sprintf("names %d, the most is %d", len(texts), maxSenders)}
	}
	var list []mail.Pattern
	for i, text := range texts {
		p, err := mail.ParsePattern(text)
		if err != nil {
			return nil, &wire.FieldError{Field: fmt.Sprintf("%s[%d]", field, i), Problem: err.Error()}
		}
		list = append(list, p)
	}
	return list, nil
}
