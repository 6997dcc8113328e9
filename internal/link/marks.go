package link

import (
	"fmt"
	"slices"

	"google.golang.org/grpc/codes"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// marks are one end's durable books about one link.
type marks struct {
	assigned, released uint64 // of what it sends
	received           uint64 // of what it receives: everything up to here
	beyond             []store.Range
	exceptions         []store.OpenException
	directory          [32]byte // digest of what it holds of the other end's directory
}

// marksOf reads this end's books about a peer. The session must be fenced before, so that they hold still.
func (l *Links) marksOf(peer mail.StoreID) marks {
	out, in := l.o.Store.Lane(store.Lane(peer)), l.o.Store.Inbound(peer)
	m := marks{
		assigned: out.Durable, released: out.Released,
		received: in.Through, beyond: in.Beyond, exceptions: in.Exceptions,
	}
	if l.o.Directory != nil {
		m.directory = l.o.Directory.Held(peer)
	}
	return m
}

// proto is the marks as a hello and a welcome carry them. Of exceptions they have the numbers alone, because those of many
// recipients would not fit: what each is about comes with the first receipts.
func (m marks) proto() *pb.LinkMarks {
	p := &pb.LinkMarks{
		AssignedThrough: m.assigned, ReleasedThrough: m.released,
		ReceivedThrough: m.received, ReceivedBeyond: toRanges(m.beyond),
	}
	for i, e := range m.exceptions {
		if i == 0 || m.exceptions[i-1].Seq != e.Seq {
			p.Exceptions = append(p.Exceptions, &pb.DeliveryException{Sequence: e.Seq})
		}
	}
	p.DirectoryDigest = digestBytes(m.directory)
	return p
}

func parseMarks(p *pb.LinkMarks) (marks, error) {
	m := marks{assigned: p.GetAssignedThrough(), released: p.GetReleasedThrough(), received: p.GetReceivedThrough()}
	if m.released > m.assigned {
		return m, violation("released through %d, but assigned through %d", m.released, m.assigned)
	}
	var err error
	if m.beyond, err = fromRanges(p.GetReceivedBeyond(), m.received); err != nil {
		return m, err
	}
	if n := len(p.GetExceptions()); n > 2*store.MaxOpenExceptions {
		return m, violation("%d open exceptions", n)
	}
	if len(p.GetDirectoryDigest()) == len(m.directory) {
		m.directory = [32]byte(p.GetDirectoryDigest())
	}
	m.exceptions, err = fromExceptions(p.GetExceptions())
	return m, err
}

// highest is the highest number the end has seen of the other one.
func (m marks) highest() uint64 {
	n := m.received
	if len(m.beyond) > 0 {
		n = max(n, m.beyond[len(m.beyond)-1].Last)
	}
	for _, e := range m.exceptions {
		n = max(n, e.Seq)
	}
	return n
}

// seen are the numbers beyond the mark that the end has had, taken or not: they are not sent again. Both ends of a link
// come to the same.
func (m marks) seen() []store.Range {
	rs := slices.Clone(m.beyond)
	for _, e := range m.exceptions {
		rs = append(rs, store.Range{First: e.Seq, Last: e.Seq})
	}
	return rs
}

func within(rs []store.Range, seq uint64) bool {
	for _, r := range rs {
		if r.First <= seq && seq <= r.Last {
			return true
		}
	}
	return false
}

// restored says which store came back from an older copy.
type restored struct {
	here        bool   // this one; else the peer's
	text        string // what gives it away
	after, last uint64 // numbers in (after, last] were let go by the sender and are not known to the receiver any more
}

// compare finds out whether a store lacks what the other one knows to have been there. Both ends come to the same
// result, each from its point of view.
func compare(mine, theirs marks) *restored {
	switch {
	case theirs.highest() > mine.assigned:
		return &restored{here: true, text: fmt.Sprintf("the peer has number %d, but only %d were ever assigned here", theirs.highest(), mine.assigned)}
	case theirs.released > mine.received:
		return &restored{
			here: true, text: fmt.Sprintf("the peer let go of everything through %d, but only %d is known here", theirs.released, mine.received),
			after: mine.received, last: theirs.released,
		}
	case mine.released > theirs.received:
		return &restored{
			text:  fmt.Sprintf("everything through %d was let go here, but the peer knows only %d", mine.released, theirs.received),
			after: theirs.received, last: mine.released,
		}
	case mine.highest() > theirs.assigned:
		return &restored{text: fmt.Sprintf("number %d of the peer is here, but it assigned only %d", mine.highest(), theirs.assigned)}
	}
	return nil
}

// refusal is how the session is refused.
func (r *restored) refusal(own, peer string, missing []mail.ID) *refusal {
	who := peer
	if r.here {
		who = own
	}
	f := refuse(codes.FailedPrecondition, ReasonRestored, "the store of %s came back from an older copy: %s", who, r.text)
	f.missing = missing
	return f
}
