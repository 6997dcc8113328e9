package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/credentials"
)

// actions maps directory to action.
func actions(issued []Issued) map[string]Action {
	m := map[string]Action{}
	for _, i := range issued {
		m[filepath.Base(i.Dir)] = i.Action
	}
	return m
}

// all gives every standard directory one action.
func all(a Action) map[string]Action {
	return map[string]Action{"pcside": a, "macside": a, "coordinator": a, "user": a, "operator": a, "monitor": a}
}

func TestInitMakesReadyDirectories(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "pki")
	issued := mustInit(t, dir, epoch)
	if diff := cmp.Diff(all(Created), actions(issued)); diff != "" {
		t.Error(diff)
	}
	uris := map[string]string{}
	for _, i := range issued {
		uris[filepath.Base(i.Dir)] = i.Identity.URI
		if want := epoch.Add(leafLife); !i.NotAfter.Equal(want) {
			t.Errorf("%s expires %s, want %s", i.Dir, i.NotAfter, want)
		}
		r, err := NewReloader(i.Dir, Options{Server: i.Identity.Is(Peer), Now: clock(epoch)})
		if err != nil {
			t.Errorf("%s is not ready: %v", i.Dir, err)
			continue
		}
		if expiry, _ := r.Expiry(); r.Identity() != i.Identity || !expiry.Equal(i.NotAfter) {
			t.Errorf("%s holds %+v until %s", i.Dir, r.Identity(), expiry)
		}
	}
	want := map[string]string{
		"pcside": "sidegate://peer/pcside", "macside": "sidegate://peer/macside", "coordinator": "sidegate://peer/coordinator",
		"user": DefaultUser, "operator": DefaultOperator, "monitor": DefaultMonitor,
	}
	if diff := cmp.Diff(want, uris); diff != "" {
		t.Error(diff)
	}
	checkModes(t, dir)
}

// checkModes walks a PKI: directories 0700, keys 0600, nothing temporary left.
func checkModes(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o644)
		switch {
		case d.IsDir():
			want = 0o700
		case strings.HasSuffix(path, ".key"):
			want = 0o600
		}
		if info.Mode().Perm() != want || strings.HasSuffix(path, ".tmp") {
			t.Errorf("%s has mode %04o, want %04o", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestLeafContents(t *testing.T) {
	w := newWorld(t, clock(epoch))
	cert, err := readLeaf(w.path("pcside", CertFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "pcside", "127.0.0.1", "::1"} {
		if err := cert.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if !cert.NotBefore.Equal(epoch.Add(-5 * time.Minute)) {
		t.Errorf("not before %s", cert.NotBefore)
	}
	if key, ok := cert.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("key %T", cert.PublicKey)
	}
	user, err := readLeaf(w.path("user", CertFile))
	if err != nil {
		t.Fatal(err)
	}
	if len(user.DNSNames)+len(user.IPAddresses) != 0 || slices.Contains(user.ExtKeyUsage, x509.ExtKeyUsageServerAuth) {
		t.Errorf("a user's certificate could serve: %v %v %v", user.DNSNames, user.IPAddresses, user.ExtKeyUsage)
	}
	for _, a := range []*authority{w.pki.links, w.pki.clients} {
		if c := a.cert; !c.IsCA || !c.MaxPathLenZero || c.MaxPathLen != 0 || !c.PermittedDNSDomainsCritical || !c.NotAfter.Equal(epoch.AddDate(10, 0, 0)) {
			t.Errorf("authority %s: %+v", c.Subject, c)
		}
	}
}

// TestConstraintsHoldInPlainX509: a verifier that knows nothing of us refuses what the wrong authority signed.
func TestConstraintsHoldInPlainX509(t *testing.T) {
	w := newWorld(t, clock(epoch))
	named := func(c *x509.Certificate) { c.DNSNames = []string{"localhost"} }
	addressed := func(c *x509.Certificate) { c.IPAddresses = append(c.IPAddresses, []byte{127, 0, 0, 1}) }
	for _, c := range []struct {
		name string
		by   *authority
		pair tls.Certificate
		fine bool
	}{
		{"peer by links", w.pki.links, w.forge(w.pki.links, []string{"sidegate://peer/x"}, named), true},
		{"user by links", w.pki.links, w.forge(w.pki.links, []string{"sidegate://user/x"}, named), false},
		{"user by clients", w.pki.clients, w.forge(w.pki.clients, []string{"sidegate://user/x"}, nil), true},
		{"operator by clients", w.pki.clients, w.forge(w.pki.clients, []string{"sidegate://operator/x"}, nil), true},
		{"monitor by clients", w.pki.clients, w.forge(w.pki.clients, []string{"sidegate://monitor/x"}, nil), true},
		{"peer by clients", w.pki.clients, w.forge(w.pki.clients, []string{"sidegate://peer/x"}, nil), false},
		{"named user by clients", w.pki.clients, w.forge(w.pki.clients, []string{"sidegate://user/x"}, named), false},
		{"addressed user by clients", w.pki.clients, w.forge(w.pki.clients, []string{"sidegate://user/x"}, addressed), false},
	} {
		cert, err := x509.ParseCertificate(c.pair.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AddCert(c.by.cert)
		_, err = cert.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: epoch, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		if (err == nil) != c.fine {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestInitAgain: rows are what happened between two runs.
func TestInitAgain(t *testing.T) {
	day := 24 * time.Hour
	with := func(dir string, a Action) map[string]Action {
		m := all(Kept)
		m[dir] = a
		return m
	}
	for _, c := range []struct {
		name   string
		after  time.Duration
		change func(w *world)
		want   map[string]Action
	}{
		{"nothing", 0, nil, all(Kept)},
		{"a day before two thirds", 59 * day, nil, all(Kept)},
		{"two thirds of the life", 60 * day, nil, all(Renewed)},
		{"long expired", 400 * day, nil, all(Renewed)},
		{"certificate lost", 0, func(w *world) { mustRemove(w.t, w.path("user", CertFile)) }, with("user", Created)},
		{"key lost", 0, func(w *world) { mustRemove(w.t, w.path("user", KeyFile)) }, with("user", Renewed)},
		{"directory lost", 0, func(w *world) {
			if err := os.RemoveAll(w.path("monitor")); err != nil {
				w.t.Fatal(err)
			}
		}, with("monitor", Created)},
		{"power cut between key and certificate", 0, func(w *world) {
			_, key, err := newKey()
			if err != nil {
				w.t.Fatal(err)
			}
			mustWrite(w.t, w.path("pcside", KeyFile), key, 0o600)
		}, with("pcside", Renewed)},
		{"certificate is garbage", 0, func(w *world) { mustWrite(w.t, w.path("pcside", CertFile), []byte("x"), 0o644) }, with("pcside", Created)},
		{"authorities' bundle lost", 0, func(w *world) { mustRemove(w.t, w.path("pcside", LinksCAFile)) }, all(Kept)},
		{"directory and key opened to all", 0, func(w *world) {
			mustChmod(w.t, w.path("pcside"), 0o755)
			mustChmod(w.t, w.path("pcside", KeyFile), 0o644)
		}, with("pcside", Kept)},
		{"one issued by hand, worn", 60 * day, func(w *world) {
			if _, err := Issue(w.dir, Leaf{Name: "bob", Role: User}, PKIOptions{Now: clock(epoch)}); err != nil {
				w.t.Fatal(err)
			}
		}, func() map[string]Action { m := all(Renewed); m["bob"] = Renewed; return m }()},
		{"somebody else's directory", 0, func(w *world) {
			if err := os.Mkdir(w.path("notes"), 0o755); err != nil {
				w.t.Fatal(err)
			}
		}, all(Kept)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, clock(epoch))
			if c.change != nil {
				c.change(w)
			}
			authorities := map[string][]byte{}
			for _, f := range []string{"links-ca.crt", "links-ca.key", "clients-ca.crt", "clients-ca.key"} {
				authorities[f] = mustRead(t, w.path("ca", f))
			}
			now := epoch.Add(c.after)
			issued := mustInit(t, w.dir, now)
			if diff := cmp.Diff(c.want, actions(issued)); diff != "" {
				t.Error(diff)
			}
			for f, old := range authorities {
				if !slices.Equal(old, mustRead(t, w.path("ca", f))) {
					t.Errorf("%s was replaced", f)
				}
			}
			for _, i := range issued {
				if _, err := NewReloader(i.Dir, Options{Server: i.Identity.Is(Peer), Now: clock(now)}); err != nil {
					t.Errorf("%s is not ready: %v", i.Dir, err)
				}
			}
		})
	}
}

func TestInitHealsHalfAnAuthority(t *testing.T) {
	w := newWorld(t, clock(epoch))
	key := mustRead(t, w.path("ca", "links-ca.key"))
	mustRemove(t, w.path("ca", "links-ca.crt")) // as after a power cut between the two writes
	mustInit(t, w.dir, epoch)
	if !slices.Equal(key, mustRead(t, w.path("ca", "links-ca.key"))) {
		t.Error("the key was replaced")
	}
}

func TestAuthorityKeyMayLiveElsewhere(t *testing.T) {
	w := newWorld(t, clock(epoch))
	mustRemove(t, w.path("ca", "links-ca.key"))
	if _, err := Init(w.dir, PKIOptions{Now: clock(epoch)}); err != nil {
		t.Errorf("nothing was to be signed, and yet: %v", err)
	}
	if _, err := Init(w.dir, PKIOptions{Now: clock(epoch.AddDate(0, 0, 61))}); err == nil || !strings.Contains(err.Error(), "links-ca.key") {
		t.Errorf("renewal without the key: %v", err)
	}
}

func TestAuthorityExpired(t *testing.T) {
	w := newWorld(t, clock(epoch))
	if _, err := Init(w.dir, PKIOptions{Now: clock(epoch.AddDate(10, 0, 1))}); err == nil || !strings.Contains(err.Error(), "never replaced") {
		t.Errorf("an expired authority: %v", err)
	}
	late := mustInit(t, w.dir, epoch.AddDate(10, 0, -10))
	if end := epoch.AddDate(10, 0, 0); late[0].NotAfter.After(end) {
		t.Errorf("a certificate outlives its authority: %s", late[0].NotAfter)
	}
}

func TestInitTwiceAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := Init(dir, PKIOptions{Now: clock(epoch)}); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	mustInit(t, dir, epoch) // mends pairs that the two parted
	for _, name := range DefaultServices() {
		if _, err := NewReloader(filepath.Join(dir, name), Options{Server: true, Now: clock(epoch)}); err != nil {
			t.Error(err)
		}
	}
}

func TestIssue(t *testing.T) {
	w := newWorld(t, clock(epoch))
	o := PKIOptions{Now: clock(epoch)}
	bob, err := Issue(w.dir, Leaf{Name: "bob", Role: User}, o)
	if err != nil || bob.Action != Created || bob.Identity.URI != "sidegate://user/bob" || bob.Dir != w.path("bob") {
		t.Fatalf("%+v, %v", bob, err)
	}
	m := meet(t, w.server(nil, &lockedBuffer{}).Server(), w.reloader("bob", Options{}).Client(""), "localhost")
	if m.serverErr != nil || m.server.(Verified).Identity != bob.Identity {
		t.Errorf("bob is not let in: %v", m.serverErr)
	}
	site := Leaf{Name: "site2", Role: Peer, SANs: []string{"mail.example.org", "192.0.2.1"}}
	for _, want := range []Action{Created, Kept} {
		if got, err := Issue(w.dir, site, o); err != nil || got.Action != want {
			t.Errorf("%+v, %v; want %s", got, err, want)
		}
	}
	site.SANs = []string{"post.example.org"}
	if got, err := Issue(w.dir, site, o); err != nil || got.Action != Renewed {
		t.Errorf("one more name: %+v, %v", got, err)
	}
	w.reloader("site2", Options{Server: true, ServerNames: []string{"site2", "mail.example.org", "192.0.2.1", "post.example.org", "127.0.0.1"}})
}

func TestIssueRefuses(t *testing.T) {
	w := newWorld(t, clock(epoch))
	for name, l := range map[string]Leaf{
		"another identity's directory": {Name: "pcside", Role: User},
		"default user's directory":     {Name: "user", Role: User},
		"authority's directory":        {Name: "ca", Role: User},
		"authority's, other case":      {Name: "CA", Role: User},
		"way out":                      {Name: "../x", Role: User},
		"dot":                          {Name: ".", Role: User},
		"hidden":                       {Name: ".x", Role: User},
		"option":                       {Name: "-x", Role: User},
		"empty":                        {Role: User},
		"no role":                      {Name: "x"},
		"unknown role":                 {Name: "x", Role: "admin"},
		"user with a name":             {Name: "x", Role: User, SANs: []string{"x.example.org"}},
		"bad DNS name":                 {Name: "x", Role: Peer, SANs: []string{"*.exa mple"}},
		"peer name that is no host":    {Name: "a@b", Role: Peer},
	} {
		if got, err := Issue(w.dir, l, PKIOptions{Now: clock(epoch)}); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if _, err := Issue(t.TempDir(), Leaf{Name: "x", Role: User}, PKIOptions{}); err == nil || !strings.Contains(err.Error(), "pki init") {
		t.Errorf("without an authority: %v", err)
	}
	if cert, err := readLeaf(w.path("pcside", CertFile)); err != nil || cert.URIs[0].String() != "sidegate://peer/pcside" {
		t.Errorf("pcside's certificate was touched: %v", err)
	}
}

// TestBundlesAreMended: an authority added by hand stays, one of another PKI goes.
func TestBundlesAreMended(t *testing.T) {
	w, other := newWorld(t, clock(epoch)), newWorld(t, clock(epoch))
	added := append(mustRead(t, w.path("pcside", ClientsCAFile)), other.pki.clients.pem...)
	mustWrite(t, w.path("pcside", ClientsCAFile), added, 0o644)
	mustWrite(t, w.path("macside", ClientsCAFile), other.pki.clients.pem, 0o644)
	mustInit(t, w.dir, epoch)
	if !slices.Equal(added, mustRead(t, w.path("pcside", ClientsCAFile))) {
		t.Error("the added authority is gone")
	}
	if !slices.Equal(w.pki.clients.pem, mustRead(t, w.path("macside", ClientsCAFile))) {
		t.Error("another PKI's authority is still trusted")
	}
	m := meet(t, w.reloader("macside", Options{Server: true}).Server(), credentials.NewTLS(w.clientTLS(other.forge(other.pki.clients, []string{DefaultOperator}, nil))), "localhost")
	if m.serverErr == nil {
		t.Error("another PKI's operator is let in")
	}
}

func TestOwners(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	us := os.Geteuid()
	service, client := &Owner{65532, 65532}, &Owner{1000, 1000}
	if us != 0 { // only root can give files to others than himself
		service, client = &Owner{us, os.Getegid()}, &Owner{us, os.Getegid()}
	}
	for range 2 { // the second run finds everything given away
		if _, err := Init(dir, PKIOptions{ServiceOwner: service, ClientOwner: client, ServiceSANs: []string{"host.example.org"}, Now: clock(epoch)}); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]int{
			"pcside": service.UID, "pcside/tls.key": service.UID, "coordinator/links-ca.crt": service.UID,
			"user": client.UID, "user/tls.key": client.UID, "operator/ca.crt": client.UID, "ca": us, "ca/links-ca.key": us, "": us,
		} {
			info, err := os.Stat(filepath.Join(dir, path))
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := ownerOf(info); got != want {
				t.Errorf("%s belongs to %d, want %d", path, got, want)
			}
		}
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o711 {
		t.Errorf("the owners cannot pass through %s: %v", info.Mode(), err)
	}
}
