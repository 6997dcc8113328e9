package side

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"sidegate/internal/intake"
	pb "sidegate/proto/sidegate/v1"
)

// A submission stream is two loops. The reader puts messages together, one at a time; the committer takes everything
// that is complete, commits it as one, and answers. So while one batch becomes durable the next one is read, and a
// slow disk makes larger batches. What lies between them is bounded: MaxInFlight messages, and the caller's quota.

// batchMax is how many messages are committed at once.
const batchMax = 256

// SubmitMessages takes any number of messages, pipelined.
func (s *mailServer) SubmitMessages(stream grpc.BidiStreamingServer[pb.SubmitMessagesRequest, pb.SubmitMessagesResponse]) error {
	c, err := s.caller(stream.Context())
	if err != nil {
		return toStatus(err)
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	jobs := make(chan *job, MaxInFlight-batchMax)
	committed := make(chan error, 1)
	go func() { committed <- s.answerAll(ctx, cancel, stream, c, jobs) }()
	r := &reader{s: s.shared, caller: c, jobs: jobs}
	err = r.run(ctx, stream)
	r.abandon(ctx)
	close(jobs)
	if sendErr := <-committed; sendErr != nil {
		err = sendErr
	}
	return toStatus(err)
}

// job is one message on its way from the reader to the committer: complete, or refused already.
type job struct {
	reference  uint64
	in         *incoming // nil when refused
	submission intake.Submission
	quota      int64
	err        error
}

// discard gives back what the job holds.
func (j *job) discard(s *shared, c caller) {
	if j.in != nil {
		j.in.draft.Discard()
	}
	if j.quota > 0 {
		s.quota.give(c.uri, j.quota)
	}
	j.quota = 0
}

// reader puts the messages of one stream together.
type reader struct {
	s      *shared
	caller caller
	jobs   chan<- *job
	now    *job // the incomplete message
	begun  bool // a message was begun
	skip   bool // the message begun last was refused, and its chunks may still come
}

// run reads until the client is done, which is no error.
func (r *reader) run(ctx context.Context, stream grpc.BidiStreamingServer[pb.SubmitMessagesRequest, pb.SubmitMessagesResponse]) error {
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch step := req.Step.(type) {
		case *pb.SubmitMessagesRequest_Begin:
			err = r.begin(ctx, step.Begin)
		case *pb.SubmitMessagesRequest_Chunk:
			err = r.chunk(ctx, step.Chunk)
		default:
			err = badField("step", "is missing")
		}
		if err != nil {
			return err
		}
	}
}

// begin starts a message. A refusal is an answer; the error is one that ends the stream.
func (r *reader) begin(ctx context.Context, b *pb.SubmitBegin) error {
	if b == nil {
		return badField("begin", "is missing")
	}
	if err := r.abandon(ctx); err != nil {
		return err
	}
	r.begun, r.skip = true, false
	j := &job{reference: b.Reference}
	size := int64(b.Message.GetSizeBytes())
	in, err := r.s.receive(r.caller, b.Message, b.RequestId)
	if err != nil {
		r.skip = true
		j.err = err
		return r.pass(ctx, j)
	}
	j.in = in
	size = max(size, in.sub.Message.Size) + int64(headerSize(in.sub))
	if j.quota, err = r.s.quota.take(ctx, r.caller.uri, size); err != nil {
		j.discard(r.s, r.caller)
		return err
	}
	r.now = j
	if !in.missing() {
		return r.complete(ctx)
	}
	return nil
}

// chunk continues the message begun last.
func (r *reader) chunk(ctx context.Context, c *pb.ContentChunk) error {
	data := c.GetData()
	switch {
	case len(data) > MaxChunk:
		return badField("chunk.data", "has %d bytes, the most is %d", len(data), MaxChunk)
	case r.skip:
		return nil
	case r.now == nil && !r.begun:
		return refuse(codes.InvalidArgument, ReasonStream, "a chunk came before a begin")
	case r.now == nil && len(data) > 0:
		return refuse(codes.InvalidArgument, ReasonStream, "a chunk came after the last byte that was declared")
	case r.now == nil:
		return nil
	}
	if err := r.now.in.chunk(data); err != nil {
		return r.refuse(ctx, err)
	}
	if !r.now.in.missing() {
		return r.complete(ctx)
	}
	return nil
}

// complete hands the message to the committer.
func (r *reader) complete(ctx context.Context) error {
	j := r.now
	submission, err := j.in.finish()
	if err != nil {
		return r.refuse(ctx, err)
	}
	r.now = nil
	j.submission = submission
	return r.pass(ctx, j)
}

// refuse ends the incomplete message with an error; the rest of its chunks is skipped.
func (r *reader) refuse(ctx context.Context, err error) error {
	j := r.now
	r.now, r.skip = nil, true
	j.discard(r.s, r.caller)
	return r.pass(ctx, &job{reference: j.reference, err: err})
}

// abandon refuses the message that is incomplete when another begins or the stream ends.
func (r *reader) abandon(ctx context.Context) error {
	if r.now == nil {
		return nil
	}
	return r.refuse(ctx, badField("message.size_bytes", "fewer bytes came than were declared"))
}

func (r *reader) pass(ctx context.Context, j *job) error {
	select {
	case r.jobs <- j:
		return nil
	case <-ctx.Done():
		j.discard(r.s, r.caller)
		return ctx.Err()
	}
}

// answerAll commits and answers until jobs is closed. After an error it stops the stream and only cleans up.
func (s *mailServer) answerAll(ctx context.Context, stop context.CancelFunc, stream grpc.BidiStreamingServer[pb.SubmitMessagesRequest, pb.SubmitMessagesResponse], c caller, jobs <-chan *job) error {
	var failed error
	for j := range jobs {
		batch := collect(j, jobs)
		if failed == nil {
			if failed = s.answer(ctx, stream, batch); failed != nil {
				stop()
			}
		}
		for _, j := range batch {
			j.discard(s.shared, c)
		}
	}
	return failed
}

// collect takes whatever else is complete already; nothing is waited for.
func collect(first *job, jobs <-chan *job) []*job {
	batch := []*job{first}
	for len(batch) < batchMax {
		select {
		case j, ok := <-jobs:
			if !ok {
				return batch
			}
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// answer takes a batch in one commit and answers every message in it.
func (s *mailServer) answer(ctx context.Context, stream grpc.BidiStreamingServer[pb.SubmitMessagesRequest, pb.SubmitMessagesResponse], batch []*job) error {
	var submissions []intake.Submission
	for _, j := range batch {
		if j.err == nil {
			submissions = append(submissions, j.submission)
		}
	}
	var results []intake.Result
	if len(submissions) > 0 {
		results = s.Intake.SubmitAll(ctx, submissions)
	}
	for _, j := range batch {
		answer := &pb.SubmitMessagesResponse{Reference: j.reference}
		result := intake.Result{Err: j.err}
		if j.err == nil {
			result, results = results[0], results[1:]
		}
		if result.Err != nil {
			answer.Result = &pb.SubmitMessagesResponse_Error{Error: toSubmitError(result.Err)}
		} else {
			answer.Result = &pb.SubmitMessagesResponse_MessageId{MessageId: string(result.ID)}
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
	return nil
}
