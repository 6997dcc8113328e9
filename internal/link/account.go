package link

import (
	"google.golang.org/protobuf/proto"

	pb "sidegate/proto/sidegate/v1"
)

// enqueue checks that a frame keeps to order and credit, and queues it.
func (r *receiver) enqueue(f *pb.Frame) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range f.GetEntries() {
		q, err := r.account(e)
		if err != nil {
			return err
		}
		r.bytes += q.bytes
		if r.messages > r.granted[0] || r.bytes > r.granted[1] {
			return violation("%d messages and %d bytes were sent, %d and %d were granted", r.messages, r.bytes, r.granted[0], r.granted[1])
		}
		r.queue = append(r.queue, q)
	}
	if most := r.mostQueued(); len(r.queue) > most {
		return violation("%d entries wait, at most %d make sense", len(r.queue), most)
	}
	r.durable = max(r.durable, f.GetDurableThrough())
	return nil
}

// mostQueued bounds the queue where credit does not: content may come in pieces of any size, but not all in crumbs, which
// take far more memory than their bytes.
func (r *receiver) mostQueued() int {
	o := &r.s.l.o
	return 4*(o.CreditMessages+maxLateVoids) + int(o.CreditBytes/1024)
}

// account checks one entry; r.mu is held.
func (r *receiver) account(e *pb.FrameEntry) (queued, error) {
	q := queued{entry: e}
	switch {
	case e.GetBegin() != nil:
		r.messages++
		q.bytes = uint64(proto.Size(e.GetBegin()))
		return q, r.advance(e.GetBegin().GetSequence())
	case e.GetChunk() != nil:
		n := len(e.GetChunk().GetData())
		if n == 0 || n > MaxFrame {
			return q, violation("a chunk of %d bytes", n)
		}
		q.bytes = uint64(n)
		return q, nil
	case e.GetVoid() != nil:
		seq := e.GetVoid().GetSequence()
		q.late = seq < r.next || within(r.held, seq)
		return q, r.countVoid(seq, q.late)
	}
	return q, violation("a frame entry of a kind that version %d does not know", Version)
}

// countVoid counts a void: in its order against credit, out of order against a bound of its own. What ends an exception of
// an earlier session is out of order wherever it comes: with too many exceptions open there is no credit for it.
func (r *receiver) countVoid(seq uint64, late bool) error {
	if !late {
		r.messages++
		return r.advance(seq)
	}
	if seq == 0 {
		return violation("a void of number 0")
	}
	if r.lateVoids++; r.lateVoids > maxLateVoids {
		return violation("more than %d voids out of order", maxLateVoids)
	}
	return nil
}

// advance checks that no number is left out. One that was seen before is no error: whether it is here already is for
// the store to say.
func (r *receiver) advance(seq uint64) error {
	if seq > r.next {
		return violation("number %d comes after %d", seq, r.next-1)
	}
	if seq == 0 {
		return violation("number 0")
	}
	if seq == r.next {
		r.highest = max(r.highest, seq)
		r.skip()
	}
	return nil
}

// skip goes on to the next number that has not come yet.
func (r *receiver) skip() {
	for r.next++; within(r.held, r.next); r.next++ {
	}
}
