package identity

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sidegate/internal/bounds"
)

// FuzzRule: a rule that is read gives its role to nothing outside its pattern.
func FuzzRule(f *testing.F) {
	f.Add("spiffe://example.org/mail/user/*=user", "spiffe://example.org/mail/user/ann")
	f.Add("spiffe://example.org/side/pc=peer", "spiffe://example.org/side/pc")
	f.Add("spiffe://example.org/*=operator", "sidegate://operator/x")
	f.Add("spiffe://example.org/a/*=nobody", "spiffe://example.org/a")
	f.Fuzz(func(t *testing.T, text, uri string) {
		var rule Rule
		var err error
		bounds.Allocation(t, len(text), func() { rule, err = ParseRule(text) })
		if err != nil {
			return
		}
		id, err := Mapping{rule}.Parse(uri)
		if err != nil || !strings.HasPrefix(uri, spiffeScheme+"://") {
			return
		}
		if within := strings.TrimSuffix(rule.Pattern, "*"); id.Role != rule.Role || !strings.HasPrefix(uri, within) {
			t.Fatalf("the rule %q makes %q a %s", text, uri, id.Role)
		}
	})
}

// FuzzNames: the names a certificate is asked for are host names or addresses, each once.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"localhost", "127.0.0.1", "::1", "a_b.example.org", "a..b", "*.example.org", "::ffff:127.0.0.1", strings.Repeat("a", 64)} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		n, err := parseNames([]string{a, b, a})
		if err != nil {
			return
		}
		if count := len(n.dns) + len(n.ips); count == 0 || count > 2 {
			t.Fatalf("%q and %q are %v", a, b, n)
		}
		for _, name := range n.dns {
			if strings.ContainsAny(name, " /*:\x00") || len(name) > 253 {
				t.Fatalf("%q is taken for a host", name)
			}
		}
	})
}

// FuzzAuthorities: a file of authorities holds them and nothing else, or is refused with its name.
func FuzzAuthorities(f *testing.F) {
	const path = "dir/links-ca.crt"
	dir := f.TempDir()
	if _, err := Init(dir, PKIOptions{}); err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{LinksCAFile, ClientsCAFile, CertFile, KeyFile} {
		found, err := filepath.Glob(filepath.Join(dir, "*", name))
		if err != nil || len(found) == 0 {
			f.Fatalf("there is no %s: %v", name, err)
		}
		data, err := os.ReadFile(found[0])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(append([]byte("text before\n"), data...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var certs []*x509.Certificate
		var err error
		bounds.Allocation(t, len(data), func() { certs, err = parseAuthorities(path, data) })
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Fatalf("the error does not name the file: %v", err)
			}
			return
		}
		for _, c := range certs {
			if !c.IsCA {
				t.Fatalf("a certificate of %q is trusted as an authority", c.Subject)
			}
		}
	})
}
