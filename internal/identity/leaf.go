package identity

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"
	"time"
)

// A leaf is a certificate that should be in its directory.
type leaf struct {
	dir      string
	identity Identity
	names    names
	owner    *Owner
}

// ensure leaves a good certificate and the authorities in the leaf's directory.
func (p *pki) ensure(l leaf) (Issued, error) {
	if err := makePrivateDir(l.dir, l.owner); err != nil {
		return Issued{}, err
	}
	old, err := l.present()
	if err != nil {
		return Issued{}, err
	}
	issued := Issued{Dir: l.dir, Identity: l.identity, Action: Created}
	switch {
	case old != nil && p.good(l, old):
		issued.Action, issued.NotAfter = Kept, old.NotAfter
	default:
		if old != nil {
			issued.Action = Renewed
			l.names.keep(old)
		}
		if issued.NotAfter, err = p.issue(l); err != nil {
			return Issued{}, err
		}
	}
	return issued, p.finish(l)
}

// present returns the certificate that is there, nil if none or one that cannot be read as such. Another identity's is
// an error: it is not ours to replace.
func (l leaf) present() (*x509.Certificate, error) {
	cert, err := readLeaf(filepath.Join(l.dir, CertFile))
	if err != nil {
		return nil, nil
	}
	if id, err := Mapping(nil).FromCertificate(cert); err == nil && id.URI != l.identity.URI {
		return nil, fmt.Errorf("identity: pki: %s holds the certificate of %s, not of %s: choose another name", l.dir, id.URI, l.identity.URI)
	}
	return cert, nil
}

// good reports whether a certificate may stay: key and certificate belong together (a power cut between the two writes
// parts them), our authority signed it, it has the names, and two thirds of its life are not over.
func (p *pki) good(l leaf, cert *x509.Certificate) bool {
	if _, _, err := loadPair(l.dir); err != nil {
		return false
	}
	if id, err := Mapping(nil).FromCertificate(cert); err != nil || id != l.identity {
		return false
	}
	renewAt := cert.NotBefore.Add(cert.NotAfter.Sub(cert.NotBefore) / 3 * 2)
	return l.names.in(cert) && cert.CheckSignatureFrom(p.authority(l.identity.Role).cert) == nil &&
		!p.now.Before(cert.NotBefore) && p.now.Before(renewAt)
}

// issue signs a certificate for a new key and writes both, the key first.
func (p *pki) issue(l leaf) (time.Time, error) {
	uri, err := url.Parse(l.identity.URI)
	if err != nil {
		return time.Time{}, fmt.Errorf("identity: pki: %w", err)
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: l.identity.Name}, // for people; nothing reads it
		NotBefore:   p.now.Add(-slack),
		NotAfter:    p.now.Add(leafLife),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		URIs:        []*url.URL{uri},
		DNSNames:    l.names.dns,
		IPAddresses: l.names.ips,
	}
	if l.identity.Is(Peer) { // serves its name, and calls its peers with the same certificate
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	key, keyPEM, err := newKey()
	if err != nil {
		return time.Time{}, err
	}
	der, err := p.authority(l.identity.Role).sign(template, key.Public())
	if err != nil {
		return time.Time{}, err
	}
	if err := writeAtomic(filepath.Join(l.dir, KeyFile), keyPEM, 0o600, l.owner); err != nil {
		return time.Time{}, err
	}
	return template.NotAfter, writeAtomic(filepath.Join(l.dir, CertFile), encodeCert(der), 0o644, l.owner)
}

// finish puts the authorities beside the certificate and gives all to the owner. A bundle that has our authority
// already may hold others beside it, put there by hand, and is left as it is.
func (p *pki) finish(l leaf) error {
	bundles := map[string]*authority{LinksCAFile: p.links, ClientsCAFile: p.clients, ServersCAFile: p.links}
	for name, a := range bundles {
		path := filepath.Join(l.dir, name)
		certs, _ := readAuthorities(path) // unreadable: written anew
		if slices.ContainsFunc(certs, func(c *x509.Certificate) bool { return bytes.Equal(c.Raw, a.cert.Raw) }) {
			continue
		}
		if err := writeAtomic(path, a.pem, 0o644, l.owner); err != nil {
			return err
		}
	}
	for _, name := range []string{CertFile, KeyFile, LinksCAFile, ClientsCAFile, ServersCAFile} {
		if err := giveTo(filepath.Join(l.dir, name), l.owner); err != nil {
			return err
		}
	}
	return nil
}

// readLeaf reads the first certificate of a PEM file.
func readLeaf(path string) (*x509.Certificate, error) {
	data, err := readBounded(path, func(fs.FileInfo) error { return nil })
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("identity: %s is not a PEM certificate", path)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("identity: %s: %w", path, err)
	}
	return cert, nil
}
