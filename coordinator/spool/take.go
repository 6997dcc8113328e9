package spool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sidegate/coordinator/convert"
	"sidegate/internal/link"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// job is one delivery on its way into the spool. It belongs to the writer once it is queued; the taker waits for done.
type job struct {
	peer    mail.StoreID
	session *store.Session // nil for our own reports
	seq     uint64
	void    bool

	delivery *mail.Delivery   // nil for a void
	files    []*entry         // still to be written, bytes included
	written  []*entry         // in the journal
	failures []mail.Failure   // recipients whose file can never be written
	refused  []mail.Exception // recipients that are not behind this spool
	queued   time.Time

	cancelled bool // guarded by s.mu: nobody waits any more, and nothing is in the journal yet
	done      chan struct{}
	err       error // before done is closed
	outcome   mail.Outcome
}

// Take implements link.Taker: it returns once every arrival is published, or disposed of, and that is durable together with
// the link's books. While all slots are full it waits; see Window.
func (s *Spool) Take(ctx context.Context, session store.Session, as []link.Arrival) ([]mail.Outcome, error) {
	if s.out == nil {
		return s.turnAway(ctx, session, as)
	}
	if err := s.recovered(ctx); err != nil {
		return nil, err
	}
	books := s.store.Inbound(session.Peer)
	jobs := make([]*job, len(as))
	for i, a := range as {
		j := &job{peer: session.Peer, session: &session, seq: a.Seq, void: a.Void, delivery: a.Delivery, done: make(chan struct{}), queued: time.Now()}
		if !a.Void {
			s.turnBack(j, books)
			if err := s.write(j); err != nil {
				return nil, fmt.Errorf("spool: number %d: %w", a.Seq, err)
			}
		}
		jobs[i] = j
	}
	return s.await(ctx, jobs)
}

// turnBack leaves out of a delivery the recipients that are not behind this spool: they have moved since it was sent, or
// somebody pinned them here. Those that have their file stay. Exceptions are recorded with everything else about a number,
// so that one which has them is done with.
func (s *Spool) turnBack(j *job, books store.Inbound) {
	d := *j.delivery
	for _, e := range books.Exceptions {
		if e.Seq == j.seq {
			j.refused = append(j.refused, e.Exception)
		}
	}
	var here, elsewhere []mail.Address
	s.mu.Lock()
	for _, r := range d.Recipients {
		if s.o.Serves(r) || s.out.having[havingKey(d.Message.ID, r)] != nil {
			here = append(here, r)
		} else {
			elsewhere = append(elsewhere, r)
		}
	}
	s.mu.Unlock()
	switch {
	case len(j.refused) > 0:
		here = nil
	case len(elsewhere) > 0:
		j.refused = []mail.Exception{{Recipients: elsewhere, Kind: mail.NotServed, Reason: s.o.End + " does not serve the address"}}
	}
	if d.Recipients = here; len(j.refused) > 0 {
		j.delivery, j.outcome = &d, mail.Outcome{Exceptions: j.refused}
	}
}

// Accept implements mail.Acceptor, for the coordinator's own reports. A delivery offered again is recognised.
func (s *Spool) Accept(ctx context.Context, ds []*mail.Delivery) ([]mail.Outcome, error) {
	if s.out == nil {
		outcomes := make([]mail.Outcome, len(ds))
		for i, d := range ds {
			outcomes[i] = drained(d)
		}
		return outcomes, nil
	}
	if err := s.recovered(ctx); err != nil {
		return nil, err
	}
	jobs := make([]*job, len(ds))
	for i, d := range ds {
		j := &job{delivery: d, done: make(chan struct{}), queued: time.Now()}
		if err := s.write(j); err != nil {
			return nil, fmt.Errorf("spool: message %s: %w", d.Message.ID, err)
		}
		jobs[i] = j
	}
	return s.await(ctx, jobs)
}

// recovered waits until the journal has been read: before that nobody knows what was written already.
func (s *Spool) recovered(ctx context.Context) error {
	for {
		s.mu.Lock()
		ready, moved := s.ready, s.moved
		s.mu.Unlock()
		if ready {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
		}
	}
}

func drained(d *mail.Delivery) mail.Outcome {
	return mail.Outcome{Exceptions: []mail.Exception{{Recipients: d.Recipients, Kind: mail.NotServed, Reason: "This spool is only drained; nothing is written into it."}}}
}

// turnAway answers for a spool that nothing is written into.
func (s *Spool) turnAway(ctx context.Context, session store.Session, as []link.Arrival) ([]mail.Outcome, error) {
	outcomes := make([]mail.Outcome, len(as))
	err := s.journal.commit(ctx, func(tx *store.Tx) error {
		for i, a := range as {
			if a.Void {
				if err := tx.TakeVoid(session, a.Seq); err != nil {
					return err
				}
				continue
			}
			outcomes[i] = drained(a.Delivery)
			for _, x := range outcomes[i].Exceptions {
				if err := tx.Except(session, a.Seq, x); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return outcomes, err
}

// await queues jobs in order and waits for all of them.
func (s *Spool) await(ctx context.Context, jobs []*job) ([]mail.Outcome, error) {
	s.mu.Lock()
	for _, j := range jobs {
		s.out.queue(j)
	}
	s.mu.Unlock()
	wake(s.toWrite)
	outcomes := make([]mail.Outcome, len(jobs))
	for i, j := range jobs {
		select {
		case <-j.done:
		case <-ctx.Done():
			s.cancel(jobs[i:])
			return nil, ctx.Err()
		}
		if j.err != nil {
			s.cancel(jobs[i+1:])
			return nil, j.err
		}
		outcomes[i] = j.outcome
	}
	return outcomes, nil
}

// queue appends a job to its peer's. s.mu is held.
func (b *outbox) queue(j *job) {
	if len(b.queues[j.peer]) == 0 {
		b.peers = append(b.peers, j.peer)
	}
	b.queues[j.peer] = append(b.queues[j.peer], j)
}

// cancel takes back what nobody waits for. A file that is in the journal already is finished all the same, and recognised
// when its delivery comes again.
func (s *Spool) cancel(jobs []*job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range jobs {
		j.cancelled = true
	}
	wake(s.toWrite)
}

// write converts a delivery: one file for the recipients the message shows, one more for each hidden one. Recipients that
// the spool has had already get no second file.
func (s *Spool) write(j *job) error {
	for _, part := range convert.Split(j.delivery) {
		part = s.unwritten(j, part)
		if len(part.Recipients) == 0 {
			continue
		}
		file, err := s.o.Converter.ToMMFF(part)
		var refusal *convert.Refusal
		if errors.As(err, &refusal) {
			for _, r := range part.Recipients {
				j.failures = append(j.failures, mail.Failure{Recipient: r, Reason: refusal.Reason, Explanation: refusal.Explanation})
			}
			continue
		}
		if err != nil {
			return err
		}
		m := part.Message
		j.files = append(j.files, &entry{State: entryStaging, Size: int64(len(file.Data)), SHA256: hashOf(file.Data), data: file.Data,
			MessageID: m.ID, Origin: m.OriginStore, Class: m.Class, Sender: m.Sender, Recipients: part.Recipients, Subject: m.Subject,
			Submitted: m.Submitted, Wish: m.ReadReceipt && m.Class.Answerable(), prints: file.Fingerprints, hops: m.Hops})
	}
	return nil
}

// unwritten leaves out the recipients that have their file. Those whose file is still on its way keep the job waiting.
func (s *Spool) unwritten(j *job, d *mail.Delivery) *mail.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := &mail.Delivery{Message: d.Message, Content: d.Content}
	seen := map[*entry]bool{}
	for _, r := range d.Recipients {
		e := s.out.having[havingKey(d.Message.ID, r)]
		switch {
		case e == nil:
			left.Recipients = append(left.Recipients, r)
		case !seen[e]:
			seen[e] = true
			j.written = append(j.written, e)
		}
	}
	return left
}

// Window implements link.Window. There is no queue here beyond the slots: mail waits where it was accepted, so that an
// operator looks in one place. Every peer may have one message waiting at the door.
func (s *Spool) Window(peer mail.StoreID) (messages int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out == nil {
		return 1, doorBytes
	}
	free := s.o.Slots - len(s.out.busy)
	if s.out.held != "" || !s.touchable() {
		free = 0
	}
	for _, q := range s.out.queues {
		free -= len(q)
	}
	if free <= 0 && len(s.out.queues[peer]) == 0 {
		free = 1
	}
	return max(free, 0), doorBytes
}

// doorBytes is how many bytes of content a peer may have on the way to the spool.
const doorBytes = 32 << 20

// Changed is signalled after a window may have grown.
func (s *Spool) Changed() <-chan struct{} { return s.grown }
