package link

import (
	"context"
	"sync"

	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// sender sends one lane over one stream, and lets go of what is receipted. It is the same at both ends.
//
// Four goroutines: one reads receipts and only notes them, one settles what was noted, one watches the lane, one
// sends frames.
type sender struct {
	s      *session
	p      *peer
	lane   store.Lane
	stream frameStream
	held   []store.Range // what the peer has had beyond its mark, not sent again

	wake   chan struct{} // something may be sent now; capacity 1
	settle chan struct{} // something may be settled now; capacity 1

	// Of the goroutine that sends:
	entries []store.Entry // read, not sent yet
	cur     *outgoing     // delivery of which content is still to be sent
	last    uint64        // highest number dealt with

	mu         sync.Mutex // guards what follows
	sentLast   uint64     // highest number sent, or known to the peer before
	messages   uint64     // sent on this stream, as credit counts
	bytes      uint64
	granted    [2]uint64 // messages and bytes that may be sent in all
	through    uint64    // what the peer has, by its newest receipt
	beyond     []store.Range
	receipted  bool // through or beyond is not settled yet
	exceptions []store.OpenException
	events     []store.Trace
	voids      []uint64 // numbers that were sent and carry nothing now
}

// send runs the sending end of a push or pull until the session ends. first is what came with the opening, if anything.
func (s *session) send(stream frameStream, first *pb.Receipts) error {
	w := &sender{
		s: s, p: s.p, lane: s.p.lane, stream: stream, held: s.theirs.seen(),
		wake: make(chan struct{}, 1), settle: make(chan struct{}, 1),
		last: s.theirs.received, sentLast: s.theirs.highest(),
		through: s.theirs.received, beyond: s.theirs.beyond, receipted: true,
	}
	s.mu.Lock()
	taken := s.out != nil
	if !taken {
		s.out = w
	}
	s.mu.Unlock()
	if taken {
		return violation("a second stream for the same direction")
	}
	if err := w.note(first); err != nil {
		s.end(err)
		return err
	}
	signal(w.settle)
	s.spawn(w.read)
	s.spawn(w.settleAll)
	s.spawn(w.watch)
	s.spawn(w.write)
	<-s.ctx.Done()
	return context.Cause(s.ctx)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// figures are the highest number sent and the credit left.
func (w *sender) figures() (sent uint64, messages uint32, bytes uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sentLast, uint32(w.granted[0] - min(w.messages, w.granted[0])), w.granted[1] - min(w.bytes, w.granted[1])
}

// credit is how much may still be sent.
func (w *sender) credit() (messages, bytes int) {
	_, m, b := w.figures()
	return int(m), int(min(b, 1<<30))
}

// charge notes that something is sent, before it is.
func (w *sender) charge(messages, bytes int, seq uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.messages += uint64(messages)
	w.bytes += uint64(bytes)
	w.sentLast = max(w.sentLast, seq)
}

// read notes what the peer says, and does nothing else.
func (w *sender) read() error {
	for {
		r, err := w.stream.Recv()
		if err != nil {
			return err
		}
		if err := w.note(r); err != nil {
			return err
		}
		signal(w.settle)
		signal(w.wake)
	}
}

// note keeps the newest of what is cumulative, and adds up the rest, within bounds.
func (w *sender) note(r *pb.Receipts) error {
	if r == nil {
		return nil
	}
	exceptions, err := fromExceptions(r.GetExceptions())
	if err != nil {
		return err
	}
	beyond, err := fromRanges(r.GetReceivedBeyond(), r.GetReceivedThrough())
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	highest := marks{received: r.GetReceivedThrough(), beyond: beyond, exceptions: exceptions}.highest()
	switch {
	case highest > w.sentLast:
		return violation("a receipt for number %d, but only %d were sent", highest, w.sentLast)
	case r.GetReceivedThrough() < w.through:
		return violation("a receipt through %d after one through %d", r.GetReceivedThrough(), w.through)
	case len(w.exceptions)+len(exceptions) > 2*store.MaxOpenExceptions:
		return violation("more than %d exceptions at a time", 2*store.MaxOpenExceptions)
	}
	w.through, w.beyond, w.receipted = r.GetReceivedThrough(), beyond, true
	w.exceptions = append(w.exceptions, exceptions...)
	w.granted[0] = max(w.granted[0], r.GetGrantedMessages())
	w.granted[1] = max(w.granted[1], r.GetGrantedBytes())
	for _, p := range r.GetEvents() {
		if t, ok := fromEvent(p, w.p.id); ok && len(w.events) < maxEvents {
			w.events = append(w.events, t)
		}
	}
	return nil
}

// watch wakes the sending goroutine when something durable has come into the lane.
func (w *sender) watch() error {
	for {
		after := w.s.l.o.Store.Lane(w.lane).Durable
		signal(w.wake)
		if err := w.s.l.o.Store.WaitLane(w.s.ctx, w.lane, after); err != nil {
			return err
		}
	}
}

// write sends frames for as long as there is something to send and credit for it.
func (w *sender) write() error {
	defer w.closeContent()
	for {
		f, err := w.fill()
		if err != nil {
			return err
		}
		if f == nil {
			select {
			case <-w.s.ctx.Done():
				return nil
			case <-w.wake:
			}
			continue
		}
		w.s.l.o.Fault("link.send.before")
		err = w.s.within(sendTimeout, "sending a frame", func() error { return w.stream.Send(f) })
		if err != nil {
			return err
		}
		w.s.l.o.Fault("link.send.after")
	}
}
