package identity

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"
)

// transport is gRPC's TLS with our configuration of the moment, an identity in the AuthInfo, and an end to every
// connection.
type transport struct {
	reloader *Reloader
	expect   string // URI of the server, for clients
}

// BrokeOff begins the error of a handshake that the network cut, or the other end by going away. Nobody was refused: the
// next try may succeed. gRPC keeps only the words of an error, so callers look for these.
const BrokeOff = "the connection broke off in the handshake with "

// ServerHandshake lets a caller in when its certificate is good. A refusal is logged and counted.
func (t *transport) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	r, m := t.reloader, t.reloader.material()
	conn, info, err := credentials.NewTLS(m.serverConfig(r.opts.Now)).ServerHandshake(raw)
	if err == nil {
		conn, info, err = r.adopt(conn, info, func(m *material, cs tls.ConnectionState) (Identity, error) {
			return m.roots.verify(m.mapping, cs.PeerCertificates, x509.ExtKeyUsageClientAuth, r.opts.Now())
		})
	}
	if err != nil {
		r.noteRefusal(raw.RemoteAddr(), err)
		return nil, nil, err
	}
	return conn, info, nil
}

// ClientHandshake dials in with our certificate and checks the server's.
func (t *transport) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	r, m := t.reloader, t.reloader.material()
	conn, info, err := credentials.NewTLS(m.clientConfig("", t.expect, r.opts.Now)).ClientHandshake(ctx, authority, raw)
	if err != nil {
		if _, refused := reasonOf(err); !refused {
			return nil, nil, fmt.Errorf("%s%s: %w", BrokeOff, authority, err)
		}
		return nil, nil, fmt.Errorf("handshake with %s: %w", authority, err)
	}
	explained := &explainedConn{Conn: conn, uri: m.identity.URI}
	return r.adopt(explained, info, func(m *material, cs tls.ConnectionState) (Identity, error) {
		return m.verifyServer(cs, t.expect, r.opts.Now())
	})
}

// Info names the protocol.
func (t *transport) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "tls"}
}

// Clone returns credentials with the same reloader.
func (t *transport) Clone() credentials.TransportCredentials { c := *t; return &c }

// OverrideServerName refuses: the name verified is the name dialled (grpc.WithAuthority changes both).
func (t *transport) OverrideServerName(string) error {
	return errors.New("identity: the server's name cannot be overridden; use grpc.WithAuthority")
}

// A connection is one that is up. It ends when its certificate does, or by a reload that no longer trusts it.
type connection struct {
	net.Conn
	reloader *Reloader
	identity Identity              // of the other end; set once, before anybody else sees the connection
	recheck  func(*material) error // whether the other end is still trusted

	once  sync.Once
	timer *time.Timer // closes the connection when the other end's certificate expires
}

// adopt takes a connection into the reloader's care. verify tells who is at the other end, now and after reloads.
func (r *Reloader) adopt(conn net.Conn, info credentials.AuthInfo, verify func(*material, tls.ConnectionState) (Identity, error)) (net.Conn, credentials.AuthInfo, error) {
	tlsInfo, ok := info.(credentials.TLSInfo)
	if !ok {
		conn.Close()
		return nil, nil, fmt.Errorf("identity: handshake gave %T, not TLS", info)
	}
	c := &connection{Conn: conn, reloader: r, recheck: func(m *material) error {
		_, err := verify(m, tlsInfo.State)
		return err
	}}
	var err error
	if c.identity, err = verify(r.material(), tlsInfo.State); err != nil {
		conn.Close()
		return nil, nil, err
	}
	notAfter := tlsInfo.State.PeerCertificates[0].NotAfter
	if err := r.watch(c, notAfter); err != nil {
		conn.Close()
		return nil, nil, err
	}
	return c, Verified{TLSInfo: tlsInfo, Identity: c.identity, NotAfter: notAfter}, nil
}

// watch checks a connection against the material of this moment, which may be newer than its handshake, and keeps it
// in view from then on.
func (r *Reloader) watch(c *connection, notAfter time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := c.recheck(r.current); err != nil {
		return err
	}
	c.timer = time.AfterFunc(notAfter.Sub(r.opts.Now()), c.expire)
	r.open[c] = struct{}{}
	return nil
}

// expire ends the connection because its certificate has.
func (c *connection) expire() {
	c.reloader.opts.Log.Info("connection closed, its certificate expired", "identity", c.identity.URI)
	_ = c.Close()
}

// Close ends the reloader's care and closes the connection.
func (c *connection) Close() error {
	c.once.Do(func() {
		c.reloader.mu.Lock()
		delete(c.reloader.open, c)
		c.reloader.mu.Unlock()
		c.timer.Stop()
	})
	return c.Conn.Close()
}

// explainedConn says what a server's alert after the handshake means: with TLS 1.3 a client learns only from its first
// read that its certificate was refused.
type explainedConn struct {
	net.Conn
	uri string // own identity
}

// Read is net.Conn's, with a clearer error for a refused certificate.
func (c *explainedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" && strings.Contains(op.Err.Error(), "certificate") {
		return n, fmt.Errorf("identity: the server refused our certificate (%s); its log has the reason: %w", c.uri, err)
	}
	return n, err
}

// noteRefusal counts a refused handshake and logs it, at most a few times a minute: whoever can connect can cause it.
func (r *Reloader) noteRefusal(from net.Addr, err error) {
	reason, refused := reasonOf(err)
	if !refused {
		return
	}
	r.opts.Refused(reason)
	r.mu.Lock()
	log, suppressed := r.warnings.take(r.opts.Now())
	r.mu.Unlock()
	if log {
		r.opts.Log.Warn("connection refused", "reason", string(reason), "remote", from.String(), "error", err, "suppressed", suppressed)
	}
}

// window lets a few events a minute through and counts the others.
type window struct {
	start      time.Time
	passed     int
	suppressed int
}

// take reports whether the event of this moment passes, and how many did not since the last one that did.
func (w *window) take(now time.Time) (pass bool, suppressed int) {
	const most, span = 20, time.Minute
	if age := now.Sub(w.start); age < 0 || age >= span {
		w.start, w.passed = now, 0
	}
	if w.passed >= most {
		w.suppressed++
		return false, 0
	}
	w.passed++
	suppressed, w.suppressed = w.suppressed, 0
	return true, suppressed
}
