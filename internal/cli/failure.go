package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"sidegate/internal/identity"
	"sidegate/internal/wire"
)

// The exit codes. Scripts rely on them.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitLater  = 75 // EX_TEMPFAIL of sysexits.h
)

// usageError is a command called wrongly.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// failure is the error of a command that ran, with the command's name.
type failure struct {
	command      string // without the program's name
	err          error
	certificates string // what was dialled with
}

func (f *failure) Error() string { return f.command + ": " + f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// with names the certificates of a handshake that was refused: without --tls-dir they need not be those somebody thinks of.
func (f *failure) with() string {
	if said, handshake := wire.Said(f.err); !handshake || f.certificates == "" || strings.Contains(said, identity.BrokeOff) {
		return ""
	}
	return fmt.Sprintf(" (with the certificates in %s)", f.certificates)
}

// reported is a failure whose explanation has been printed already.
type reported struct{ code int }

func (reported) Error() string { return "failed" }

// laterError is a failure that another try may cure.
type laterError struct{ err error }

func (e laterError) Error() string { return e.err.Error() }
func (e laterError) Unwrap() error { return e.err }

// exit prints an error, if it has not been, and returns the exit code for it.
func (a *app) exit(err error) int {
	if err == nil {
		return exitDone
	}
	var done reported
	if errors.As(err, &done) {
		return done.code
	}
	name := a.program.Name
	var f *failure
	if !errors.As(err, &f) { // refused before any command ran
		a.complain("%s: %s (see %s --help)", name, usageText(err), name)
		return exitUsage
	}
	var usage *usageError
	if errors.As(err, &usage) {
		a.complain("%s: %s (see %s %s --help)", name, f, name, f.command)
		return exitUsage
	}
	for _, line := range explain(f.err) {
		a.complain("%s: %s: %s%s", name, f.command, line, f.with())
	}
	return exitCode(f.err)
}

// complain writes one line to stderr, fit for a terminal.
func (a *app) complain(format string, args ...any) {
	fmt.Fprintln(a.streams.Err, clean(fmt.Sprintf(format, args...)))
}

// usageText rewrites what the flag parser says into our words.
func usageText(err error) string {
	text := err.Error()
	if flag, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		return fmt.Sprintf("there is no flag --%s", strings.TrimLeft(flag, "-"))
	}
	if flag, ok := strings.CutPrefix(text, "flag needs an argument: "); ok {
		return fmt.Sprintf("%s wants a value", flag)
	}
	return strings.ReplaceAll(text, " for flag -", " for --")
}

// exitCode tells failures that another try may cure from the others.
func exitCode(err error) int {
	var later laterError
	if errors.As(err, &later) || errors.Is(err, context.DeadlineExceeded) {
		return exitLater
	}
	st, ok := status.FromError(err)
	if !ok {
		return exitFailed
	}
	switch st.Code() {
	case codes.Unavailable:
		if said, handshake := wire.Said(st.Err()); handshake && !strings.Contains(said, identity.BrokeOff) {
			return exitFailed // certificates that do not fit today will not fit in a minute
		}
		return exitLater
	case codes.ResourceExhausted, codes.DeadlineExceeded:
		return exitLater
	case codes.Aborted:
		if _, retry := detail[*errdetails.RetryInfo](st); retry {
			return exitLater
		}
	}
	return exitFailed
}

// explain turns an error into lines for a person. A status gives its field, or its sentence, once.
func explain(err error) []string {
	var joined interface{ Unwrap() []error }
	if _, isStatus := status.FromError(err); !isStatus && errors.As(err, &joined) {
		var lines []string
		about, ok := strings.CutSuffix(err.Error(), joined.(error).Error()) // what they have in common, such as a file
		if !ok {
			about = ""
		}
		for _, e := range joined.Unwrap() {
			for _, line := range explain(e) {
				lines = append(lines, about+line)
			}
		}
		return lines
	}
	st, ok := status.FromError(err)
	switch {
	case errors.Is(err, context.DeadlineExceeded) && !ok:
		return []string{"no answer in time"}
	case !ok:
		return []string{err.Error()}
	}
	if bad, ok := detail[*errdetails.BadRequest](st); ok && len(bad.GetFieldViolations()) > 0 {
		var parts []string
		for _, v := range bad.GetFieldViolations() {
			// Some sentences begin with their field already.
			parts = append(parts, v.GetField()+": "+strings.TrimPrefix(v.GetDescription(), v.GetField()+": "))
		}
		return []string{strings.Join(parts, "; ")}
	}
	return []string{sentence(st) + advice(st)}
}

// sentence is the message of a status without gRPC's wrapping.
func sentence(st *status.Status) string {
	text, handshake := wire.Said(st.Err())
	switch {
	case handshake:
		return text
	case strings.Contains(text, "error reading server preface: "): // EOF, or a reset, whichever comes first
		return "the other end closed the connection at once: either it is ending, or it wants certificates (--tls-dir)"
	case st.Code() == codes.DeadlineExceeded:
		return "no answer in time"
	case st.Message() == "":
		return st.Code().String()
	}
	return text
}

// advice says when another try makes sense.
func advice(st *status.Status) string {
	retry, ok := detail[*errdetails.RetryInfo](st)
	if !ok || retry.GetRetryDelay().AsDuration() <= 0 {
		return ""
	}
	return fmt.Sprintf(" (try again in %s)", age(retry.GetRetryDelay().AsDuration()))
}

func detail[T any](st *status.Status) (T, bool) {
	for _, d := range st.Details() {
		if t, ok := d.(T); ok {
			return t, true
		}
	}
	var none T
	return none, false
}
