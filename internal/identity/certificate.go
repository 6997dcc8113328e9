package identity

import (
	"crypto/x509"
	"errors"
	"net/url"
	"strings"
	"time"
)

// FromCertificate reads the identity a certificate states: exactly one URI of ours among its subject alternative names.
// A sidegate or spiffe URI counts as ours even when it is malformed or not mapped, so that two of them never leave it
// to us to choose. Nothing is verified here; Verify does that. Errors are a *Refusal.
func (m Mapping) FromCertificate(cert *x509.Certificate) (Identity, error) {
	var ours []string
	for _, u := range cert.URIs {
		if claimsIdentity(u) {
			ours = append(ours, u.String())
		}
	}
	switch len(ours) {
	case 0:
		return Identity{}, refuse(ReasonIdentityMissing,
			"the certificate has no URI %s://ROLE/NAME among its alternative names (the common name counts for nothing)", Scheme)
	case 1:
		return m.Parse(ours[0])
	}
	return Identity{}, refuse(ReasonIdentityAmbiguous,
		"the certificate has %d identity URIs, %s and %s among them; it must have exactly one", len(ours), shown(ours[0]), shown(ours[1]))
}

// claimsIdentity reports whether a URI is meant to be an identity of ours.
func claimsIdentity(u *url.URL) bool {
	return strings.EqualFold(u.Scheme, Scheme) || strings.EqualFold(u.Scheme, spiffeScheme)
}

// roots are the authorities, by what they may sign.
type roots struct {
	clients *x509.CertPool // user, operator, monitor; nil in a client's directory without clients-ca.crt
	links   *x509.CertPool // peer
}

// forRole returns the authority a role must come from.
func (r roots) forRole(role Role) (pool *x509.CertPool, file string) {
	if role == Peer {
		return r.links, LinksCAFile
	}
	return r.clients, ClientsCAFile
}

// verify reads the identity of a chain (leaf first) and checks that the authority of its role signed it for the usage.
func (r roots) verify(m Mapping, chain []*x509.Certificate, usage x509.ExtKeyUsage, now time.Time) (Identity, error) {
	if len(chain) == 0 {
		return Identity{}, refuse(ReasonNoCertificate, "the caller sent no certificate")
	}
	id, err := m.FromCertificate(chain[0])
	if err != nil {
		return Identity{}, err
	}
	pool, file := r.forRole(id.Role)
	if pool == nil {
		return Identity{}, refuse(ReasonRoleNotFromAuthority, "%s: there is no %s to check role %s against", id.URI, file, id.Role)
	}
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{
		Roots: pool, Intermediates: intermediates, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage},
	})
	if err == nil {
		return id, nil
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return Identity{}, refuse(ReasonCertificateExpired, "%s: %v", id.URI, err)
	}
	return Identity{}, refuse(ReasonRoleNotFromAuthority, "%s: role %s must come from an authority in %s: %v", id.URI, id.Role, file, err)
}
