package simtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	pb "sidegate/proto/sidegate/v1"
)

// clients are the people at both sides and behind the spool. Whoever has written a letter hands it in again and again,
// under one request ID, until it is acknowledged, and only then the next one.
type clients struct {
	w     *world
	conns map[string]*grpc.ClientConn

	mu     sync.Mutex
	ids    map[string]string // label by message ID
	errs   []error           // what should never happen
	failed int               // answers that were lost or said to try again
	work   sync.WaitGroup
}

func newClients(w *world) *clients {
	c := &clients{w: w, conns: map[string]*grpc.ClientConn{}, ids: map[string]string{}}
	dial := w.net.dialer(people, func() bool { return true })
	for _, side := range []string{pcside, macside, coordinator} {
		cc, err := grpc.NewClient("passthrough:///"+side, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(dial), grpc.WithConnectParams(grpc.ConnectParams{
				Backoff: backoff.Config{BaseDelay: time.Second, Multiplier: 1.5, MaxDelay: 5 * time.Second}, MinConnectTimeout: 5 * time.Second,
			}))
		if err != nil {
			panic(err) // the options do not go together
		}
		c.conns[side] = cc
	}
	return c
}

func (c *clients) close() {
	for _, cc := range c.conns {
		_ = cc.Close() // it was closed before
	}
}

// send hands letters in, each at its time, until ctx ends. Wait on work for all of them.
func (c *clients) send(ctx context.Context, letters []*letter) {
	bySender := map[string][]*letter{}
	for _, l := range letters {
		bySender[l.sender] = append(bySender[l.sender], l)
	}
	begun := time.Now()
	for _, ls := range bySender {
		c.work.Go(func() {
			for _, l := range ls {
				pause(ctx, time.Until(begun.Add(l.at)))
				if l.from == "half" {
					c.w.half.send(l)
				} else {
					c.submit(ctx, l)
				}
			}
		})
	}
}

func (c *clients) submit(ctx context.Context, l *letter) {
	c.w.log.Begin(l.label, l.sender, l.to, l.digest())
	for last := ""; ctx.Err() == nil; {
		id, err := c.attempt(ctx, l)
		if err == nil {
			c.acknowledged(l, id)
			break
		}
		switch status.Code(err) {
		case codes.InvalidArgument, codes.AlreadyExists, codes.Internal, codes.Unknown, codes.PermissionDenied, codes.Unimplemented:
			c.wrong(fmt.Errorf("%s was refused: %w", l.label, err))
			return
		}
		if text := err.Error(); text != last {
			c.w.note("%s is not acknowledged: %s", l.label, text)
			last = text
		}
		c.mu.Lock()
		c.failed++
		c.mu.Unlock()
		pause(ctx, time.Second)
	}
	if l.again && ctx.Err() == nil {
		if id, err := c.attempt(ctx, l); err == nil && id != *l.id.Load() {
			c.wrong(fmt.Errorf("%s was taken as %s, and again under the same request ID as %s", l.label, *l.id.Load(), id))
		}
	}
}

func (c *clients) attempt(ctx context.Context, l *letter) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	client := pb.NewMailServiceClient(c.conns[l.from])
	if l.size() > smallest || l.label[len(l.label)-1]%3 == 0 {
		return c.stream(ctx, client, l)
	}
	r, err := client.SubmitMessage(ctx, &pb.SubmitMessageRequest{Message: l.message(), RequestId: l.label})
	return r.GetMessageId(), err
}

// smallest is the size from which letters are submitted by the streaming call.
const smallest = 100 << 10

// stream submits by the streaming call.
func (c *clients) stream(ctx context.Context, client pb.MailServiceClient, l *letter) (string, error) {
	s, err := client.SubmitMessages(ctx)
	if err != nil {
		return "", err
	}
	m, content := l.apart()
	steps := []*pb.SubmitMessagesRequest{{Step: &pb.SubmitMessagesRequest_Begin{
		Begin: &pb.SubmitBegin{Reference: 1, Message: m, RequestId: l.label},
	}}}
	for chunk := range slices.Chunk(content, 50_000) {
		steps = append(steps, &pb.SubmitMessagesRequest{Step: &pb.SubmitMessagesRequest_Chunk{Chunk: &pb.ContentChunk{Data: chunk}}})
	}
	for _, step := range steps {
		if s.Send(step) != nil {
			break // Recv says why
		}
	}
	r, err := s.Recv()
	if err != nil {
		return "", err
	}
	if e := r.GetError(); e != nil {
		return "", status.Error(codes.Code(e.Code), e.Message)
	}
	return r.GetMessageId(), s.CloseSend()
}

func (c *clients) acknowledged(l *letter, id string) {
	c.w.log.Ack(l.label)
	l.id.Store(&id)
	l.acked.Store(true)
	c.mu.Lock()
	c.ids[id] = l.label
	c.mu.Unlock()
	c.w.note("%s was submitted to %s as %s", l.label, l.from, id)
}

func (c *clients) wrong(err error) {
	c.w.note("%v", err)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errs = append(c.errs, err)
}

// letterbox is one message as a reader finds it.
type letterbox struct {
	entry   *pb.MailboxEntry
	content []byte
}

// text is the body.
func (b letterbox) text() string {
	if m := b.entry.GetMessage(); m.GetBody() != "" {
		return m.GetBody()
	}
	return string(b.content[:min(len(b.content), int(b.entry.GetMessage().GetBodySizeBytes()))])
}

// files are the contents of the attachments.
func (b letterbox) files() [][]byte {
	var files [][]byte
	rest := b.content[min(len(b.content), int(b.entry.GetMessage().GetBodySizeBytes())):]
	for _, a := range b.entry.GetMessage().GetAttachments() {
		if len(b.content) == 0 {
			files = append(files, a.GetContent())
			continue
		}
		n := min(len(rest), int(a.GetSizeBytes()))
		files, rest = append(files, rest[:n]), rest[n:]
	}
	return files
}

// read empties nothing: it reads a whole mailbox.
func (c *clients) read(ctx context.Context, side, box string) ([]letterbox, error) {
	s, err := pb.NewMailServiceClient(c.conns[side]).ReceiveMessages(ctx, &pb.ReceiveMessagesRequest{Mailbox: box})
	if err != nil {
		return nil, err
	}
	var all []letterbox
	for {
		r, err := s.Recv()
		if err != nil {
			if strings.Contains(err.Error(), "EOF") {
				return all, nil
			}
			return nil, fmt.Errorf("read %s: %w", box, err)
		}
		if e := r.GetEntry(); e != nil {
			all = append(all, letterbox{entry: e})
			continue
		}
		last := &all[len(all)-1]
		last.content = append(last.content, r.GetChunk().GetData()...)
	}
}

// status is what an end says of everything.
func (c *clients) status(ctx context.Context, side string) (*pb.Status, error) {
	r, err := pb.NewAdminServiceClient(c.conns[side]).GetStatus(ctx, &pb.GetStatusRequest{})
	return r.GetStatus(), err
}
