package identity

import (
	"fmt"
	"strings"
)

// Scheme is the URI scheme of our own identities.
const Scheme = "sidegate"

// maxURI bounds an identity URI in bytes; it is stored with every mailbox and written to every refusal.
const maxURI = 256

// A Role says what kind of caller an identity is. The zero Role may call nothing.
type Role string

// The roles. There is no other.
const (
	Peer     Role = "peer"     // an end of a link
	User     Role = "user"     // owns mailboxes, sends and reads mail
	Operator Role = "operator" // runs the ends, may change queues and read what is stuck
	Monitor  Role = "monitor"  // reads states, never content
)

// Roles lists every role, in the order the documentation uses.
func Roles() []Role { return []Role{Peer, User, Operator, Monitor} }

// known reports whether r is one of the roles.
func (r Role) known() bool {
	switch r {
	case Peer, User, Operator, Monitor:
		return true
	}
	return false
}

// An Identity is who a verified certificate says the caller is. It is comparable, and its URI is what mailboxes
// keep as owner. The zero Identity is nobody and has no role.
type Identity struct {
	// URI is the whole name in canonical form, for example sidegate://user/alice.
	URI string
	// Role is what the URI's host (or the mapping of a spiffe URI) says. Empty for the identity of --insecure-dev: ask Is.
	Role Role
	// Name is the URI's path without its first slash, for example alice.
	Name string
	// InsecureDev is set when nothing was verified because the service runs with --insecure-dev on loopback. Such a
	// caller is peer, user and operator, and every owner.
	InsecureDev bool
}

// Dev is the identity of every caller under --insecure-dev.
func Dev() Identity { return Identity{URI: "insecure-dev", Name: "insecure-dev", InsecureDev: true} }

// Is reports whether the identity acts in role r.
func (id Identity) Is(r Role) bool {
	if id.InsecureDev {
		return r == Peer || r == User || r == Operator
	}
	return r.known() && id.Role == r
}

// String returns the URI.
func (id Identity) String() string { return id.URI }

// URI makes the canonical URI of a name in a role. It does not check either: Parse does.
func URI(role Role, name string) string { return Scheme + "://" + string(role) + "/" + name }

// Parse reads one of our own URIs. The form is exact, so that one identity has one spelling:
// sidegate://ROLE/NAME, NAME being one or more segments of letters, digits and ._@+- parted by single slashes. No
// percent signs, no port, no user, no query, no fragment, 256 bytes at most.
func Parse(uri string) (Identity, error) { return Mapping(nil).Parse(uri) }

// parseOwn is Parse for a URI known to carry our scheme.
func parseOwn(uri string) (Identity, error) {
	rest := strings.TrimPrefix(uri, Scheme+"://")
	host, name, found := strings.Cut(rest, "/")
	if !found {
		return Identity{}, refuse(ReasonIdentityMalformed, "%s: wants %s://ROLE/NAME", shown(uri), Scheme)
	}
	role := Role(host)
	if !role.known() {
		return Identity{}, refuse(ReasonRoleUnknown, "%s: %s is no role; the roles are peer, user, operator and monitor", shown(uri), shown(host))
	}
	if err := checkName(name); err != nil {
		return Identity{}, refuse(ReasonIdentityMalformed, "%s: %v", shown(uri), err)
	}
	return Identity{URI: uri, Role: role, Name: name}, nil
}

// checkName checks the path of an identity, without its first slash.
func checkName(name string) error {
	for segment := range strings.SplitSeq(name, "/") {
		switch {
		case segment == "":
			return fmt.Errorf("the name or a part of it is empty")
		case segment == "." || segment == "..":
			return fmt.Errorf("%q is no name", segment)
		}
		if i := strings.IndexFunc(segment, func(r rune) bool { return !isNameRune(r) }); i >= 0 {
			return fmt.Errorf("a name holds letters, digits and ._@+- only, not %q", segment[i:i+1])
		}
	}
	return nil
}

// isNameRune reports whether r may stand in a name.
func isNameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._@+-", r)
}

// shown quotes a string from outside for an error or a log line: bounded, no control characters.
func shown(s string) string {
	const most = 100
	if len(s) > most {
		return fmt.Sprintf("%q...", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
