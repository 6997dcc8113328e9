package identity

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ErrorDomain is the domain of the google.rpc.ErrorInfo that every refused call carries.
const ErrorDomain = "sidegate"

// A Reason names why somebody was refused. The words are stable: they stand in ErrorInfo, in logs and in metric labels.
type Reason string

// Reasons for which the caller's identity is not accepted: UNAUTHENTICATED, or a broken handshake.
const (
	ReasonNoCertificate        Reason = "NO_CLIENT_CERTIFICATE"
	ReasonCertificateExpired   Reason = "CERTIFICATE_EXPIRED"
	ReasonCertificateUntrusted Reason = "CERTIFICATE_UNTRUSTED"
	ReasonRoleNotFromAuthority Reason = "ROLE_NOT_FROM_AUTHORITY"
	ReasonIdentityMissing      Reason = "IDENTITY_MISSING"
	ReasonIdentityAmbiguous    Reason = "IDENTITY_AMBIGUOUS"
	ReasonIdentityMalformed    Reason = "IDENTITY_MALFORMED"
	ReasonIdentityUnmapped     Reason = "IDENTITY_UNMAPPED"
	ReasonRoleUnknown          Reason = "ROLE_UNKNOWN"
	ReasonPeerUnexpected       Reason = "PEER_UNEXPECTED"
	ReasonHandshakeFailed      Reason = "HANDSHAKE_FAILED"
	ReasonNotLoopback          Reason = "NOT_LOOPBACK"
)

// Reasons for which a known caller may not do this: PERMISSION_DENIED.
const (
	ReasonMethodMalformed   Reason = "METHOD_MALFORMED"
	ReasonMethodNotInPolicy Reason = "METHOD_NOT_IN_POLICY"
	ReasonRoleNotAllowed    Reason = "ROLE_NOT_ALLOWED"
	ReasonPeerNotAccepted   Reason = "PEER_NOT_ACCEPTED"
)

// Code is the gRPC code a call refused for this reason ends with.
func (r Reason) Code() codes.Code {
	switch r {
	case ReasonMethodMalformed, ReasonMethodNotInPolicy, ReasonRoleNotAllowed, ReasonPeerNotAccepted:
		return codes.PermissionDenied
	}
	return codes.Unauthenticated
}

// A Refusal is the error of a certificate, an identity or a call that is not accepted.
type Refusal struct {
	Reason Reason
	// Detail is one clause for people. It never holds content.
	Detail string
}

// refuse makes a Refusal with a formatted detail.
func refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// Error is the detail with the reason after it.
func (r *Refusal) Error() string { return fmt.Sprintf("identity: %s (%s)", r.Detail, r.Reason) }

// status turns the refusal of a call into what the caller gets.
func (r *Refusal) status(role Role) error {
	st := status.New(r.Reason.Code(), r.Detail)
	info := &errdetails.ErrorInfo{Reason: string(r.Reason), Domain: ErrorDomain, Metadata: map[string]string{}}
	if role != "" {
		info.Metadata["role"] = string(role)
	}
	if detailed, err := st.WithDetails(info); err == nil {
		st = detailed
	}
	return st.Err()
}

// reasonOf sorts the error of a failed handshake. It returns false for a connection that merely went away, as port
// probes and load balancers do: that refuses nobody.
func reasonOf(err error) (Reason, bool) {
	var refusal *Refusal
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var network net.Error
	switch {
	case errors.As(err, &refusal):
		return refusal.Reason, true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return ReasonCertificateExpired, true
	case errors.As(err, &invalid), errors.As(err, &unknown):
		return ReasonCertificateUntrusted, true
	case strings.Contains(err.Error(), "didn't provide a certificate"): // crypto/tls has no type for it
		return ReasonNoCertificate, true
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return "", false
	case errors.As(err, &network) && !strings.Contains(err.Error(), "remote error"):
		return "", false
	}
	return ReasonHandshakeFailed, true
}
