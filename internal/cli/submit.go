package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "sidegate/proto/sidegate/v1"
)

// submitStream is a submission stream from the client's end.
type submitStream = grpc.BidiStreamingClient[pb.SubmitMessagesRequest, pb.SubmitMessagesResponse]

// submit sends one message over a submission stream and returns its ID once it is durable. It gives up when nothing
// moves for the time-out; a long message may take longer as a whole.
func submit(ctx context.Context, client pb.MailServiceClient, begin *pb.SubmitBegin, content *parts, timeout time.Duration, bar *bar) (string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(timeout, func() { cancel(context.DeadlineExceeded) })
	defer idle.Stop()
	stream, err := client.SubmitMessages(ctx)
	if err != nil {
		return "", causeOf(ctx, err)
	}
	begin.Reference = 1
	answers := make(chan answer, 1)
	go func() { // ends with the stream, which ends with ctx
		id, err := receiveAnswer(stream)
		answers <- answer{id, err}
	}()
	settle := func(a answer) (string, error) { return a.id, causeOf(ctx, a.err) }

	refused := errors.New("answered before the end")
	err = sendAll(stream, begin, content, func(n int) error {
		idle.Reset(timeout)
		bar.add(n)
		if len(answers) > 0 {
			return refused
		}
		return nil
	})
	switch {
	case errors.Is(err, refused), errors.Is(err, io.EOF): // the answer says why
		return settle(<-answers)
	case err != nil:
		return "", causeOf(ctx, err)
	}
	if err := stream.CloseSend(); err != nil {
		return "", causeOf(ctx, err)
	}
	return settle(<-answers)
}

type answer struct {
	id  string
	err error
}

// sendAll sends the begin and the content. moved is told how many bytes of content went out.
func sendAll(stream submitStream, begin *pb.SubmitBegin, content *parts, moved func(int) error) error {
	if err := stream.Send(&pb.SubmitMessagesRequest{Step: &pb.SubmitMessagesRequest_Begin{Begin: begin}}); err != nil {
		return err
	}
	return content.chunks(func(data []byte) error {
		chunk := &pb.ContentChunk{Data: data}
		if err := stream.Send(&pb.SubmitMessagesRequest{Step: &pb.SubmitMessagesRequest_Chunk{Chunk: chunk}}); err != nil {
			return err
		}
		return moved(len(data))
	})
}

func receiveAnswer(stream submitStream) (string, error) {
	r, err := stream.Recv()
	switch {
	case errors.Is(err, io.EOF):
		return "", status.Error(codes.Unavailable, "the stream ended without an answer; the message may or may not have been taken")
	case err != nil:
		return "", err
	}
	if refusal := r.GetError(); refusal != nil {
		return "", refusalStatus(refusal)
	}
	if r.GetMessageId() == "" {
		return "", fmt.Errorf("the answer names no message")
	}
	return r.GetMessageId(), nil
}

// refusalStatus makes of a refusal inside a stream what a single call would have answered.
func refusalStatus(e *pb.SubmitError) error {
	st := status.New(codes.Code(e.GetCode()), e.GetMessage())
	if st.Code() == codes.OK {
		st = status.New(codes.Unknown, e.GetMessage())
	}
	var details []protoadapt.MessageV1
	if e.GetField() != "" {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: e.GetField(), Description: e.GetMessage()},
		}})
	}
	if s := e.GetRetryAfterSeconds(); s > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(time.Duration(s) * time.Second)})
	}
	if full, err := st.WithDetails(details...); err == nil {
		st = full
	}
	return st.Err()
}

// causeOf returns why a context ended where gRPC only says that it did.
func causeOf(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return err
}
