package side

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "sidegate/proto/sidegate/v1"
)

// submission is a submission stream of a test.
type submission struct {
	w *world
	grpc.BidiStreamingClient[pb.SubmitMessagesRequest, pb.SubmitMessagesResponse]
}

func (w *world) stream(who string) *submission {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.as(who), 20*time.Second)
	w.t.Cleanup(cancel)
	s, err := w.mail.SubmitMessages(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return &submission{w, s}
}

func (s *submission) begin(reference uint64, m *pb.Message, request string) {
	s.w.t.Helper()
	b := &pb.SubmitBegin{Reference: reference, Message: m, RequestId: request}
	if err := s.Send(&pb.SubmitMessagesRequest{Step: &pb.SubmitMessagesRequest_Begin{Begin: b}}); err != nil {
		s.w.t.Fatal(err)
	}
}

func (s *submission) chunk(data []byte) {
	s.w.t.Helper()
	c := &pb.ContentChunk{Data: data}
	if err := s.Send(&pb.SubmitMessagesRequest{Step: &pb.SubmitMessagesRequest_Chunk{Chunk: c}}); err != nil && !errors.Is(err, io.EOF) {
		s.w.t.Fatal(err)
	}
}

func (s *submission) answer() *pb.SubmitMessagesResponse {
	s.w.t.Helper()
	r, err := s.Recv()
	if err != nil {
		s.w.t.Fatal(err)
	}
	return r
}

// rest closes the stream and returns all answers, by reference, in words.
func (s *submission) rest() (map[uint64]string, error) {
	s.w.t.Helper()
	if err := s.CloseSend(); err != nil {
		s.w.t.Fatal(err)
	}
	got := map[uint64]string{}
	for {
		r, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		if _, twice := got[r.Reference]; twice {
			s.w.t.Errorf("reference %d was answered twice", r.Reference)
		}
		if e := r.GetError(); e != nil {
			got[r.Reference] = codes.Code(e.Code).String() + " " + e.Field
			if e.Message == "" || e.Reason == "" {
				s.w.t.Errorf("an error says too little: %v", e)
			}
		} else {
			got[r.Reference] = "ok"
		}
	}
}

// TestPipelined: many more messages than may wait are submitted without reading an answer in between, and all are
// there, in order, once.
func TestPipelined(t *testing.T) {
	const n = 3000
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	s := w.stream("ann")
	answers := make(chan map[uint64]string, 1)
	go func() { // ends with the stream
		got := map[uint64]string{}
		for {
			r, err := s.Recv()
			if err != nil {
				answers <- got
				return
			}
			got[r.Reference] = r.GetMessageId()
		}
	}()
	for i := range n {
		s.begin(uint64(i), note("ann@Here", fmt.Sprint(i), "body", "ann@Here"), "")
	}
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	got := <-answers
	if len(got) != n || slices.Contains(slices.Collect(mapValues(got)), "") {
		t.Fatalf("%d answers", len(got))
	}
	var after uint64
	seen := 0
	for token := ""; ; {
		page, err := w.mail.ListMessages(w.as("ann"), &pb.ListMessagesRequest{Mailbox: "ann@Here", PageSize: 700, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			if e.Message.Subject != fmt.Sprint(seen) || e.Position <= after {
				t.Fatalf("place %d holds %q at position %d", seen, e.Message.Subject, e.Position)
			}
			after = e.Position
			seen++
		}
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	if seen != n {
		t.Errorf("%d messages arrived", seen)
	}
}

func mapValues[K comparable, V any](m map[K]V) func(func(V) bool) {
	return func(yield func(V) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

func TestStreamChunks(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	body, data, fork := strings.Repeat("Zeile €\n", 30_000), bytes.Repeat([]byte{0, 1, 2}, 200_000), []byte("the fork")
	whole := slices.Concat([]byte(body), data, []byte("inside"), fork)
	for _, size := range []int{1000, 65_537, MaxChunk} {
		s := w.stream("ann")
		m := note("ann@Here", fmt.Sprint(size), "", "ann@Here")
		m.BodySizeBytes = uint32(len(body))
		m.Attachments = []*pb.Attachment{
			{FileName: "data", SizeBytes: uint32(len(data)), Sha256: hashOf(data)},
			{FileName: "both", Content: []byte("inside"), Mac: &pb.MacFile{ResourceForkSizeBytes: uint32(len(fork))}},
		}
		m.Sha256 = hashOf(whole)
		s.begin(7, m, "")
		for rest := slices.Concat([]byte(body), data, fork); len(rest) > 0; {
			n := min(size, len(rest))
			s.chunk(rest[:n])
			rest = rest[n:]
		}
		r := s.answer()
		if r.GetMessageId() == "" || r.Reference != 7 {
			t.Fatalf("chunks of %d: %v", size, r)
		}
		e, content, err := w.get("ann", "ann@Here", r.GetMessageId(), false)
		if err != nil || !bytes.Equal(content, whole) || !bytes.Equal(e.Message.Sha256, hashOf(whole)) {
			t.Errorf("chunks of %d: %d bytes came back, %v", size, len(content), err)
		}
		if e.Message.Body != "" || int(e.Message.BodySizeBytes) != len(body) || len(e.Message.Attachments[0].Content) != 0 {
			t.Error("large content is inside the message as well")
		}
	}
}

func TestStreamAnswers(t *testing.T) {
	good := func() *pb.Message { return note("ann@Here", "s", "b", "ann@Here") }
	large := func(size int) *pb.Message {
		m := note("ann@Here", "s", "", "ann@Here")
		m.BodySizeBytes = uint32(size)
		return m
	}
	tests := []struct {
		name string
		do   func(*submission)
		want map[uint64]string
		end  string // how the stream ends
	}{
		{"nothing", func(s *submission) {}, map[uint64]string{}, "OK"},
		{"a refused message ends nothing", func(s *submission) {
			s.begin(1, note("ann@Here", "a\nb", "b", "ann@Here"), "")
			s.begin(2, good(), "")
		}, map[uint64]string{1: "InvalidArgument message.subject", 2: "ok"}, "OK"},
		{"chunks of a refused message are passed over", func(s *submission) {
			m := large(10)
			m.Priority = 9
			s.begin(1, m, "")
			s.chunk([]byte("01234"))
			s.chunk([]byte("56789"))
			s.begin(2, good(), "")
		}, map[uint64]string{1: "InvalidArgument message.priority", 2: "ok"}, "OK"},
		{"another begin before the end", func(s *submission) {
			s.begin(1, large(10), "")
			s.chunk([]byte("01234"))
			s.begin(2, good(), "")
		}, map[uint64]string{1: "InvalidArgument message.size_bytes", 2: "ok"}, "OK"},
		{"the stream ends before the message", func(s *submission) {
			s.begin(1, good(), "")
			s.begin(2, large(10), "")
			s.chunk([]byte("01234"))
		}, map[uint64]string{1: "ok", 2: "InvalidArgument message.size_bytes"}, "OK"},
		{"more bytes than declared", func(s *submission) {
			s.begin(1, large(5), "")
			s.chunk([]byte("0123456789"))
			s.begin(2, good(), "")
		}, map[uint64]string{1: "InvalidArgument chunk.data", 2: "ok"}, "OK"},
		{"a body that is no text", func(s *submission) {
			s.begin(1, large(4), "")
			s.chunk([]byte("ab\xe2"))
			s.chunk([]byte("\x82"))
		}, map[uint64]string{1: "InvalidArgument message.body"}, "OK"},
		{"a character in two chunks", func(s *submission) {
			s.begin(1, large(5), "")
			s.chunk([]byte("ab\xe2"))
			s.chunk([]byte("\x82\xac"))
		}, map[uint64]string{1: "ok"}, "OK"},
		{"a chunk before any begin", func(s *submission) { s.chunk([]byte("x")) }, map[uint64]string{}, "InvalidArgument STREAM_OUT_OF_ORDER"},
		{"a chunk after the last byte", func(s *submission) {
			s.begin(1, large(1), "")
			s.chunk([]byte("x"))
			s.chunk([]byte("y"))
		}, map[uint64]string{1: "ok"}, "InvalidArgument STREAM_OUT_OF_ORDER"},
		{"an empty chunk after the last byte", func(s *submission) {
			s.begin(1, good(), "")
			s.chunk(nil)
		}, map[uint64]string{1: "ok"}, "OK"},
		{"a chunk that is too large", func(s *submission) {
			s.begin(1, large(MaxChunk+1), "")
			s.chunk(make([]byte, MaxChunk+1))
		}, map[uint64]string{1: "InvalidArgument message.size_bytes"}, "InvalidArgument chunk.data"},
		{"no step", func(s *submission) { _ = s.Send(&pb.SubmitMessagesRequest{}) }, map[uint64]string{}, "InvalidArgument step"},
		{"request IDs", func(s *submission) {
			s.begin(1, good(), "r")
			s.begin(2, good(), "r")
			s.begin(3, note("ann@Here", "other", "b", "ann@Here"), "r")
		}, map[uint64]string{1: "ok", 2: "ok", 3: "AlreadyExists "}, "OK"},
		{"larger than the side takes", func(s *submission) { s.begin(1, large(1000_001), "") }, map[uint64]string{1: "InvalidArgument message.size_bytes"}, "OK"},
		{"somebody else's sender", func(s *submission) { s.begin(1, note("bob@Here", "s", "b", "ann@Here"), "") }, map[uint64]string{1: "PermissionDenied "}, "OK"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, settings{maxBytes: 1000_000})
			w.box("ann@Here", "ann")
			w.box("bob@Here", "bob")
			s := w.stream("ann")
			tt.do(s)
			got, err := s.rest()
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("answers %v, want %v", got, tt.want)
			}
			if end := refusal(err); end != tt.end {
				t.Errorf("the stream ended with %s (%v), want %s", end, err, tt.end)
			}
		})
	}
	w := newWorld(t, settings{})
	s, err := w.mail.SubmitMessages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Recv()
	wantCode(t, "nobody's stream", err, codes.Unauthenticated)
}

// TestStreamOfASilentReader: a client that never reads an answer is slowed down, and costs nothing when it goes.
func TestStreamOfASilentReader(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	ctx, cancel := context.WithCancel(w.as("ann"))
	s, err := w.mail.SubmitMessages(ctx)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Repeat("x", 1000)
	sent := make(chan int)
	go func() { // ends when the call does
		defer close(sent)
		for i := 0; ; i++ {
			b := &pb.SubmitBegin{Reference: uint64(i), Message: note("ann@Here", "s", body, "ann@Here")}
			if err := s.Send(&pb.SubmitMessagesRequest{Step: &pb.SubmitMessagesRequest_Begin{Begin: b}}); err != nil {
				return
			}
			sent <- i
		}
	}()
	// It is slowed down when nothing more goes out for a while although the client wants to.
	for slow := false; !slow; {
		select {
		case n := <-sent:
			if n > 20*MaxInFlight {
				t.Fatalf("%d messages went out without an answer read", n)
			}
		case <-time.After(300 * time.Millisecond):
			slow = true
		}
	}
	cancel()
	for range sent {
	}
	free := func() bool {
		w.quota.mu.Lock()
		defer w.quota.mu.Unlock()
		return len(w.quota.used) == 0
	}
	for deadline := time.Now().Add(5 * time.Second); !free(); {
		if time.Now().After(deadline) {
			t.Fatal("the stream went and its bytes are still counted")
		}
		runtime.Gosched()
	}
}

// FuzzStream: whatever comes in whatever order, every begin that was read is answered once, nothing hangs, and what
// was answered with an ID is what is there.
func FuzzStream(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7})
	f.Add([]byte{1, 20, 20, 20, 0, 0, 6})
	f.Add([]byte{3, 30, 31, 2, 40, 5, 1, 22, 22})
	f.Fuzz(func(t *testing.T, steps []byte) {
		if len(steps) > 40 {
			return
		}
		w := newWorld(t, settings{maxBytes: 200})
		w.box("ann@Here", "ann")
		s := w.stream("ann")
		begun := uint64(0)
		for _, b := range steps {
			if b >= 16 {
				s.chunk(bytes.Repeat([]byte{b}, int(b)%32))
				continue
			}
			m := note("ann@Here", "s", "", "ann@Here")
			m.BodySizeBytes = uint32(b) * 5
			switch b % 5 {
			case 1:
				m.Body, m.BodySizeBytes = "inside", 0
			case 2:
				m.Attachments = []*pb.Attachment{{FileName: "a", SizeBytes: 3}, {FileName: "b", Content: []byte("xyz")}}
			case 3:
				m.Subject = "\x01"
			}
			begun++
			if err := s.Send(&pb.SubmitMessagesRequest{Step: &pb.SubmitMessagesRequest_Begin{Begin: &pb.SubmitBegin{Reference: begun, Message: m}}}); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
		}
		got, err := s.rest()
		if code := status.Code(err); code != codes.OK && code != codes.InvalidArgument {
			t.Fatalf("the stream ended with %v", err)
		}
		if err == nil && uint64(len(got)) != begun {
			t.Fatalf("%d of %d begins were answered", len(got), begun)
		}
		taken := 0
		for _, result := range got {
			if result == "ok" {
				taken++
			}
		}
		if n := len(w.list("ann", "ann@Here")); n != taken && err == nil || n < taken {
			t.Fatalf("%d messages are there, %d were acknowledged", n, taken)
		}
	})
}
