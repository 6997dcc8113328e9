package identity

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// baseConfig is what both directions share. Session tickets are off: a resumed session would keep the trust of the time
// it began in (CVE-2025-68121).
func (m *material) baseConfig(now func() time.Time) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		MaxVersion:             tls.VersionTLS13,
		NextProtos:             []string{"h2"},
		SessionTicketsDisabled: true,
		Time:                   now,
	}
}

// serverConfig demands a certificate of every caller and binds its role to the authority that signed it.
func (m *material) serverConfig(now func() time.Time) *tls.Config {
	c := m.baseConfig(now)
	c.Certificates = []tls.Certificate{m.pair}
	c.ClientAuth = tls.RequireAndVerifyClientCert
	c.ClientCAs = m.all
	c.VerifyConnection = func(cs tls.ConnectionState) error {
		_, err := m.roots.verify(m.mapping, cs.PeerCertificates, x509.ExtKeyUsageClientAuth, now())
		return err
	}
	return c
}

// clientConfig demands a server of the name dialled, signed by the links' authority and of role peer, and of the expected
// URI if that is not empty. An empty serverName is filled in by who dials.
func (m *material) clientConfig(serverName, expect string, now func() time.Time) *tls.Config {
	c := m.baseConfig(now)
	c.ServerName = serverName
	c.RootCAs = m.roots.links
	// Always our own, whatever authorities the server says it likes: a clear refusal beats "no certificate".
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &m.pair, nil }
	c.VerifyConnection = func(cs tls.ConnectionState) error {
		_, err := m.verifyServer(cs, expect, now())
		return err
	}
	return c
}

// verifyServer is what a client checks beyond the chain and the name.
func (m *material) verifyServer(cs tls.ConnectionState, expect string, now time.Time) (Identity, error) {
	id, err := m.roots.verify(m.mapping, cs.PeerCertificates, x509.ExtKeyUsageServerAuth, now)
	switch {
	case err != nil:
		return Identity{}, err
	case !id.Is(Peer):
		return Identity{}, refuse(ReasonPeerUnexpected, "the server is %s, and role %s serves nobody", id.URI, id.Role)
	case expect != "" && id.URI != expect:
		return Identity{}, refuse(ReasonPeerUnexpected, "the server is %s, and %s is expected there", id.URI, expect)
	}
	return id, nil
}
