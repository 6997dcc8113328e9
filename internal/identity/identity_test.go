package identity

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/bounds"
)

func TestParse(t *testing.T) {
	mapping := Mapping{
		{Pattern: "spiffe://example.org/side/*", Role: Peer},
		{Pattern: "spiffe://example.org/ops", Role: Operator},
		{Pattern: "spiffe://example.org/*", Role: Monitor},
	}
	for _, c := range []struct {
		uri    string
		want   Identity
		reason Reason
	}{
		{uri: "sidegate://peer/pcside", want: Identity{Role: Peer, Name: "pcside"}},
		{uri: "sidegate://user/alice@Marketing", want: Identity{Role: User, Name: "alice@Marketing"}},
		{uri: "sidegate://user/NET/PO/T60009HO", want: Identity{Role: User, Name: "NET/PO/T60009HO"}},
		{uri: "sidegate://operator/ops", want: Identity{Role: Operator, Name: "ops"}},
		{uri: "sidegate://monitor/prom", want: Identity{Role: Monitor, Name: "prom"}},
		{uri: "spiffe://example.org/side/pc", want: Identity{Role: Peer, Name: "side/pc"}},
		{uri: "spiffe://example.org/ops", want: Identity{Role: Operator, Name: "ops"}},
		{uri: "spiffe://example.org/side", want: Identity{Role: Monitor, Name: "side"}},
		{uri: "spiffe://elsewhere.org/ops", reason: ReasonIdentityUnmapped},
		{uri: "spiffe://example.org.evil/ops", reason: ReasonIdentityUnmapped},
		{uri: "spiffe://Example.org/ops", reason: ReasonIdentityMalformed},
		{uri: "spiffe://example.org/ops/", reason: ReasonIdentityMalformed},
		{uri: "spiffe://example.org", reason: ReasonIdentityMalformed},
		{uri: "sidegate://admin/root", reason: ReasonRoleUnknown},
		{uri: "sidegate:///alice", reason: ReasonRoleUnknown},
		{uri: "sidegate://USER/alice", reason: ReasonRoleUnknown},
		{uri: "sidegate://user:7401/alice", reason: ReasonRoleUnknown},
		{uri: "sidegate://peer@user/alice", reason: ReasonRoleUnknown},
		{uri: "SIDEGATE://user/alice", reason: ReasonIdentityMalformed},
		{uri: "sidegate:user/alice", reason: ReasonIdentityMalformed},
		{uri: "sidegate://user", reason: ReasonIdentityMalformed},
		{uri: "sidegate://user/", reason: ReasonIdentityMalformed},
		{uri: "sidegate://user//alice", reason: ReasonIdentityMalformed},
		{uri: "sidegate://user/../operator", reason: ReasonIdentityMalformed},
		{uri: "sidegate://user/al%69ce", reason: ReasonIdentityMalformed},
		{uri: "sidegate://user/alice?role=operator", reason: ReasonIdentityMalformed},
		{uri: "sidegate://user/alice#x", reason: ReasonIdentityMalformed},
		{uri: "sidegate://user/alice\n", reason: ReasonIdentityMalformed},
		{uri: "sidegate://user/\u0430lice", reason: ReasonIdentityMalformed},
		{uri: "sidegate://user/" + strings.Repeat("a", 256), reason: ReasonIdentityMalformed},
		{uri: "https://user/alice", reason: ReasonIdentityMalformed},
		{uri: "", reason: ReasonIdentityMalformed},
	} {
		got, err := mapping.Parse(c.uri)
		if c.reason != "" {
			var refusal *Refusal
			if !errors.As(err, &refusal) || refusal.Reason != c.reason {
				t.Errorf("Parse(%q) = %v, %v; want reason %s", c.uri, got, err, c.reason)
			}
			continue
		}
		c.want.URI = c.uri
		if err != nil || got != c.want {
			t.Errorf("Parse(%q) = %v; diff %s", c.uri, err, cmp.Diff(c.want, got))
		}
	}
}

func TestSPIFFENeedsAMapping(t *testing.T) {
	if id, err := Parse("spiffe://example.org/ops"); err == nil {
		t.Errorf("without a mapping a spiffe URI is %+v", id)
	}
}

func TestParseRule(t *testing.T) {
	got, err := ParseRule("spiffe://example.org/mail/*=user")
	if want := (Rule{Pattern: "spiffe://example.org/mail/*", Role: User}); err != nil || got != want {
		t.Errorf("ParseRule = %+v, %v", got, err)
	}
	for _, bad := range []string{"", "spiffe://example.org/a", "spiffe://example.org/a=root", "sidegate://user/a=user", "spiffe:///a=user", "spiffe://x/a*b=user", "*=operator"} {
		if rule, err := ParseRule(bad); err == nil {
			t.Errorf("ParseRule(%q) = %+v", bad, rule)
		}
	}
}

func TestRolesOfAnIdentity(t *testing.T) {
	for _, role := range Roles() {
		for _, other := range Roles() {
			if got := (Identity{Role: role}).Is(other); got != (role == other) {
				t.Errorf("%s.Is(%s) = %v", role, other, got)
			}
		}
		if (Identity{}).Is(role) {
			t.Errorf("nobody is %s", role)
		}
	}
	if (Identity{}).Is("") {
		t.Error("nobody has the empty role")
	}
	if dev := Dev(); !dev.Is(Peer) || !dev.Is(User) || !dev.Is(Operator) || dev.Is("") {
		t.Error("insecure-dev must be peer, user and operator")
	}
}

// FuzzParse: whatever is accepted has one spelling, a known role, and rebuilds to the same bytes.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"sidegate://user/alice", "spiffe://example.org/side/pc", "sidegate://peer/a/b", "sidegate://user/%2e%2e", "sidegate://user/a//b", "\x00", "sidegate://operator/x?y"} {
		f.Add(seed)
	}
	mapping := Mapping{{Pattern: "spiffe://example.org/*", Role: Peer}}
	f.Fuzz(func(t *testing.T, uri string) {
		var id Identity
		var err error
		bounds.Allocation(t, len(uri), func() { id, err = mapping.Parse(uri) })
		if err != nil {
			var refusal *Refusal
			if !errors.As(err, &refusal) || id != (Identity{}) {
				t.Fatalf("Parse(%q) = %+v, %T", uri, id, err)
			}
			return
		}
		if id.URI != uri || !id.Role.known() || id.InsecureDev || len(uri) > maxURI {
			t.Fatalf("Parse(%q) = %+v", uri, id)
		}
		if rebuilt := URI(id.Role, id.Name); strings.HasPrefix(uri, Scheme) && rebuilt != uri {
			t.Fatalf("Parse(%q) rebuilds to %q", uri, rebuilt)
		}
		if strings.ContainsAny(id.Name, "%?#\\: \t\r\n") || strings.Contains("/"+id.Name+"/", "/../") {
			t.Fatalf("Parse(%q) let name %q through", uri, id.Name)
		}
	})
}
