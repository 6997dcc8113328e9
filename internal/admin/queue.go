package admin

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// ListQueueEntries lists what waits, lane by lane, oldest first in each.
func (s *Server) ListQueueEntries(ctx context.Context, r *pb.ListQueueEntriesRequest) (*pb.ListQueueEntriesResponse, error) {
	size, err := pageSize(r.PageSize)
	if err != nil {
		return nil, err
	}
	f, err := s.filter(r.Filter)
	if err != nil {
		return nil, err
	}
	from, err := parseQueueToken(r.PageToken)
	if err != nil {
		return nil, err
	}
	out := &pb.ListQueueEntriesResponse{}
	var last store.Entry
	err = s.eachEntry(ctx, f, from, func(e store.Entry) bool {
		if len(out.Entries) == size {
			out.NextPageToken = queueToken(last)
			return false
		}
		last = e
		out.Entries = append(out.Entries, s.queueEntry(e))
		return true
	})
	return out, status(err)
}

// GetQueueEntry shows one message that waits.
func (s *Server) GetQueueEntry(_ context.Context, r *pb.GetQueueEntryRequest) (*pb.GetQueueEntryResponse, error) {
	entries, err := s.o.Store.EntriesOf(mail.ID(r.MessageId))
	if err != nil {
		return nil, status(err)
	}
	if len(entries) == 0 {
		return nil, notFound("message %s does not wait here", r.MessageId)
	}
	m, err := s.o.Store.Message(mail.ID(r.MessageId))
	if err != nil {
		return nil, status(err)
	}
	out := &pb.GetQueueEntryResponse{Message: wire.Message(m)}
	for _, e := range entries {
		out.Entries = append(out.Entries, s.queueEntry(e))
	}
	return out, nil
}

// UpdateQueueEntries acts on what waits.
func (s *Server) UpdateQueueEntries(ctx context.Context, r *pb.UpdateQueueEntriesRequest) (*pb.UpdateQueueEntriesResponse, error) {
	act, err := s.action(r.Action)
	if err != nil {
		return nil, err
	}
	if len(r.GetFilter().GetMessageIds()) == 0 && !r.GetFilter().GetAll() {
		return nil, fieldError("filter", "names no message_ids and does not say all")
	}
	f, err := s.filter(r.Filter)
	if err != nil {
		return nil, err
	}
	var entries []store.Entry
	if err := s.eachEntry(ctx, f, queuePosition{}, func(e store.Entry) bool { entries = append(entries, e); return true }); err != nil {
		return nil, status(err)
	}
	reason := r.Reason
	if caller := s.o.Caller(ctx); caller != "" {
		reason = strings.TrimSpace(caller + " " + reason)
	}
	done, bound, err := act(ctx, entries, r.MayDuplicate, reason)
	if err != nil {
		return nil, status(err)
	}
	s.watch.changed()
	return &pb.UpdateQueueEntriesResponse{MessageIds: texts(done), BoundMessageIds: texts(bound)}, nil
}

type actionFunc func(ctx context.Context, entries []store.Entry, mayDuplicate bool, reason string) (done, bound []mail.ID, err error)

func (s *Server) action(a pb.QueueAction) (actionFunc, error) {
	in := s.o.Intake
	switch a {
	case pb.QueueAction_QUEUE_ACTION_RETRY:
		return in.Retry, nil
	case pb.QueueAction_QUEUE_ACTION_HOLD:
		return in.Hold, nil
	case pb.QueueAction_QUEUE_ACTION_RELEASE:
		return in.Release, nil
	case pb.QueueAction_QUEUE_ACTION_RETURN:
		return in.ReturnEntries, nil
	case pb.QueueAction_QUEUE_ACTION_DELETE:
		return in.Delete, nil
	case pb.QueueAction_QUEUE_ACTION_REROUTE:
		return in.Reroute, nil
	}
	return nil, fieldError("action", "is none of retry, hold, release, return, delete and reroute")
}

// queueFilter is a checked filter.
type queueFilter struct {
	ids               map[mail.ID]bool
	lane              string
	sender, recipient string // keys
}

func (s *Server) filter(p *pb.QueueFilter) (f queueFilter, err error) {
	f.lane = p.GetLane()
	for i, id := range p.GetMessageIds() {
		if err := wire.CheckID(fmt.Sprintf("filter.message_ids[%d]", i), id); err != nil {
			return f, status(err)
		}
		if f.ids == nil {
			f.ids = map[mail.ID]bool{}
		}
		f.ids[mail.ID(id)] = true
	}
	if f.sender, err = addressKey("filter.sender", p.GetSender()); err != nil {
		return f, err
	}
	f.recipient, err = addressKey("filter.recipient", p.GetRecipient())
	return f, err
}

func addressKey(field, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	a, err := wire.ParseAddress(field, text)
	return a.Key(), status(err)
}

func (f queueFilter) match(e store.Entry) bool {
	if e.Void || f.ids != nil && !f.ids[e.MessageID] || f.sender != "" && e.Sender.Key() != f.sender {
		return false
	}
	if f.recipient == "" {
		return true
	}
	for _, r := range e.Recipients {
		if r.Key() == f.recipient {
			return true
		}
	}
	return false
}

// queuePosition is where a page ended.
type queuePosition struct {
	lane store.Lane
	seq  uint64
}

// errStop ends a walk over the queue early.
var errStop = errors.New("stop")

// eachEntry walks every lane in the order of their names, from a position on, a page of the store at a time.
func (s *Server) eachEntry(ctx context.Context, f queueFilter, from queuePosition, fn func(store.Entry) bool) error {
	for _, l := range s.sortedLanes() {
		after := uint64(0)
		switch {
		case l < from.lane || f.lane != "" && f.lane != string(l) && f.lane != s.laneName(l):
			continue
		case l == from.lane:
			after = from.seq
		}
		if err := s.eachInLane(ctx, l, after, f, fn); err != nil {
			if errors.Is(err, errStop) {
				return nil
			}
			return err
		}
	}
	return nil
}

func (s *Server) eachInLane(ctx context.Context, l store.Lane, after uint64, f queueFilter, fn func(store.Entry) bool) error {
	const chunk = 256
	for {
		entries, err := s.o.Store.Entries(l, after, chunk)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if f.match(e) && !fn(e) {
				return errStop
			}
		}
		if len(entries) < chunk {
			return ctx.Err()
		}
		after = entries[len(entries)-1].Seq
	}
}

func (s *Server) queueEntry(e store.Entry) *pb.QueueEntry {
	out := &pb.QueueEntry{
		MessageId: string(e.MessageID), Lane: s.laneName(e.Lane), Sequence: e.Seq, Recipients: wire.Addresses(e.Recipients),
		Sender: e.Sender.String(), SizeBytes: uint32(e.Bytes), QueueTime: timestamppb.New(e.Queued),
		Attempts: uint32(e.Attempts), State: s.entryState(e), Reason: e.Reason,
	}
	if !e.Due.IsZero() {
		out.NextTime = timestamppb.New(e.Due)
	}
	if m, err := s.o.Store.Message(e.MessageID); err == nil {
		out.Subject = m.Subject
	}
	return out
}

func (s *Server) entryState(e store.Entry) string {
	switch {
	case e.Lane == store.LaneHeld:
		return "held"
	case e.Lane == store.LaneDeferred:
		return "deferred"
	case s.o.Links.Bound(e.Lane, e.Seq):
		return "sent"
	}
	return "waiting"
}

// A page token is lane and number of the last entry shown.
func queueToken(e store.Entry) string { return string(e.Lane) + " " + strconv.FormatUint(e.Seq, 10) }

func parseQueueToken(text string) (queuePosition, error) {
	if text == "" {
		return queuePosition{}, nil
	}
	i := strings.LastIndexByte(text, ' ')
	if i < 1 {
		return queuePosition{}, fieldError("page_token", "is not one of ours")
	}
	seq, err := strconv.ParseUint(text[i+1:], 10, 64)
	if err != nil {
		return queuePosition{}, fieldError("page_token", "is not one of ours")
	}
	return queuePosition{lane: store.Lane(text[:i]), seq: seq}, nil
}
