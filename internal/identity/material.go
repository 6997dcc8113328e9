package identity

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The files of a directory of certificates.
const (
	CertFile      = "tls.crt"        // own certificate, then intermediates, PEM
	KeyFile       = "tls.key"        // its private key, PEM
	ClientsCAFile = "clients-ca.crt" // authorities of the roles user, operator and monitor, PEM
	LinksCAFile   = "links-ca.crt"   // authorities of the role peer and so of every server, PEM
)

// material is one consistent reading of a directory of certificates. It does not change.
type material struct {
	pair     tls.Certificate
	leaf     *x509.Certificate
	identity Identity
	mapping  Mapping
	roots    roots
	all      *x509.CertPool // both authorities, for the server's first look
}

// load reads and checks a directory. Every error names the file and what is wrong with it.
func load(dir string, o Options) (*material, error) {
	m := &material{mapping: o.Mapping, all: x509.NewCertPool()}
	var err error
	if m.pair, m.leaf, err = loadPair(dir); err != nil {
		return nil, err
	}
	if m.roots.links, err = m.loadAuthorities(filepath.Join(dir, LinksCAFile)); err != nil {
		return nil, err
	}
	m.roots.clients, err = m.loadAuthorities(filepath.Join(dir, ClientsCAFile))
	if err != nil && (o.Server || !errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	if err := m.check(dir, o); err != nil {
		return nil, err
	}
	return m, nil
}

// loadPair reads tls.crt and tls.key.
func loadPair(dir string) (tls.Certificate, *x509.Certificate, error) {
	certPath, keyPath := filepath.Join(dir, CertFile), filepath.Join(dir, KeyFile)
	cert, err := readBounded(certPath, func(fs.FileInfo) error { return nil })
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	key, err := readKey(keyPath)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("identity: %s with %s: %w", certPath, keyPath, err)
	}
	return pair, pair.Leaf, nil
}

// loadAuthorities reads a bundle of authorities into a pool of its own and into the pool of all.
func (m *material) loadAuthorities(path string) (*x509.CertPool, error) {
	certs, err := readAuthorities(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	for _, cert := range certs {
		pool.AddCert(cert)
		m.all.AddCert(cert)
	}
	return pool, nil
}

// readAuthorities reads a PEM file of one or more authorities. Anything else in it is an error: a leaf here would be
// trusted as such, and a key here is in the wrong place.
func readAuthorities(path string) ([]*x509.Certificate, error) {
	data, err := readBounded(path, func(fs.FileInfo) error { return nil })
	if err != nil {
		return nil, err
	}
	return parseAuthorities(path, data)
}

// parseAuthorities is readAuthorities of the bytes of a file.
func parseAuthorities(path string, data []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("identity: %s holds a %s; only certificates of authorities belong there", path, block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("identity: %s: %w", path, err)
		}
		if !cert.IsCA {
			return nil, fmt.Errorf("identity: %s holds a certificate of %q, which is no authority", path, cert.Subject)
		}
		certs = append(certs, cert)
		data = rest
	}
	if len(certs) == 0 || len(bytes.TrimSpace(data)) != 0 {
		return nil, fmt.Errorf("identity: %s is not a PEM file of certificates", path)
	}
	return certs, nil
}

// check holds the own certificate against what the other ends will demand, so that a mistake shows here with its
// reason and not there as a broken handshake.
func (m *material) check(dir string, o Options) error {
	path, now := filepath.Join(dir, CertFile), o.Now()
	fault := func(err error) error { return fmt.Errorf("identity: %s: %w", path, err) }
	if now.Before(m.leaf.NotBefore) {
		return fmt.Errorf("identity: %s is not valid before %s", path, m.leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	if !now.Before(m.leaf.NotAfter) {
		return fmt.Errorf("identity: %s expired at %s", path, m.leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	id, err := m.mapping.FromCertificate(m.leaf)
	if err != nil {
		return fault(err)
	}
	m.identity = id
	if pool, _ := m.roots.forRole(id.Role); pool != nil { // a client's directory may lack clients-ca.crt
		if _, err := m.roots.verify(m.mapping, m.chain(), x509.ExtKeyUsageClientAuth, now); err != nil {
			return fault(err)
		}
	}
	if !o.Server {
		return nil
	}
	if !id.Is(Peer) {
		return fmt.Errorf("identity: %s: a server wants role peer, and %s has role %s", path, id.URI, id.Role)
	}
	if _, err := m.roots.verify(m.mapping, m.chain(), x509.ExtKeyUsageServerAuth, now); err != nil {
		return fault(err)
	}
	for _, name := range o.ServerNames {
		if err := m.leaf.VerifyHostname(name); err != nil {
			return fault(err)
		}
	}
	return nil
}

// chain returns the own certificate and its intermediates, parsed.
func (m *material) chain() []*x509.Certificate {
	chain := []*x509.Certificate{m.leaf}
	for _, der := range m.pair.Certificate[1:] {
		if cert, err := x509.ParseCertificate(der); err == nil {
			chain = append(chain, cert)
		}
	}
	return chain
}

// exists reports whether there is something at path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
