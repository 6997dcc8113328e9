package wire

import (
	"errors"
	"strconv"
	"strings"

	"google.golang.org/grpc/status"
)

// What gRPC writes before the cause of a connection that could not be made.
const (
	handshakeFailed = "authentication handshake failed: "
	dialFailed      = "Error while dialing: "
)

// Said is an error as a person is told of it: a status without its code, and the bare cause of a connection that could
// not be made. handshake reports that the other end was there and the two could not agree.
func Said(err error) (text string, handshake bool) {
	text = err.Error()
	var coded interface {
		error
		GRPCStatus() *status.Status
	}
	if errors.As(err, &coded) && coded.GRPCStatus().Message() != "" {
		text = strings.Replace(text, coded.Error(), coded.GRPCStatus().Message(), 1)
	}
	if before, cause, ok := strings.Cut(text, handshakeFailed); ok {
		return unquoted(before, cause), true
	}
	if before, cause, ok := strings.Cut(text, dialFailed); ok {
		return unquoted(before, cause), false
	}
	if strings.HasSuffix(text, "while waiting for connections to become ready") {
		return "no connection came about in time", false
	}
	return text, false
}

// unquoted is the end of a text that began with before, without the quotes that gRPC puts around all of it and the marks
// that it puts before quotes inside.
func unquoted(before, text string) string {
	if !strings.Contains(before, `desc = "`) {
		return text
	}
	if plain, err := strconv.Unquote(`"` + text); err == nil {
		return plain
	}
	return strings.TrimSuffix(text, `"`)
}
