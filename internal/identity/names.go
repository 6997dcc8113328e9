package identity

import (
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"
)

// names are the DNS names and IP addresses of a certificate.
type names struct {
	dns []string
	ips []net.IP
}

// parseNames sorts DNS names from addresses and drops doubles.
func parseNames(list []string) (names, error) {
	var n names
	for _, s := range list {
		if ip := net.ParseIP(s); ip != nil {
			n.addIP(ip)
			continue
		}
		if !isHostName(s) {
			return names{}, fmt.Errorf("identity: pki: %s is neither a DNS name nor an IP address", shown(s))
		}
		n.addDNS(s)
	}
	return n, nil
}

// isHostName reports whether s is a DNS name in the letters RFC 1123 allows, underscores included for containers.
func isHostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		bad := func(r rune) bool { return r != '-' && r != '_' && (!isNameRune(r) || strings.ContainsRune(".@+", r)) }
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, bad) {
			return false
		}
	}
	return true
}

// addDNS adds a name unless it is there.
func (n *names) addDNS(s string) {
	if !slices.Contains(n.dns, s) {
		n.dns = append(n.dns, s)
	}
}

// addIP adds an address unless it is there.
func (n *names) addIP(ip net.IP) {
	if !slices.ContainsFunc(n.ips, ip.Equal) {
		n.ips = append(n.ips, ip)
	}
}

// in reports whether a certificate has all the names.
func (n names) in(cert *x509.Certificate) bool {
	for _, s := range n.dns {
		if !slices.Contains(cert.DNSNames, s) {
			return false
		}
	}
	for _, ip := range n.ips {
		if !slices.ContainsFunc(cert.IPAddresses, ip.Equal) {
			return false
		}
	}
	return true
}

// keep adds the names an old certificate had.
func (n *names) keep(old *x509.Certificate) {
	for _, s := range old.DNSNames {
		n.addDNS(s)
	}
	for _, ip := range old.IPAddresses {
		n.addIP(ip)
	}
}
