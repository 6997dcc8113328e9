package identity

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/credentials"
)

func TestEveryRoleGetsIn(t *testing.T) {
	w := newWorld(t, clock(epoch))
	server := w.server(nil, &lockedBuffer{})
	for dir, uri := range map[string]string{
		"macside": "sidegate://peer/macside", "user": DefaultUser, "operator": DefaultOperator, "monitor": DefaultMonitor,
	} {
		m := meet(t, server.Server(), w.reloader(dir, Options{}).Client("sidegate://peer/pcside"), "localhost:7401")
		if m.serverErr != nil || m.clientErr != nil {
			t.Errorf("%s: server %v, client %v", dir, m.serverErr, m.clientErr)
			continue
		}
		if got := m.server.(Verified).Identity.URI; got != uri {
			t.Errorf("%s: the server sees %s", dir, got)
		}
		if got := m.client.(Verified).Identity.URI; got != "sidegate://peer/pcside" {
			t.Errorf("%s: the client sees %s", dir, got)
		}
	}
	if left := server.Status().Connections; left != 0 {
		t.Errorf("%d connections are still kept after all were closed", left)
	}
}

// TestCallersRefused: every wrong certificate ends the handshake at the server, with its reason counted and logged.
func TestCallersRefused(t *testing.T) {
	w := newWorld(t, clock(epoch))
	other := newWorld(t, clock(epoch))
	looseLinks, looseClients := w.looseAuthority(LinksCAFile), w.looseAuthority(ClientsCAFile)
	user := []string{"sidegate://user/alice"}
	for _, c := range []struct {
		name   string
		client *tls.Config
		want   Reason
	}{
		{"no certificate", w.clientTLS(), ReasonNoCertificate},
		{"another authority's", w.clientTLS(other.forge(other.pki.clients, user, nil)), ReasonCertificateUntrusted},
		{"expired", w.clientTLS(w.forge(w.pki.clients, user, func(c *x509.Certificate) { c.NotAfter = epoch.Add(-time.Second) })), ReasonCertificateExpired},
		{"not valid yet", w.clientTLS(w.forge(w.pki.clients, user, func(c *x509.Certificate) { c.NotBefore = epoch.Add(time.Minute) })), ReasonCertificateExpired},
		{"user from the links' authority", w.clientTLS(w.forge(w.pki.links, user, nil)), ReasonCertificateUntrusted},
		{"peer from the clients' authority", w.clientTLS(w.forge(w.pki.clients, []string{"sidegate://peer/macside"}, nil)), ReasonCertificateUntrusted},
		{"user from a links' authority without constraints", w.clientTLS(w.forge(looseLinks, user, nil)), ReasonRoleNotFromAuthority},
		{"operator from a links' authority without constraints", w.clientTLS(w.forge(looseLinks, []string{DefaultOperator}, nil)), ReasonRoleNotFromAuthority},
		{"peer from a clients' authority without constraints", w.clientTLS(w.forge(looseClients, []string{"sidegate://peer/macside"}, nil)), ReasonRoleNotFromAuthority},
		{"two identities", w.clientTLS(w.forge(looseClients, []string{DefaultUser, DefaultOperator}, nil)), ReasonIdentityAmbiguous},
		{"the same identity twice", w.clientTLS(w.forge(looseClients, []string{DefaultUser, DefaultUser}, nil)), ReasonIdentityAmbiguous},
		{"an identity and a spiffe URI", w.clientTLS(w.forge(looseClients, []string{DefaultUser, "spiffe://example.org/x"}, nil)), ReasonIdentityAmbiguous},
		{"no URI, only a common name", w.clientTLS(w.forge(looseClients, nil, nil)), ReasonIdentityMissing},
		{"somebody else's URI", w.clientTLS(w.forge(looseClients, []string{"https://example.org/alice"}, nil)), ReasonIdentityMissing},
		{"unmapped spiffe URI", w.clientTLS(w.forge(looseClients, []string{"spiffe://example.org/x"}, nil)), ReasonIdentityUnmapped},
		{"unknown role", w.clientTLS(w.forge(looseClients, []string{"sidegate://admin/root"}, nil)), ReasonRoleUnknown},
		{"malformed name", w.clientTLS(w.forge(looseClients, []string{"sidegate://user/al%69ce"}, nil)), ReasonIdentityMalformed},
		{"server usage only", w.clientTLS(w.forge(looseClients, user, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		})), ReasonCertificateUntrusted},
		{"TLS 1.2", func() *tls.Config {
			c := w.clientTLS(w.forge(w.pki.clients, user, nil))
			c.MaxVersion = tls.VersionTLS12
			return c
		}(), ReasonHandshakeFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			var counted []Reason
			var log lockedBuffer
			server := w.server(func(r Reason) { counted = append(counted, r) }, &log)
			m := meet(t, server.Server(), credentials.NewTLS(c.client), "localhost")
			if m.serverErr == nil || m.clientErr == nil {
				t.Fatalf("let in: server %v, client %v", m.serverErr, m.clientErr)
			}
			if len(counted) != 1 || counted[0] != c.want {
				t.Errorf("counted %v, want %s (server %v)", counted, c.want, m.serverErr)
			}
			if !strings.Contains(log.String(), "connection refused: reason="+string(c.want)) {
				t.Errorf("log does not tell: %s", log.String())
			}
		})
	}
}

// TestServersRefused: every wrong server ends the handshake at the client.
func TestServersRefused(t *testing.T) {
	w := newWorld(t, clock(epoch))
	other := newWorld(t, clock(epoch))
	peer := []string{"sidegate://peer/pcside"}
	named := func(c *x509.Certificate) { c.DNSNames = []string{"localhost"} }
	serve := func(change func(*tls.Config), cert tls.Certificate) credentials.TransportCredentials {
		c := &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequestClientCert}
		if change != nil {
			change(c)
		}
		return credentials.NewTLS(c)
	}
	loose := w.looseAuthority(LinksCAFile)
	client := w.reloader("pcside", Options{}) // trusts the loose authority too
	for _, c := range []struct {
		name   string
		server credentials.TransportCredentials
		dial   string
		expect string
		want   string
	}{
		{"other name", w.server(nil, &lockedBuffer{}).Server(), "mail.example.org:7401", "", "not mail.example.org"},
		{"other address", w.server(nil, &lockedBuffer{}).Server(), "192.0.2.1:7401", "", "192.0.2.1"},
		{"other peer", w.server(nil, &lockedBuffer{}).Server(), "localhost:7401", "sidegate://peer/macside", "sidegate://peer/macside is expected"},
		{"other authority", serve(nil, other.forge(other.pki.links, peer, named)), "localhost", "", "unknown authority"},
		{"clients' authority", serve(nil, w.forge(w.pki.clients, []string{DefaultUser}, named)), "localhost", "", "unknown authority"},
		{"user as a server", serve(nil, w.forge(loose, []string{DefaultUser}, named)), "localhost", "", "ROLE_NOT_FROM_AUTHORITY"},
		{"no identity", serve(nil, w.forge(loose, nil, named)), "localhost", "", "IDENTITY_MISSING"},
		{"two identities", serve(nil, w.forge(loose, []string{"sidegate://peer/a", "sidegate://peer/b"}, named)), "localhost", "", "IDENTITY_AMBIGUOUS"},
		{"expired", serve(nil, w.forge(w.pki.links, peer, func(c *x509.Certificate) { named(c); c.NotAfter = epoch.Add(-time.Second) })), "localhost", "", "expired"},
		{"client usage only", serve(nil, w.forge(w.pki.links, peer, func(c *x509.Certificate) {
			named(c)
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		})), "localhost", "", "key usage"},
		{"TLS 1.2", serve(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, w.forge(w.pki.links, peer, named)), "localhost", "", "protocol version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := meet(t, c.server, client.Client(c.expect), c.dial)
			if m.clientErr == nil || !strings.Contains(m.clientErr.Error(), c.want) {
				t.Errorf("client: %v, want %q", m.clientErr, c.want)
			}
		})
	}
}

// TestRefusedClientIsTold: the alert arrives after the client's handshake; the error must still speak of certificates.
func TestRefusedClientIsTold(t *testing.T) {
	w, other := newWorld(t, clock(epoch)), newWorld(t, clock(epoch))
	mustWrite(t, other.path("user", LinksCAFile), mustRead(t, w.path("user", LinksCAFile)), 0o644)
	m := meet(t, w.server(nil, &lockedBuffer{}).Server(), other.reloader("user", Options{}).Client(""), "localhost")
	if m.clientErr == nil || !strings.Contains(m.clientErr.Error(), "refused our certificate (sidegate://user/alice)") {
		t.Errorf("client: %v", m.clientErr)
	}
}

func TestSpiffeClientByMapping(t *testing.T) {
	w := newWorld(t, clock(epoch))
	loose := w.looseAuthority(ClientsCAFile)
	server := w.reloader("pcside", Options{Server: true, Mapping: Mapping{{Pattern: "spiffe://example.org/people/*", Role: User}}})
	cert := w.forge(loose, []string{"spiffe://example.org/people/bob"}, nil)
	m := meet(t, server.Server(), credentials.NewTLS(w.clientTLS(cert)), "localhost")
	if m.serverErr != nil {
		t.Fatal(m.serverErr)
	}
	want := Identity{URI: "spiffe://example.org/people/bob", Role: User, Name: "people/bob"}
	if got := m.server.(Verified).Identity; got != want {
		t.Errorf("got %+v", got)
	}
}

// TestPortProbeIsNoRefusal: a connection that says nothing is neither counted nor logged.
func TestPortProbeIsNoRefusal(t *testing.T) {
	w := newWorld(t, clock(epoch))
	var log lockedBuffer
	server := w.server(func(r Reason) { t.Errorf("counted %s", r) }, &log)
	near, far := net.Pipe()
	near.Close()
	if _, _, err := server.Server().ServerHandshake(far); err == nil {
		t.Error("a closed connection shook hands")
	}
	if log.String() != "" {
		t.Errorf("log: %s", log.String())
	}
}

// TestBrokenOff: a server that goes away in the handshake has refused nobody, and one that speaks something else has not
// gone away.
func TestBrokenOff(t *testing.T) {
	client := newWorld(t, clock(epoch)).reloader("user", Options{}).Client("")
	for _, c := range []struct {
		name, answer string
		want         bool
	}{
		{"it goes away", "", true},
		{"it speaks HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", false},
	} {
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			_, _ = far.Read(make([]byte, 1)) // it is in the middle of what the client says
			if c.answer != "" {
				go func() { _, _ = io.Copy(io.Discard, far) }()
				_, _ = io.WriteString(far, c.answer)
			}
		}()
		_, _, err := client.ClientHandshake(t.Context(), "localhost:7401", near)
		near.Close()
		if err == nil || strings.HasPrefix(err.Error(), BrokeOff) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestRefusalLogIsBounded(t *testing.T) {
	var w window
	passed := 0
	for range 1000 {
		if pass, _ := w.take(epoch); pass {
			passed++
		}
	}
	pass, suppressed := w.take(epoch.Add(time.Minute))
	if passed != 20 || !pass || suppressed != 980 {
		t.Errorf("passed %d, then %v with %d suppressed", passed, pass, suppressed)
	}
}

func TestConfigsRefuseTicketsAndOldVersions(t *testing.T) {
	w := newWorld(t, clock(epoch))
	r := w.server(nil, &lockedBuffer{})
	for name, c := range map[string]*tls.Config{"server": r.ServerConfig(), "client": r.ClientConfig("localhost", "")} {
		if c.MinVersion != tls.VersionTLS13 || !c.SessionTicketsDisabled || c.InsecureSkipVerify || c.ClientSessionCache != nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
}
