package link

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// take hands what is complete, and durable at the sender, to the taker.
func (r *receiver) take(durable uint64) (took bool, err error) {
	for {
		n := 0
		for n < len(r.ready) && n < maxBatch && r.ready[n].Seq <= durable {
			n++
		}
		if n == 0 {
			return took, nil
		}
		if err := r.takeBatch(r.ready[:n]); err != nil {
			return took, err
		}
		r.ready = r.ready[n:]
		took = true
	}
}

func (r *receiver) takeBatch(batch []arrived) error {
	var as []Arrival
	for _, a := range batch {
		if a.refused == nil {
			as = append(as, a.Arrival)
		}
	}
	if err := r.offer(as); err != nil {
		return err
	}
	if err := r.refuse(batch); err != nil {
		return err
	}
	late := 0
	for _, a := range batch {
		a.discard()
		r.done[0] += a.messages
		r.done[1] += a.owed
		if a.late {
			late++
		}
	}
	r.mu.Lock()
	r.lateVoids -= late
	r.mu.Unlock()
	r.p.took()
	return nil
}

// offer has the taker take a batch. A store that is full takes nothing new but will some day: the batch waits, within
// the credit that was granted, and meanwhile none is.
func (r *receiver) offer(as []Arrival) error {
	if len(as) == 0 {
		return nil
	}
	l := r.s.l
	for {
		l.o.Fault("link.take.before")
		outcomes, err := l.o.Taker.Take(r.s.ctx, r.s.fence, as)
		switch {
		case err == nil && len(outcomes) == len(as):
			l.o.Fault("link.take.after")
			for i, o := range outcomes {
				for _, x := range o.Exceptions {
					r.excepted = append(r.excepted, toException(as[i].Seq, x))
				}
			}
			return nil
		case err == nil:
			return fmt.Errorf("link: %d outcomes for %d arrivals", len(outcomes), len(as))
		case !errors.Is(err, store.ErrFull):
			return fmt.Errorf("link: take %d to %d from %s: %w", as[0].Seq, as[len(as)-1].Seq, r.p, err)
		}
		l.o.Log.Warn("arrivals wait: the store is full", "peer", r.p.name(), "messages", len(as))
		if !sleep(r.s.ctx, l.o.Beat) {
			return context.Cause(r.s.ctx)
		}
	}
}

// refuse records the deliveries of a batch that this end cannot take.
func (r *receiver) refuse(batch []arrived) error {
	var refused []arrived
	for _, a := range batch {
		if a.refused != nil {
			refused = append(refused, a)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	err := r.s.l.o.Store.CommitCustody(r.s.ctx, func(tx *store.Tx) error {
		for _, a := range refused {
			if err := tx.Except(r.s.fence, a.Seq, *a.refused); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("link: refuse number %d of %s: %w", refused[0].Seq, r.p, err)
	}
	for _, a := range refused {
		r.s.l.o.Log.Warn("delivery refused", "peer", r.p.name(), "sequence", a.Seq, "reason", a.refused.Reason)
		r.excepted = append(r.excepted, toException(a.Seq, *a.refused))
	}
	return nil
}

// report sends a receipt when there is something to say: something was taken, credit came back that may be needed, or
// events wait.
func (r *receiver) report(took bool) error {
	in := r.s.l.o.Store.Inbound(r.p.id)
	messages, bytes := r.grant(in)
	exceptions := r.nextExceptions()
	var events []store.Trace
	if len(exceptions) == 0 { // a receipt has room for one of both
		events = r.p.takeEvents(atOnce)
	}
	r.mu.Lock()
	worth := took || len(events) > 0 || len(exceptions) > 0 ||
		messages > r.granted[0] && r.granted[0]-r.messages <= uint64(r.s.l.o.CreditMessages)/2 ||
		bytes > r.granted[1] && r.granted[1]-r.bytes <= uint64(r.s.l.o.CreditBytes)/2
	if worth {
		r.granted[0], r.granted[1] = max(r.granted[0], messages), max(r.granted[1], bytes)
		messages, bytes = r.granted[0], r.granted[1]
	}
	r.mu.Unlock()
	if !worth {
		return nil
	}
	m := &pb.Receipts{
		ReceivedThrough: in.Through, ReceivedBeyond: toRanges(in.Beyond), Exceptions: exceptions,
		GrantedMessages: messages, GrantedBytes: bytes, Time: timestamppb.New(r.s.l.o.Store.Now()),
	}
	for _, t := range events {
		m.Events = append(m.Events, toEvent(t))
	}
	r.s.l.o.Fault("link.receipt.before")
	err := r.s.within(sendTimeout, "sending a receipt", func() error { return r.stream.Send(m) })
	if err != nil {
		r.p.returnEvents(events)
		return err
	}
	r.s.l.o.Fault("link.receipt.after")
	if len(exceptions) > 0 || len(events) == atOnce {
		r.signal() // there may be more to say
	}
	return nil
}

// nextExceptions takes as many of the exceptions that are to be told as fit into one receipt. Those of one number stay
// together, because who is not named counts as taken.
func (r *receiver) nextExceptions() []*pb.DeliveryException {
	n, size := 0, 0
	for n < len(r.excepted) {
		of := n
		for ; n < len(r.excepted) && r.excepted[n].GetSequence() == r.excepted[of].GetSequence(); n++ {
			size += proto.Size(r.excepted[n]) + overhead
		}
		if of > 0 && size > MaxFrame {
			n = of
			break
		}
	}
	es := r.excepted[:n:n]
	r.excepted = r.excepted[n:]
	return es
}

// grant is how much the sender may send in all: what is dealt with, and as much more as there is room for. Bytes never
// fall short of a frame, or a delivery that has begun could not end.
func (r *receiver) grant(in store.Inbound) (messages, bytes uint64) {
	o := r.s.l.o
	m, b := o.CreditMessages, o.CreditBytes
	if w, ok := o.Taker.(Window); ok {
		wm, wb := w.Window(r.p.id)
		m, b = min(m, max(0, wm)), min(b, max(0, wb))
	}
	m = min(m, max(0, store.MaxOpenExceptions-len(in.Exceptions)))
	if class, _ := o.Store.Class(); class != store.ClassOK {
		m = 0
	}
	return r.done[0] + uint64(m), r.done[1] + uint64(max(b, minBytes))
}

// took notes durable progress in this direction.
func (p *peer) took() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tookAt = time.Now()
}
