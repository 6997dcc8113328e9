package link

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
)

// The reasons for which a session is refused or ended, as they stand in ErrorInfo.
const (
	ReasonRestored = "PEER_RESTORED"    // one of both stores came back from an older copy
	ReasonLooped   = "LOOPED"           // an end dialled itself
	ReasonVersion  = "VERSION"          // no protocol version in common
	ReasonReplaced = "SESSION_REPLACED" // a newer session took over
	ReasonExists   = "LINK_EXISTS"      // both ends dial, and the other one's session stays
	ReasonTakeover = "TAKEOVER_LIMIT"   // sessions replace each other too fast
	ReasonCloned   = "STORE_CLONED"     // two processes run with one store's identity
	ReasonSession  = "NO_SESSION"       // push or pull without a live session
	ReasonProtocol = "PROTOCOL"         // the peer broke the protocol
	ReasonNotPeer  = "NOT_ACCEPTED"     // the end does not accept this peer
	ReasonStopping = "STOPPING"         // the end is shutting down
	ReasonSilent   = "SILENT"           // no beat, or none of ours heard
	ReasonStore    = "STORE"            // the end's own store is in trouble
)

// refusal is an error with the words of the protocol beside it.
type refusal struct {
	code    codes.Code
	reason  string
	text    string
	missing []mail.ID // with ReasonRestored: message IDs the restored store lacks
}

func (r *refusal) Error() string       { return r.text }
func (r *refusal) Code() codes.Code    { return r.code }
func (r *refusal) Reason() string      { return r.reason }
func (r *refusal) Is(other error) bool { o, ok := other.(*refusal); return ok && o.reason == r.reason }

const (
	missingKey = "missing_message_ids"
	maxTold    = 100 // message IDs in one status; trailers are limited
)

// GRPCStatus is the status a peer sees.
func (r *refusal) GRPCStatus() *status.Status {
	s := status.New(r.code, r.text)
	info := &errdetails.ErrorInfo{Reason: r.reason, Domain: wire.Domain}
	if len(r.missing) > 0 {
		info.Metadata = map[string]string{missingKey: joinIDs(r.missing)}
	}
	full, err := s.WithDetails(info)
	if err != nil {
		return s
	}
	return full
}

func refuse(code codes.Code, reason, format string, args ...any) *refusal {
	return &refusal{code: code, reason: reason, text: fmt.Sprintf(format, args...)}
}

func violation(format string, args ...any) error {
	return refuse(codes.InvalidArgument, ReasonProtocol, "protocol: "+format, args...)
}

// What ends a session without anybody being at fault.
var (
	errReplaced = refuse(codes.Aborted, ReasonReplaced, "a newer session took over")
	errStopping = refuse(codes.Unavailable, ReasonStopping, "the end is shutting down")
)

// stopping is errStopping in words for the peer as well: which end it is.
func (l *Links) stopping() error {
	return refuse(codes.Unavailable, ReasonStopping, "%s is shutting down", l.o.End)
}

// toStatus is what a handler returns for the end of a session.
func toStatus(err error) error {
	var r *refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &r):
		return r.GRPCStatus().Err()
	case errors.Is(err, store.ErrFenced):
		return errReplaced.GRPCStatus().Err()
	case errors.Is(err, store.ErrFailed), errors.Is(err, store.ErrFull):
		return refuse(codes.Unavailable, ReasonStore, "%s", err).GRPCStatus().Err()
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, err.Error())
	}
	if s, ok := status.FromError(err); ok {
		return s.Err()
	}
	return status.Error(codes.Unavailable, err.Error())
}

// fromStatus turns what a peer said into a refusal, if it is one of ours.
func fromStatus(err error) error {
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	for _, d := range s.Details() {
		info, ok := d.(*errdetails.ErrorInfo)
		if !ok || info.GetDomain() != wire.Domain {
			continue
		}
		return &refusal{
			code: s.Code(), reason: clip(info.GetReason(), wire.MaxReason), text: clip(s.Message(), maxText),
			missing: splitIDs(info.GetMetadata()[missingKey]),
		}
	}
	return err
}

func joinIDs(ids []mail.ID) string {
	if len(ids) > maxTold {
		ids = ids[:maxTold]
	}
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return strings.Join(texts, " ")
}

// splitIDs reads what joinIDs wrote, from a peer, leaving out what is no message ID.
func splitIDs(text string) []mail.ID {
	var ids []mail.ID
	for field := range strings.FieldsSeq(text) {
		if len(ids) < maxTold && wire.CheckID("", field) == nil {
			ids = append(ids, mail.ID(field))
		}
	}
	return ids
}
