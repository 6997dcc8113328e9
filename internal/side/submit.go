package side

import (
	"context"

	"google.golang.org/protobuf/proto"

	pb "sidegate/proto/sidegate/v1"
)

// SubmitMessage takes one small message.
func (s *mailServer) SubmitMessage(ctx context.Context, req *pb.SubmitMessageRequest) (*pb.SubmitMessageResponse, error) {
	id, err := s.submit(ctx, req)
	if err != nil {
		return nil, toStatus(err)
	}
	return &pb.SubmitMessageResponse{MessageId: id}, nil
}

func (s *mailServer) submit(ctx context.Context, req *pb.SubmitMessageRequest) (string, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return "", err
	}
	size := proto.Size(req)
	if size > MaxUnary {
		return "", badField("message", "has %d bytes, the most for a single call is %d; use SubmitMessages", size, MaxUnary)
	}
	taken, err := s.quota.take(ctx, c.uri, int64(size))
	if err != nil {
		return "", err
	}
	defer s.quota.give(c.uri, taken)
	in, err := s.receive(c, req.Message, req.RequestId)
	if err != nil {
		return "", err
	}
	defer in.draft.Discard()
	if in.missing() {
		return "", badField("message", "has %d bytes of content declared that are not inside; use SubmitMessages", in.sub.Parts[in.next].Size)
	}
	submission, err := in.finish()
	if err != nil {
		return "", err
	}
	id, err := s.Intake.Submit(ctx, submission)
	return string(id), err
}
