package identity

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// CheckLoopback returns an error for the first address that other machines may reach. It is what --insecure-dev
// demands of every address, listened on or dialled. HOST:PORT with a loopback IP or the name localhost is fine, and so is
// a unix socket (unix:PATH); no name is looked up, and an empty host means every interface.
func CheckLoopback(addrs ...string) error {
	for _, addr := range addrs {
		if !isLoopback(addr) {
			return fmt.Errorf("identity: --insecure-dev sends everything in the clear and trusts every caller, so it takes loopback addresses only; %s is not one: use 127.0.0.1, or --tls-dir", shown(addr))
		}
	}
	return nil
}

// isLoopback reports whether an address is certainly of this machine alone.
func isLoopback(addr string) bool {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return path != ""
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// Insecure has the methods of a Reloader that daemons use, without certificates: plaintext on loopback, and everybody
// is Dev. The caller has used CheckLoopback on its addresses; connections that come from elsewhere are refused anyway.
type Insecure struct{}

// Server returns the credentials of a server.
func (Insecure) Server() credentials.TransportCredentials {
	return plaintext{insecure.NewCredentials()}
}

// Client returns the credentials of a client. The expected peer cannot be checked and is ignored.
func (Insecure) Client(string) credentials.TransportCredentials {
	return plaintext{insecure.NewCredentials()}
}

// Reload does nothing.
func (Insecure) Reload() error { return nil }

// Identity returns Dev.
func (Insecure) Identity() Identity { return Dev() }

// Expiry returns false: there is nothing that expires.
func (Insecure) Expiry() (time.Time, bool) { return time.Time{}, false }

// plaintext is gRPC's own plaintext with the identity Dev and a check of both addresses.
type plaintext struct {
	credentials.TransportCredentials
}

// ClientHandshake refuses a server that is not on this machine.
func (plaintext) ClientHandshake(_ context.Context, _ string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return admit(conn)
}

// ServerHandshake refuses a caller that is not on this machine.
func (plaintext) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return admit(conn)
}

// Clone returns a copy.
func (p plaintext) Clone() credentials.TransportCredentials {
	return plaintext{p.TransportCredentials.Clone()}
}

// admit makes a connection between two loopback addresses one of Dev. Connections that are not TCP never leave the
// machine: unix sockets, and the pipes of tests.
func admit(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	for _, addr := range []net.Addr{conn.LocalAddr(), conn.RemoteAddr()} {
		if tcp, ok := addr.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
			return nil, nil, refuse(ReasonNotLoopback, "--insecure-dev: %s is not a loopback address", tcp)
		}
	}
	return conn, Unverified{credentials.CommonAuthInfo{SecurityLevel: credentials.NoSecurity}}, nil
}
