package link

import (
	"bytes"
	"fmt"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// assembly is a delivery of which not all content has come.
type assembly struct {
	seq        uint64
	message    *mail.Message
	recipients []mail.Address
	draft      *store.Draft // nil if the delivery is refused
	left       int64        // bytes of content still to come
	large      bool         // content goes into a file, so bytes come back as they are written
	owed       uint64       // bytes whose credit comes back when the delivery is taken
	refused    string       // why the delivery cannot be taken from here on
}

// arrived is a number that is complete.
type arrived struct {
	Arrival
	draft    *store.Draft
	messages uint64 // credit that comes back when it is taken
	owed     uint64
	late     bool // a void out of order
	refused  *mail.Exception
}

func (a *assembly) discard() {
	if a.draft != nil {
		a.draft.Discard()
	}
}

func (a arrived) discard() {
	if a.draft != nil {
		a.draft.Discard()
	}
}

// assemble adds one entry to what has arrived.
func (r *receiver) assemble(q queued) error {
	e := q.entry
	switch {
	case e.GetBegin() != nil:
		if r.cur != nil {
			return violation("number %d begins while content of %d is missing", e.GetBegin().GetSequence(), r.cur.seq)
		}
		return r.begin(e.GetBegin(), q.bytes)
	case e.GetChunk() != nil:
		if r.cur == nil {
			return violation("content of no message")
		}
		return r.add(e.GetChunk().GetData(), q.bytes)
	}
	r.void(e.GetVoid().GetSequence(), q.late)
	return nil
}

// begin starts a delivery. A message this end cannot take is read to its end and refused for later, so that it blocks
// nothing and its sender can report it.
func (r *receiver) begin(b *pb.DeliveryBegin, cost uint64) error {
	rs, err := wire.ParseAddresses("recipients", b.GetRecipients(), maxRecipients)
	if err != nil {
		return violation("number %d: %s", b.GetSequence(), err)
	}
	if len(rs) == 0 {
		return violation("number %d has no recipients", b.GetSequence())
	}
	a := &assembly{seq: b.GetSequence(), recipients: rs, left: int64(b.GetMessage().GetSizeBytes())}
	a.large = a.left > largeContent
	r.cur = a
	a.message, err = wire.ParseMessage(b.GetMessage())
	most := 2*r.s.l.o.MaxMessageBytes + largeContent
	switch {
	case err != nil:
		a.refused = fmt.Sprintf("the message does not make sense to %s: %s", r.s.l.o.End, err)
	case a.left > most:
		a.refused = fmt.Sprintf("the message has %d bytes, %s takes at most %d", a.left, r.s.l.o.End, most)
	default:
		a.draft = r.s.l.o.Store.NewDraft(a.left)
	}
	return r.add(b.GetContent(), cost)
}

// add adds content to the current delivery; cost is the credit it took.
func (r *receiver) add(data []byte, cost uint64) error {
	a := r.cur
	if a.left -= int64(len(data)); a.left < 0 {
		return violation("number %d has more content than its size", a.seq)
	}
	if a.draft != nil {
		if _, err := a.draft.Write(data); err != nil {
			return fmt.Errorf("link: write content of number %d: %w", a.seq, err)
		}
	}
	if a.large {
		r.done[1] += cost
	} else {
		a.owed += cost
	}
	if a.left > 0 {
		return nil
	}
	return r.complete()
}

// complete checks the current delivery and lines it up for the taker.
func (r *receiver) complete() error {
	a := r.cur
	done := arrived{Arrival: Arrival{Seq: a.seq}, draft: a.draft, messages: 1, owed: a.owed}
	if a.draft == nil {
		done.refused = &mail.Exception{Recipients: a.recipients, Kind: mail.Deferred, Reason: clip(a.refused, maxText), RetryAfter: r.s.l.o.RetryMax}
	} else {
		if err := a.draft.Seal(); err != nil {
			return fmt.Errorf("link: seal content of number %d: %w", a.seq, err)
		}
		if sum := a.draft.SHA256(); !bytes.Equal(sum[:], a.message.SHA256[:]) {
			return fmt.Errorf("link: content of number %d does not match its hash", a.seq)
		}
		done.Delivery = &mail.Delivery{Message: a.message, Recipients: a.recipients, Content: a.draft}
	}
	r.cur = nil
	r.ready = append(r.ready, done)
	return nil
}

// void ends a number. If it is the one whose content is still coming, that is dropped.
func (r *receiver) void(seq uint64, late bool) {
	v := arrived{Arrival: Arrival{Seq: seq, Void: true}, late: late}
	if !late {
		v.messages = 1
	}
	if a := r.cur; a != nil && a.seq == seq {
		a.discard()
		r.cur = nil
		v.messages, v.owed = v.messages+1, a.owed
	}
	r.ready = append(r.ready, v)
}
