package identity

import (
	"fmt"
	"strings"
)

// A Mapping gives roles to spiffe URIs. The first rule that matches decides; a spiffe URI that matches none is refused.
// The nil Mapping knows our own URIs only.
type Mapping []Rule

// A Rule gives one role to one spiffe URI, or to all below a path when Pattern ends in "/*".
type Rule struct {
	// Pattern is spiffe://TRUST-DOMAIN/PATH or spiffe://TRUST-DOMAIN/PATH/*.
	Pattern string
	// Role is what the URIs are.
	Role Role
}

// spiffeScheme is the scheme of https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md.
const spiffeScheme = "spiffe"

// ParseRule reads PATTERN=ROLE, for example spiffe://example.org/mail/user/*=user.
func ParseRule(s string) (Rule, error) {
	at := strings.LastIndexByte(s, '=')
	if at < 0 {
		return Rule{}, fmt.Errorf("identity: mapping %s: wants spiffe://DOMAIN/PATH=ROLE", shown(s))
	}
	rule := Rule{Pattern: s[:at], Role: Role(s[at+1:])}
	if !rule.Role.known() {
		return Rule{}, fmt.Errorf("identity: mapping %s: %s is no role", shown(s), shown(s[at+1:]))
	}
	if _, _, err := splitSPIFFE(strings.TrimSuffix(rule.Pattern, "/*")); err != nil {
		return Rule{}, fmt.Errorf("identity: mapping %s: %w", shown(s), err)
	}
	return rule, nil
}

// matches reports whether the rule speaks of the URI. A pattern DOMAIN/a/* matches DOMAIN/a/b, not DOMAIN/a.
func (r Rule) matches(uri string) bool {
	if prefix, wild := strings.CutSuffix(r.Pattern, "*"); wild {
		return strings.HasPrefix(uri, prefix) && len(uri) > len(prefix)
	}
	return uri == r.Pattern
}

// Parse reads an identity URI: one of ours, or a spiffe URI that the mapping gives a role. Errors are a *Refusal.
func (m Mapping) Parse(uri string) (Identity, error) {
	if len(uri) > maxURI {
		return Identity{}, refuse(ReasonIdentityMalformed, "%s: longer than %d bytes", shown(uri), maxURI)
	}
	switch {
	case strings.HasPrefix(uri, Scheme+"://"):
		return parseOwn(uri)
	case strings.HasPrefix(uri, spiffeScheme+"://"):
		return m.parseSPIFFE(uri)
	}
	return Identity{}, refuse(ReasonIdentityMalformed, "%s: wants %s://ROLE/NAME", shown(uri), Scheme)
}

// parseSPIFFE is Parse for a spiffe URI.
func (m Mapping) parseSPIFFE(uri string) (Identity, error) {
	_, path, err := splitSPIFFE(uri)
	if err != nil {
		return Identity{}, refuse(ReasonIdentityMalformed, "%s: %v", shown(uri), err)
	}
	for _, rule := range m {
		if rule.matches(uri) && rule.Role.known() {
			return Identity{URI: uri, Role: rule.Role, Name: path}, nil
		}
	}
	return Identity{}, refuse(ReasonIdentityUnmapped, "%s: no mapping gives this identity a role", shown(uri))
}

// splitSPIFFE parts a spiffe URI into trust domain and path and checks both.
func splitSPIFFE(uri string) (domain, path string, err error) {
	rest, ok := strings.CutPrefix(uri, spiffeScheme+"://")
	if !ok {
		return "", "", fmt.Errorf("wants spiffe://DOMAIN/PATH")
	}
	domain, path, found := strings.Cut(rest, "/")
	if !found {
		return "", "", fmt.Errorf("wants a path after the trust domain")
	}
	bad := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_", r))
	}
	if domain == "" || strings.ContainsFunc(domain, bad) {
		return "", "", fmt.Errorf("%q is no trust domain", domain)
	}
	if err := checkName(path); err != nil {
		return "", "", err
	}
	if strings.ContainsAny(path, "@+") {
		return "", "", fmt.Errorf("a spiffe path holds letters, digits and ._- only")
	}
	return domain, path, nil
}
