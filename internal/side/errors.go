package side

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// Reasons in ErrorInfo that come from here. INVALID_FIELD comes from package wire.
const (
	ReasonUnauthenticated = "UNAUTHENTICATED"
	ReasonNotOwner        = "MAILBOX_NOT_OWNED"
	ReasonNotOperator     = "OPERATOR_ONLY"
	ReasonNoMailbox       = "NO_SUCH_MAILBOX"
	ReasonMailboxExists   = "MAILBOX_EXISTS"
	ReasonNotEmpty        = "MAILBOX_NOT_EMPTY"
	ReasonAliasTaken      = "ALIAS_TAKEN"
	ReasonTooManyAliases  = "TOO_MANY_ALIASES"
	ReasonNoMessage       = "NO_SUCH_MESSAGE"
	ReasonRequestReused   = "REQUEST_ID_REUSED"
	ReasonStoreFull       = "STORE_FULL"
	ReasonStoreFailed     = "STORE_FAILED"
	ReasonCorrupt         = "CONTENT_CORRUPT"
	ReasonStream          = "STREAM_OUT_OF_ORDER"
)

var mappings = []wire.Mapping{
	{Is: store.ErrFull, Code: codes.ResourceExhausted, Reason: ReasonStoreFull, Retry: 30 * time.Second},
	{Is: store.ErrFailed, Code: codes.Unavailable, Reason: ReasonStoreFailed, Retry: 5 * time.Second},
	{Is: store.ErrClosed, Code: codes.Unavailable, Reason: ReasonStoreFailed, Retry: 5 * time.Second},
	{Is: store.ErrConflict, Code: codes.AlreadyExists, Reason: ReasonRequestReused},
	{Is: store.ErrCorrupt, Code: codes.DataLoss, Reason: ReasonCorrupt},
	{Is: store.ErrNotFound, Code: codes.NotFound, Reason: ReasonNoMessage},
}

// toStatus turns any error into what a call returns.
func toStatus(err error) error { return wire.Status(err, mappings...) }

func refuse(code codes.Code, reason, format string, args ...any) error {
	return wire.NewError(code, reason, 0, fmt.Errorf(format, args...))
}

func badField(field, format string, args ...any) error {
	return &wire.FieldError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// ofMessage makes the field of an error about a message one of the request the message is in.
func ofMessage(err error) error {
	var f *wire.FieldError
	if !errors.As(err, &f) || f.Field == "message" {
		return err
	}
	return &wire.FieldError{Field: "message." + f.Field, Problem: f.Problem, Reason: f.Reason}
}

// toSubmitError says inside a stream what a status would say.
func toSubmitError(err error) *pb.SubmitError {
	st := status.Convert(toStatus(err))
	e := &pb.SubmitError{Code: uint32(st.Code()), Message: st.Message()}
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.BadRequest:
			if len(d.FieldViolations) > 0 {
				e.Field = d.FieldViolations[0].Field
			}
		case *errdetails.ErrorInfo:
			e.Reason = d.Reason
		case *errdetails.RetryInfo:
			e.RetryAfterSeconds = uint32(d.RetryDelay.AsDuration().Round(time.Second) / time.Second)
		}
	}
	return e
}
