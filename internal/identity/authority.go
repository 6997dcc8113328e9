package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"time"
)

// Lives of certificates, and how far before "now" they begin, for the sake of clocks that lag.
const (
	authorityYears = 10
	leafLife       = 90 * 24 * time.Hour
	slack          = 5 * time.Minute
)

// authorityKind is what tells the two authorities apart.
type authorityKind struct {
	file     string // without extension
	subject  string
	restrict func(*x509.Certificate)
}

// linksAuthority signs role peer. Its URI constraint binds the role to it in every verifier that follows RFC 5280, not
// only in ours. DNS names and addresses are free: nobody knows what machines services will run on.
var linksAuthority = authorityKind{file: "links-ca", subject: "Sidegate links authority", restrict: func(t *x509.Certificate) {
	t.PermittedURIDomains = []string{string(Peer)}
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
}}

// clientsAuthority signs all other roles, and can make no server: no DNS name, no address, no server usage.
var clientsAuthority = authorityKind{file: "clients-ca", subject: "Sidegate clients authority", restrict: func(t *x509.Certificate) {
	t.PermittedURIDomains = []string{string(User), string(Operator), string(Monitor)}
	t.ExcludedDNSDomains = []string{""} // the empty domain is above all others
	t.ExcludedIPRanges = []*net.IPNet{
		{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)},
		{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)},
	}
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
}}

// An authority is one of the two. Its key stays on disk until something is to be signed.
type authority struct {
	kind    authorityKind
	cert    *x509.Certificate
	pem     []byte // cert as written into every directory
	keyPath string
}

// openAuthority reads an authority, or makes it if create is set. It never replaces a file: of two that make it at the
// same time, the slower one uses what the faster one made. The key is written first; a key without a certificate has
// signed nothing and gets its certificate now.
func openAuthority(dir string, kind authorityKind, now time.Time, create bool) (*authority, error) {
	a := &authority{kind: kind, keyPath: filepath.Join(dir, kind.file+".key")}
	path := filepath.Join(dir, kind.file+".crt")
	if !exists(path) {
		if !create {
			return nil, fmt.Errorf("identity: pki: there is no %s; make the authority with pki init first", path)
		}
		if err := a.create(path, now); err != nil {
			return nil, err
		}
	}
	certs, err := readAuthorities(path)
	if err != nil {
		return nil, err
	}
	a.cert = certs[0]
	if len(certs) != 1 || now.Before(a.cert.NotBefore) || !now.Before(a.cert.NotAfter) {
		return nil, fmt.Errorf("identity: pki: %s must hold one authority that is valid now; it is valid from %s to %s (an authority is never replaced: make a new one in another directory)",
			path, a.cert.NotBefore.UTC().Format(time.DateOnly), a.cert.NotAfter.UTC().Format(time.DateOnly))
	}
	a.pem = encodeCert(a.cert.Raw)
	return a, nil
}

// create makes key and certificate where they are missing.
func (a *authority) create(path string, now time.Time) error {
	if !exists(a.keyPath) {
		_, key, err := newKey()
		if err != nil {
			return err
		}
		if err := writeNew(a.keyPath, key, 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	key, err := a.key()
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		Subject:                     pkix.Name{CommonName: a.kind.subject},
		NotBefore:                   now.Add(-slack),
		NotAfter:                    now.AddDate(authorityYears, 0, 0),
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid:       true,
		IsCA:                        true,
		MaxPathLenZero:              true,
		PermittedDNSDomainsCritical: true, // of all name constraints, despite its name
	}
	a.kind.restrict(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("identity: pki: make %s: %w", path, err)
	}
	if err := writeNew(path, encodeCert(der), 0o644); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// key reads the private key.
func (a *authority) key() (*ecdsa.PrivateKey, error) {
	data, err := readKey(a.keyPath)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("identity: pki: %s is not PEM", a.keyPath)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("identity: pki: %s: %w", a.keyPath, err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("identity: pki: %s holds a %T, not an ECDSA key", a.keyPath, key)
	}
	return ec, nil
}

// sign makes a certificate for a public key. It does not outlive the authority.
func (a *authority) sign(template *x509.Certificate, public any) ([]byte, error) {
	key, err := a.key()
	if err != nil {
		return nil, err
	}
	if template.NotAfter.After(a.cert.NotAfter) {
		template.NotAfter = a.cert.NotAfter
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, public, key)
	if err != nil {
		return nil, fmt.Errorf("identity: pki: sign with %s: %w", a.keyPath, err)
	}
	return der, nil
}

// newKey makes an ECDSA P-256 key and its PKCS #8 PEM.
func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("identity: pki: make key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("identity: pki: make key: %w", err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// encodeCert is the PEM of a certificate.
func encodeCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
