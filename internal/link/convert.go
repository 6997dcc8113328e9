package link

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/internal/liveness"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// Bounds on what a peer tells, in bytes and in number.
const (
	maxText       = 1024
	maxRecipients = 10_000
	maxLegs       = 16
	maxConditions = 16
	maxAge        = 100 * 365 * 24 * time.Hour
)

// clip makes text from outside fit for a log or a status page: valid, one line, bounded.
func clip(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// age reads a duration a peer told: neither negative nor beyond reason.
func age(d *durationpb.Duration) time.Duration {
	if d == nil || d.CheckValid() != nil {
		return 0
	}
	return min(max(0, d.AsDuration()), maxAge)
}

func toRanges(rs []store.Range) []*pb.SequenceRange {
	var out []*pb.SequenceRange
	for _, r := range rs {
		out = append(out, &pb.SequenceRange{First: r.First, Last: r.Last})
	}
	return out
}

// fromRanges reads ranges that a peer says it holds beyond through: ascending, apart, and not touching through.
func fromRanges(rs []*pb.SequenceRange, through uint64) ([]store.Range, error) {
	if len(rs) > 4*store.MaxOpenExceptions {
		return nil, violation("%d ranges beyond the mark", len(rs))
	}
	var out []store.Range
	for _, r := range rs {
		if r.GetFirst() <= through+1 || r.GetLast() < r.GetFirst() {
			return nil, violation("range %d to %d after %d", r.GetFirst(), r.GetLast(), through)
		}
		out = append(out, store.Range{First: r.GetFirst(), Last: r.GetLast()})
		through = r.GetLast()
	}
	return out, nil
}

func toException(seq uint64, e mail.Exception) *pb.DeliveryException {
	kind := pb.ExceptionKind_EXCEPTION_KIND_DEFERRED
	if e.Kind == mail.NotServed {
		kind = pb.ExceptionKind_EXCEPTION_KIND_NOT_SERVED
	}
	p := &pb.DeliveryException{Sequence: seq, Recipients: wire.Addresses(e.Recipients), Kind: kind, Reason: clip(e.Reason, maxText)}
	if e.RetryAfter > 0 {
		p.RetryAfter = durationpb.New(e.RetryAfter)
	}
	return p
}

func fromException(p *pb.DeliveryException) (store.OpenException, error) {
	rs, err := wire.ParseAddresses("exceptions.recipients", p.GetRecipients(), maxRecipients)
	if err != nil {
		return store.OpenException{}, violation("%s", err)
	}
	e := store.OpenException{Seq: p.GetSequence(), Exception: mail.Exception{
		Recipients: rs, Kind: mail.Deferred, Reason: clip(p.GetReason(), maxText), RetryAfter: age(p.GetRetryAfter()),
	}}
	if p.GetKind() == pb.ExceptionKind_EXCEPTION_KIND_NOT_SERVED {
		e.Kind = mail.NotServed
	}
	return e, nil
}

func fromExceptions(ps []*pb.DeliveryException) ([]store.OpenException, error) {
	var out []store.OpenException
	for _, p := range ps {
		e, err := fromException(p)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func toEvent(t store.Trace) *pb.TraceEvent {
	return &pb.TraceEvent{
		MessageId: string(t.MessageID), Recipient: t.Recipient.String(), End: t.End, Time: timestamppb.New(t.Time),
		Event: t.Event, Detail: clip(t.Detail, maxText), StoreId: string(t.Store),
	}
}

// fromEvent reads a step that a peer tells of; false if it makes no sense. The store it names must be the peer's.
func fromEvent(p *pb.TraceEvent, peer mail.StoreID) (store.Trace, bool) {
	t := store.Trace{
		MessageID: mail.ID(p.GetMessageId()), End: clip(p.GetEnd(), wire.MaxEndName), Store: peer,
		Event: clip(p.GetEvent(), wire.MaxReason), Detail: clip(p.GetDetail(), maxText), Time: p.GetTime().AsTime(),
	}
	if wire.CheckID("", p.GetMessageId()) != nil || t.Event == "" || p.GetTime().CheckValid() != nil {
		return store.Trace{}, false
	}
	if text := p.GetRecipient(); text != "" {
		a, err := mail.ParseAddress(text)
		if err != nil {
			return store.Trace{}, false
		}
		t.Recipient = a
	}
	return t, true
}

func toLegs(legs []liveness.Leg) []*pb.Leg {
	var out []*pb.Leg
	for _, l := range legs[:min(len(legs), maxLegs)] {
		out = append(out, &pb.Leg{
			From: l.From, To: l.To, State: string(l.State), Conditions: l.Conditions, Reason: l.Reason,
			Depth: uint32(l.Depth), OldestAge: durationpb.New(l.OldestAge),
		})
	}
	return out
}

func fromLegs(ps []*pb.Leg) []liveness.Leg {
	var out []liveness.Leg
	for _, p := range ps[:min(len(ps), maxLegs)] {
		l := liveness.Leg{
			From: clip(p.GetFrom(), wire.MaxEndName), To: clip(p.GetTo(), wire.MaxEndName), Reason: clip(p.GetReason(), maxText),
			State: liveness.State(clip(p.GetState(), wire.MaxReason)), Depth: int(p.GetDepth()), OldestAge: age(p.GetOldestAge()),
		}
		for _, c := range p.GetConditions()[:min(len(p.GetConditions()), maxConditions)] {
			l.Conditions = append(l.Conditions, clip(c, wire.MaxReason))
		}
		slices.Sort(l.Conditions)
		out = append(out, l)
	}
	return out
}
