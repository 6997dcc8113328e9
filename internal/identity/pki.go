package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The identities of the client directories that Init makes.
const (
	DefaultUser     = "sidegate://user/alice"   // DIR/user
	DefaultOperator = "sidegate://operator/ops" // DIR/operator
	DefaultMonitor  = "sidegate://monitor/prom" // DIR/monitor
)

// ServersCAFile is one more copy of links-ca.crt in every directory, under the name that examples of tools use.
const ServersCAFile = "ca.crt"

// DefaultServices are the services Init makes certificates for when it is not told others. DIR/NAME holds the
// identity sidegate://peer/NAME.
func DefaultServices() []string { return []string{"pcside", "macside", "coordinator"} }

// An Owner is a numeric user and group that files are given to.
type Owner struct{ UID, GID int }

// PKIOptions configure Init and Issue. The zero value is good.
type PKIOptions struct {
	// Services are the names of the services. Nil: DefaultServices.
	Services []string
	// ServiceSANs are DNS names and IP addresses put into every service's certificate, beside localhost, the service's
	// name, 127.0.0.1 and ::1.
	ServiceSANs []string
	// ServiceOwner and ClientOwner get the directories of services and of clients. Nil: whoever runs this.
	ServiceOwner, ClientOwner *Owner
	// Now is the wall clock. Nil: time.Now.
	Now func() time.Time
}

// An Action says what was done about a certificate.
type Action string

// The actions.
const (
	Created Action = "created" // there was none
	Kept    Action = "kept"    // it is good and in the first two thirds of its life
	Renewed Action = "renewed" // it was worn, broken, or lacked a name
)

// Issued is one certificate Init or Issue has looked after. Dir is ready to be a --tls-dir.
type Issued struct {
	Dir      string
	Identity Identity
	NotAfter time.Time
	Action   Action
}

// A Leaf is what Issue makes a certificate for.
type Leaf struct {
	// Name is the identity's name and the directory's, below the PKI's.
	Name string
	// Role is the identity's role, and so decides the authority.
	Role Role
	// SANs are further DNS names and IP addresses; role peer only.
	SANs []string
}

// Init makes a small local authority below dir, or brings an existing one up to date:
//
//	dir/ca/links-ca.{crt,key}      signs peers, and so servers
//	dir/ca/clients-ca.{crt,key}    signs users, operators and monitors
//	dir/SERVICE/                   ready as --tls-dir of the service
//	dir/user/ operator/ monitor/   ready as --tls-dir of a client
//
// Every such directory holds tls.crt, tls.key, links-ca.crt, clients-ca.crt, and ca.crt: the authority of the servers once
// more, under the name most tools' examples use (grpcurl -cacert ca.crt -cert tls.crt -key tls.key). Init may be repeated
// at will: an authority is never replaced, certificates in the first two thirds of their 90 days are kept, all others,
// those of Issue too, are renewed with new keys. Running services take renewed files after SIGHUP.
func Init(dir string, o PKIOptions) ([]Issued, error) {
	p, err := openPKI(dir, o, true)
	if err != nil {
		return nil, err
	}
	leaves, err := p.standard()
	if err != nil {
		return nil, err
	}
	others, err := p.others(leaves)
	if err != nil {
		return nil, err
	}
	var done []Issued
	for _, l := range append(leaves, others...) {
		issued, err := p.ensure(l)
		if err != nil {
			return done, err
		}
		done = append(done, issued)
	}
	return done, nil
}

// Issue makes one more certificate in dir/NAME, or keeps or renews the one there by the rules of Init. A directory that
// holds another identity is refused.
func Issue(dir string, leaf Leaf, o PKIOptions) (Issued, error) {
	p, err := openPKI(dir, o, false)
	if err != nil {
		return Issued{}, err
	}
	l, err := p.leaf(leaf.Name, URI(leaf.Role, leaf.Name), leaf.SANs)
	if err != nil {
		return Issued{}, err
	}
	return p.ensure(l)
}

// pki is an open local authority.
type pki struct {
	dir            string
	opts           PKIOptions
	now            time.Time
	links, clients *authority
}

// openPKI opens both authorities, and makes those that are missing if create is set.
func openPKI(dir string, o PKIOptions, create bool) (*pki, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Services == nil {
		o.Services = DefaultServices()
	}
	ca := filepath.Join(dir, "ca")
	if create {
		if err := makePKIDirs(dir, ca, o); err != nil {
			return nil, err
		}
	}
	p := &pki{dir: dir, opts: o, now: o.Now().UTC().Truncate(time.Second)}
	var err error
	if p.links, err = openAuthority(ca, linksAuthority, p.now, create); err != nil {
		return nil, err
	}
	if p.clients, err = openAuthority(ca, clientsAuthority, p.now, create); err != nil {
		return nil, err
	}
	return p, nil
}

// makePKIDirs makes dir and dir/ca. An existing dir keeps its mode: it may be a mount point. One made here is closed,
// but for passing through when other users have to reach their directories in it.
func makePKIDirs(dir, ca string, o PKIOptions) error {
	mode := fs.FileMode(0o700)
	if o.ServiceOwner != nil || o.ClientOwner != nil {
		mode = 0o711
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("identity: pki: %w", err)
	}
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("identity: pki: %w", err)
	}
	return makePrivateDir(ca, nil)
}

// standard lists the certificates every PKI has.
func (p *pki) standard() ([]leaf, error) {
	var leaves []leaf
	add := func(dirName, uri string, sans []string) error {
		l, err := p.leaf(dirName, uri, sans)
		leaves = append(leaves, l)
		return err
	}
	for _, name := range p.opts.Services {
		if err := add(name, URI(Peer, name), p.opts.ServiceSANs); err != nil {
			return nil, err
		}
	}
	for _, client := range [][2]string{{"user", DefaultUser}, {"operator", DefaultOperator}, {"monitor", DefaultMonitor}} {
		if err := add(client[0], client[1], nil); err != nil {
			return nil, err
		}
	}
	return leaves, nil
}

// others finds the certificates that Issue made, so that Init renews them too. Directories with anything else in them
// are none of our business.
func (p *pki) others(known []leaf) ([]leaf, error) {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return nil, fmt.Errorf("identity: pki: %w", err)
	}
	mine := map[string]bool{"ca": true}
	for _, l := range known {
		mine[filepath.Base(l.dir)] = true
	}
	var leaves []leaf
	for _, e := range entries {
		if !e.IsDir() || mine[e.Name()] {
			continue
		}
		cert, err := readLeaf(filepath.Join(p.dir, e.Name(), CertFile))
		if err != nil {
			continue
		}
		id, err := Mapping(nil).FromCertificate(cert)
		if err != nil || cert.CheckSignatureFrom(p.authority(id.Role).cert) != nil {
			continue
		}
		l, err := p.leaf(e.Name(), id.URI, nil) // names it has are kept anyway
		if err != nil {
			continue
		}
		leaves = append(leaves, l)
	}
	return leaves, nil
}

// authority returns who signs a role.
func (p *pki) authority(role Role) *authority {
	if role == Peer {
		return p.links
	}
	return p.clients
}

// leaf plans a certificate and checks what was asked for.
func (p *pki) leaf(dirName, uri string, sans []string) (leaf, error) {
	if err := checkName(dirName); err != nil || strings.ContainsRune(dirName, '/') || strings.ContainsRune("-.", rune(dirName[0])) || strings.EqualFold(dirName, "ca") {
		return leaf{}, fmt.Errorf("identity: pki: %q cannot name a directory of certificates: wants letters, digits and ._@+-, not ca", dirName)
	}
	id, err := Parse(uri)
	if err != nil {
		return leaf{}, err
	}
	l := leaf{dir: filepath.Join(p.dir, dirName), identity: id, owner: p.opts.ClientOwner}
	if !id.Is(Peer) {
		if len(sans) > 0 {
			return leaf{}, fmt.Errorf("identity: pki: %s serves nobody, so it takes no DNS names or addresses", uri)
		}
		return l, nil
	}
	l.owner = p.opts.ServiceOwner
	l.names, err = parseNames(append([]string{"localhost", id.Name, "127.0.0.1", "::1"}, sans...))
	return l, err
}
