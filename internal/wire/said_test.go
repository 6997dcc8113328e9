package wire

import (
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestSaid(t *testing.T) {
	said := func(code codes.Code, text string) error { return status.Error(code, text) }
	for _, tt := range []struct {
		name      string
		err       error
		want      string
		handshake bool
	}{
		{"no status", errors.New("the disk is full"), "the disk is full", false},
		{"a status", said(codes.Unavailable, "the end is shutting down"), "the end is shutting down", false},
		{"a status in a sentence", fmt.Errorf("push: %w", said(codes.Aborted, "fenced")), "push: fenced", false},
		{"a status that says nothing", said(codes.Unavailable, ""), "rpc error: code = Unavailable desc = ", false},
		{
			"nobody listens",
			said(codes.Unavailable, `connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:7402: connect: connection refused"`),
			"dial tcp 127.0.0.1:7402: connect: connection refused", false,
		},
		{
			"certificates that do not fit",
			said(codes.Unavailable, `connection error: desc = "transport: authentication handshake failed: the wrong authority"`),
			"the wrong authority", true,
		},
		{
			"a cause with words in quotes",
			said(codes.Unavailable, fmt.Sprintf("connection error: desc = %q",
				`transport: authentication handshake failed: x509: certificate signed by unknown authority (possibly because of "x509: ECDSA verification failure" in C:\pki)`)),
			`x509: certificate signed by unknown authority (possibly because of "x509: ECDSA verification failure" in C:\pki)`, true,
		},
		{
			"a cause that ends in a quote of its own",
			errors.New(`Error while dialing: lookup "nohost"`),
			`lookup "nohost"`, false,
		},
		{
			"a black hole",
			said(codes.DeadlineExceeded, "context deadline exceeded while waiting for connections to become ready"),
			"no connection came about in time", false,
		},
	} {
		if got, handshake := Said(tt.err); got != tt.want || handshake != tt.handshake {
			t.Errorf("%s: %q, %v, want %q, %v", tt.name, got, handshake, tt.want, tt.handshake)
		}
	}
}
