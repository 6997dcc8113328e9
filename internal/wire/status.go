package wire

import (
	"cmp"
	"context"
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Domain is the domain of every ErrorInfo.
const Domain = "sidegate"

// Error is an error with the words of the protocol beside it. Status finds it anywhere in a chain.
type Error struct {
	code   codes.Code
	reason string
	retry  time.Duration
	err    error
}

// NewError gives err a status code and a stable reason such as STORE_FULL; a retry above zero says when another try
// makes sense.
func NewError(code codes.Code, reason string, retry time.Duration, err error) *Error {
	return &Error{code: code, reason: reason, retry: retry, err: err}
}

// Error is the sentence of the error inside.
func (e *Error) Error() string { return e.err.Error() }

// Unwrap is the error inside.
func (e *Error) Unwrap() error { return e.err }

// Code is the canonical status code.
func (e *Error) Code() codes.Code { return e.code }

// Reason is the stable reason.
func (e *Error) Reason() string { return e.reason }

// RetryAfter is when another try makes sense; zero means not at all.
func (e *Error) RetryAfter() time.Duration { return e.retry }

// Mapping says which status an error of another package becomes.
type Mapping struct {
	Is     error // by errors.Is
	Code   codes.Code
	Reason string
	Retry  time.Duration
}

// Status turns any error into a gRPC status with google.rpc details. In this order: an error with a status of its
// own; a *FieldError (INVALID_ARGUMENT and BadRequest); an error with Code and Reason, such as *Error; the mappings;
// the errors of contexts; and INTERNAL for the rest. Status(nil) is nil.
func Status(err error, mappings ...Mapping) error {
	if err == nil {
		return nil
	}
	var own interface{ GRPCStatus() *status.Status }
	if errors.As(err, &own) {
		return own.GRPCStatus().Err()
	}
	var field *FieldError
	if errors.As(err, &field) {
		return withDetails(codes.InvalidArgument, err, cmp.Or(field.Reason, "INVALID_FIELD"), 0, &errdetails.BadRequest{
			FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: field.Field, Description: field.Problem}},
		})
	}
	var coded interface {
		Code() codes.Code
		Reason() string
	}
	if errors.As(err, &coded) {
		var later interface{ RetryAfter() time.Duration }
		var retry time.Duration
		if errors.As(err, &later) {
			retry = later.RetryAfter()
		}
		return withDetails(coded.Code(), err, coded.Reason(), retry)
	}
	for _, m := range mappings {
		if errors.Is(err, m.Is) {
			return withDetails(m.Code, err, m.Reason, m.Retry)
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, err.Error())
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, err.Error())
	}
	return withDetails(codes.Internal, err, "INTERNAL", 0)
}

func withDetails(code codes.Code, err error, reason string, retry time.Duration, more ...protoadapt.MessageV1) error {
	s := status.New(code, err.Error())
	details := append(more, &errdetails.ErrorInfo{Reason: reason, Domain: Domain})
	if retry > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(retry)})
	}
	full, failed := s.WithDetails(details...)
	if failed != nil {
		return s.Err() // only an OK status takes no details
	}
	return full.Err()
}
