package identity

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/credentials"
)

// epoch is when most tests take place.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock returns a wall clock that stands still.
func clock(now time.Time) func() time.Time { return func() time.Time { return now } }

// A world is a local authority in a temporary directory, and a way to make certificates it would never make.
type world struct {
	t   *testing.T
	dir string
	pki *pki
}

// newWorld runs Init at a time.
func newWorld(t *testing.T, now func() time.Time) *world {
	t.Helper()
	w := &world{t: t, dir: filepath.Join(t.TempDir(), "pki")}
	if _, err := Init(w.dir, PKIOptions{Now: now}); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.pki, err = openPKI(w.dir, PKIOptions{Now: now}, false); err != nil {
		t.Fatal(err)
	}
	return w
}

// path is a file below the world's directory.
func (w *world) path(parts ...string) string {
	return filepath.Join(append([]string{w.dir}, parts...)...)
}

// reloader opens one of the world's directories.
func (w *world) reloader(name string, o Options) *Reloader {
	w.t.Helper()
	if o.Now == nil {
		o.Now = clock(epoch)
	}
	r, err := NewReloader(w.path(name), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// server is the reloader of pcside, its log and its counter.
func (w *world) server(refused func(Reason), log *lockedBuffer) *Reloader {
	return w.reloader("pcside", Options{Server: true, Refused: refused, Log: hclog.New(&hclog.LoggerOptions{Output: log, Level: hclog.Debug})})
}

// forge makes a certificate signed by one of the authorities, with nothing checked.
func (w *world) forge(by *authority, uris []string, change func(*x509.Certificate)) tls.Certificate {
	w.t.Helper()
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "sidegate://operator/ops"}, // must never help
		NotBefore:   epoch.Add(-time.Hour),
		NotAfter:    epoch.Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	for _, s := range uris {
		u, err := url.Parse(s)
		if err != nil {
			w.t.Fatal(err)
		}
		template.URIs = append(template.URIs, u)
	}
	if change != nil {
		change(template)
	}
	key, _, err := newKey()
	if err != nil {
		w.t.Fatal(err)
	}
	der, err := by.sign(template, key.Public())
	if err != nil {
		w.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// looseAuthority makes an authority without name constraints and adds it to a bundle of pcside, as an authority of
// somebody else's making would be.
func (w *world) looseAuthority(bundle string) *authority {
	w.t.Helper()
	a := &authority{kind: authorityKind{file: "loose", subject: "loose", restrict: func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical = false
		c.SerialNumber = big.NewInt(time.Now().UnixNano())
	}}, keyPath: filepath.Join(w.t.TempDir(), "loose.key")}
	path := filepath.Join(filepath.Dir(a.keyPath), "loose.crt")
	if err := a.create(path, epoch); err != nil {
		w.t.Fatal(err)
	}
	certs, err := readAuthorities(path)
	if err != nil {
		w.t.Fatal(err)
	}
	a.cert, a.pem = certs[0], encodeCert(certs[0].Raw)
	file := w.path("pcside", bundle)
	old := mustRead(w.t, file)
	mustWrite(w.t, file, append(old, a.pem...), 0o644)
	return a
}

// clientTLS is a client with any certificate, which trusts the world's servers and checks nothing else.
func (w *world) clientTLS(certs ...tls.Certificate) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(w.pki.links.cert)
	return &tls.Config{Certificates: certs, RootCAs: pool, Time: clock(epoch), MinVersion: tls.VersionTLS12}
}

// A meeting is how a handshake went, at both ends, up to the first byte the server says.
type meeting struct {
	server, client       credentials.AuthInfo
	serverErr, clientErr error
}

// meet lets two ends shake hands over a loopback connection.
func meet(t *testing.T, server, client credentials.TransportCredentials, name string) meeting {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var m meeting
	var done sync.WaitGroup
	done.Go(func() {
		raw, err := listener.Accept()
		if err != nil {
			m.serverErr = err
			return
		}
		defer raw.Close()
		_ = raw.SetDeadline(time.Now().Add(5 * time.Second))
		var conn net.Conn
		if conn, m.server, m.serverErr = server.ServerHandshake(raw); m.serverErr == nil {
			_, m.serverErr = conn.Write([]byte("!"))
			_, _ = conn.Read(make([]byte, 1)) // until the client has read and gone
			conn.Close()
		}
	})
	raw, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	_ = raw.SetDeadline(time.Now().Add(5 * time.Second))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var conn net.Conn
	if conn, m.client, m.clientErr = client.ClientHandshake(ctx, name, raw); m.clientErr == nil {
		_, m.clientErr = conn.Read(make([]byte, 1))
		conn.Close()
	}
	raw.Close()
	done.Wait()
	return m
}

// reason digs the Reason out of an error.
func reason(err error) Reason {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	return ""
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mustWrite(t *testing.T, path string, data []byte, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, data, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
