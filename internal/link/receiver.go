package link

import (
	"context"
	"sync"
	"time"

	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// receiver takes what comes on one stream and writes receipts for it. It is the same at both ends.
//
// Two goroutines: one reads frames and only queues them, within the credit granted; one puts deliveries together, hands
// all that have arrived to the Taker at once, and sends the receipts.
type receiver struct {
	s      *session
	p      *peer
	stream receiptStream

	wake chan struct{} // there may be work; capacity 1

	mu        sync.Mutex // guards what follows
	queue     []queued
	next      uint64        // the number that comes next in order
	held      []store.Range // numbers that came in earlier sessions, beyond what was received
	highest   uint64        // highest number seen
	durable   uint64        // highest number durable at the sender
	messages  uint64        // seen on this stream, as credit counts
	bytes     uint64
	lateVoids int // voids out of order in the queue or on their way to the taker
	granted   [2]uint64

	// Of the goroutine that works:
	cur      *assembly
	ready    []arrived
	done     [2]uint64 // messages and bytes that are dealt with, so that credit for them comes back
	excepted []*pb.DeliveryException
}

// queued is one entry that waits for the goroutine that works.
type queued struct {
	entry *pb.FrameEntry
	bytes uint64 // credit it took
	late  bool   // a void out of order
}

// receive runs the receiving end of a push or pull until the session ends. first is what came with the opening.
func (s *session) receive(stream receiptStream, first *pb.Frame) error {
	r := &receiver{
		s: s, p: s.p, stream: stream, wake: make(chan struct{}, 1),
		next: s.mine.received, held: s.mine.seen(), highest: s.mine.highest(),
	}
	r.skip()
	for _, e := range s.mine.exceptions {
		r.excepted = append(r.excepted, toException(e.Seq, e.Exception))
	}
	s.mu.Lock()
	taken := s.in != nil
	if !taken {
		s.in = r
	}
	s.mu.Unlock()
	if taken {
		return violation("a second stream for the same direction")
	}
	if err := r.enqueue(first); err != nil {
		s.end(err)
		return err
	}
	s.spawn(r.read)
	s.spawn(r.work)
	<-s.ctx.Done()
	return context.Cause(s.ctx)
}

func (r *receiver) signal() { signal(r.wake) }

// figures are the highest number seen and the credit left.
func (r *receiver) figures() (seen uint64, messages uint32, bytes uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.highest, uint32(r.granted[0] - min(r.messages, r.granted[0])), r.granted[1] - min(r.bytes, r.granted[1])
}

// read queues what comes, and does nothing else.
func (r *receiver) read() error {
	for {
		f, err := r.stream.Recv()
		if err != nil {
			return err
		}
		if err := r.enqueue(f); err != nil {
			return err
		}
		r.signal()
	}
}

// work deals with what has arrived until the session ends.
func (r *receiver) work() error {
	defer r.discard()
	if err := r.report(true); err != nil {
		return err
	}
	for {
		entries, durable, ok := r.dequeue()
		if !ok {
			return nil
		}
		for _, e := range entries {
			if err := r.assemble(e); err != nil {
				return err
			}
		}
		took, err := r.take(durable)
		if err != nil {
			return err
		}
		if err := r.report(took); err != nil {
			return err
		}
	}
}

// dequeue waits for something to do, and takes all that has arrived. It reports false when the session has ended. While
// the sender may send nothing, it also returns now and then, because the reason may have gone away unnoticed.
func (r *receiver) dequeue() ([]queued, uint64, bool) {
	var again <-chan time.Time
	if _, messages, bytes := r.figures(); messages == 0 || bytes < minBytes {
		t := time.NewTimer(r.s.l.o.Beat)
		defer t.Stop()
		again = t.C
	}
	select {
	case <-r.s.ctx.Done():
		return nil, 0, false
	case <-r.wake:
	case <-again:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	entries := r.queue
	r.queue = nil
	return entries, r.durable, true
}

// discard drops what is not complete or not taken; the sender sends it again in the next session.
func (r *receiver) discard() {
	if r.cur != nil {
		r.cur.discard()
	}
	for _, a := range r.ready {
		a.discard()
	}
}
