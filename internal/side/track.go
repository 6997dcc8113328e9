package side

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/internal/intake"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

const (
	maxRetries = 16    // messages one tracking follows
	maxEvents  = 10000 // steps one tracking tells
)

// TrackMessage tells a message's way, together with those of the messages it was tried again as.
func (s *mailServer) TrackMessage(ctx context.Context, req *pb.TrackMessageRequest) (*pb.TrackMessageResponse, error) {
	resp, err := s.track(ctx, req)
	return resp, toStatus(err)
}

func (s *mailServer) track(ctx context.Context, req *pb.TrackMessageRequest) (*pb.TrackMessageResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	if err := wire.CheckID("message_id", req.MessageId); err != nil {
		return nil, err
	}
	tries, err := s.tries(mail.ID(req.MessageId))
	if err != nil {
		return nil, err
	}
	if tries, err = s.visible(c, tries); err != nil {
		return nil, err
	}
	resp := &pb.TrackMessageResponse{Recipients: states(tries)}
	for _, try := range tries {
		for _, t := range try {
			if len(resp.Events) < maxEvents {
				resp.Events = append(resp.Events, toEvent(t))
			}
		}
	}
	if len(resp.Events) == 0 {
		return nil, refuse(codes.NotFound, ReasonNoMessage, "nothing is known here of message %s, or it is not the caller's", req.MessageId)
	}
	return resp, nil
}

// tries returns the steps of every message in the chain of retries that id belongs to, the first try first.
func (s *mailServer) tries(id mail.ID) ([][]store.Trace, error) {
	first := id
	for range maxRetries {
		steps, err := s.Store.Trace(first)
		if err != nil {
			return nil, err
		}
		before := retryOf(steps)
		if before == "" {
			break
		}
		first = before
	}
	var tries [][]store.Trace
	seen := map[mail.ID]bool{}
	for next := []mail.ID{first}; len(next) > 0 && len(tries) < maxRetries; next = next[1:] {
		if seen[next[0]] {
			continue
		}
		seen[next[0]] = true
		steps, err := s.Store.Trace(next[0])
		if err != nil {
			return nil, err
		}
		tries = append(tries, steps)
		next = append(next, retriedAs(steps)...)
	}
	return tries, nil
}

// retryOf is the message that the one with these steps is a retry of.
func retryOf(steps []store.Trace) mail.ID {
	for _, t := range steps {
		if t.Event == intake.EventSubmitted {
			if _, before, ok := intake.ParseSubmitted(t.Detail); ok {
				return before
			}
		}
	}
	return ""
}

// retriedAs are the messages that the one with these steps was tried again as.
func retriedAs(steps []store.Trace) []mail.ID {
	var ids []mail.ID
	for _, t := range steps {
		if t.Event != intake.EventRetried || !t.Recipient.IsZero() {
			continue
		}
		if as, ok := intake.ParseRetried(t.Detail); ok {
			ids = append(ids, as)
		}
	}
	return ids
}

// visible leaves the steps that the caller may see: all of them to the sender and to operators; to others those of
// the caller's own recipients and of the message as a whole, if there is such a recipient at all.
func (s *mailServer) visible(c caller, tries [][]store.Trace) ([][]store.Trace, error) {
	if c.operator || c.any {
		return tries, nil
	}
	own := map[string]bool{}
	mine := func(a mail.Address) (bool, error) {
		known, ok := own[a.Key()]
		if ok {
			return known, nil
		}
		known, err := s.uses(c, a)
		own[a.Key()] = known
		return known, err
	}
	received := false
	var left [][]store.Trace
	for _, steps := range tries {
		var kept []store.Trace
		for _, t := range steps {
			if t.Event == intake.EventSubmitted && t.Recipient.IsZero() {
				if sender, _, ok := intake.ParseSubmitted(t.Detail); ok {
					if is, err := mine(sender); err != nil || is {
						return tries, err
					}
				}
			}
			if t.Recipient.IsZero() {
				kept = append(kept, t)
				continue
			}
			is, err := mine(t.Recipient)
			if err != nil {
				return nil, err
			}
			if is {
				received = true
				kept = append(kept, t)
			}
		}
		left = append(left, kept)
	}
	if !received {
		return nil, nil
	}
	return left, nil
}

func toEvent(t store.Trace) *pb.TraceEvent {
	return &pb.TraceEvent{
		MessageId: string(t.MessageID), Recipient: t.Recipient.String(), End: t.End, Time: timestamppb.New(t.Time), Event: t.Event,
		Detail: t.Detail, StoreId: string(t.Store),
	}
}
