package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	pb "sidegate/proto/sidegate/v1"
)

// subscribe follows the reader's mailbox.
func (p *pair) subscribe(ctx context.Context) error {
	ctx, p.subscription = context.WithCancel(ctx)
	stream, err := p.receive.ReceiveMessages(ctx, &pb.ReceiveMessagesRequest{Mailbox: recipient, Follow: true, HeadersOnly: false})
	if err != nil {
		return err
	}
	go func() { // ends with ctx
		defer close(p.arrivals)
		for {
			m, err := stream.Recv()
			if err != nil {
				p.subscribeError = err
				return
			}
			if e := m.GetEntry(); e != nil {
				p.arrivals <- e.Message.Subject
			}
		}
	}()
	if _, err := p.submit.SubmitMessage(ctx, &pb.SubmitMessageRequest{Message: message("warm", 16)}); err != nil {
		return fmt.Errorf("first message: %w", err)
	}
	return p.await(ctx, "warm", 1)
}

// await reads arrivals until n with the subject have come.
func (p *pair) await(ctx context.Context, subject string, n int) error {
	deadline := time.NewTimer(2 * time.Minute)
	defer deadline.Stop()
	for n > 0 {
		select {
		case arrived, ok := <-p.arrivals:
			if !ok {
				return p.subscribeError
			}
			if arrived == subject {
				n--
			}
		case <-deadline.C:
			return fmt.Errorf("%d messages did not arrive", n)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func message(subject string, size int) *pb.Message {
	return &pb.Message{Sender: sender, Recipients: &pb.Recipients{To: []string{recipient}}, Subject: subject, Body: strings.Repeat("x", size)}
}

// session is one submission stream shared by many submitters, each of which waits for its own answer.
type session struct {
	stream  pb.MailService_SubmitMessagesClient
	mu      sync.Mutex // guards sending and next
	next    uint64
	waiting sync.Map // reference -> chan error
}

func (p *pair) session(ctx context.Context) (*session, error) {
	stream, err := p.submit.SubmitMessages(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{stream: stream}
	go s.answers() // ends with the stream
	return s, nil
}

func (s *session) answers() {
	for {
		r, err := s.stream.Recv()
		if err != nil {
			s.waiting.Range(func(_, ch any) bool { ch.(chan error) <- err; return true })
			return
		}
		if ch, ok := s.waiting.LoadAndDelete(r.Reference); ok {
			if e := r.GetError(); e != nil {
				ch.(chan error) <- errors.New(e.Message)
			} else {
				ch.(chan error) <- nil
			}
		}
	}
}

// submit returns once the message is durable.
func (s *session) submit(m *pb.Message) error {
	done := make(chan error, 1)
	s.mu.Lock()
	s.next++
	s.waiting.Store(s.next, done)
	err := s.stream.Send(&pb.SubmitMessagesRequest{Step: &pb.SubmitMessagesRequest_Begin{Begin: &pb.SubmitBegin{Reference: s.next, Message: m}}})
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return <-done
}

// rate is what one measurement gives; all but the first are for one message.
type rate struct{ perSecond, cpuMicros, pcFlushes, macFlushes, diskBytes float64 }

// measureRate lets n submitters submit for a period and waits until all of it has arrived; the time counts to there.
func (p *pair) measureRate(ctx context.Context, size, n int, period time.Duration) (rate, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := p.session(ctx)
	if err != nil {
		return rate{}, err
	}
	subject := fmt.Sprintf("rate %d %d %d", size, n, time.Now().UnixNano())
	m := message(subject, size)
	before, err := p.meter(ctx)
	if err != nil {
		return rate{}, err
	}
	start := time.Now()
	var sent atomic.Int64
	var failed atomic.Value
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for time.Since(start) < period {
				if err := s.submit(m); err != nil {
					failed.Store(err)
					return
				}
				sent.Add(1)
			}
		})
	}
	arrived := make(chan error, 1)
	total := make(chan int, 1)
	go func() { arrived <- p.awaitTotal(ctx, subject, total) }()
	all.Wait()
	total <- int(sent.Load())
	if err := <-arrived; err != nil {
		return rate{}, err
	}
	if err, ok := failed.Load().(error); ok {
		return rate{}, err
	}
	elapsed := time.Since(start)
	after, err := p.meter(ctx)
	if err != nil {
		return rate{}, err
	}
	return after.since(before, sent.Load(), elapsed)
}

// awaitTotal counts arrivals while submitters are at work, and ends once the total, told later, is reached.
func (p *pair) awaitTotal(ctx context.Context, subject string, total <-chan int) error {
	got, want := 0, -1
	for want < 0 || got < want {
		select {
		case arrived, ok := <-p.arrivals:
			if !ok {
				return p.subscribeError
			}
			if arrived == subject {
				got++
			}
		case want = <-total:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// measureIdle submits single messages at a pace and returns each one's time from submit to receive, in ms.
func (p *pair) measureIdle(ctx context.Context, size, n int, pace time.Duration) ([]float64, error) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	var took []float64
	for i := range n {
		<-tick.C
		subject := fmt.Sprintf("idle %d %d", i, time.Now().UnixNano())
		start := time.Now()
		if _, err := p.submit.SubmitMessage(ctx, &pb.SubmitMessageRequest{Message: message(subject, size)}); err != nil {
			return nil, err
		}
		if err := p.await(ctx, subject, 1); err != nil {
			return nil, err
		}
		took = append(took, millis(time.Since(start)))
	}
	return took, nil
}

// memoryQueued stops macside, queues n messages at pcside and returns its resident memory in MiB.
func (p *pair) memoryQueued(ctx context.Context, n int) (float64, error) {
	if err := p.mac.Process.Kill(); err != nil {
		return 0, err
	}
	_ = p.mac.Wait() // killed on purpose
	s, err := p.session(ctx)
	if err != nil {
		return 0, err
	}
	m := message("queued", 1<<10)
	work := make(chan struct{})
	failed := make(chan error, 256)
	var all sync.WaitGroup
	for range 256 {
		all.Go(func() {
			for range work {
				if err := s.submit(m); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	for range n {
		select {
		case work <- struct{}{}:
		case err := <-failed:
			close(work)
			return 0, err
		}
	}
	close(work)
	all.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
		return p.memory()
	}
}
