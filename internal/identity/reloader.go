package identity

import (
	"crypto/tls"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/credentials"
)

// Options configure a Reloader.
type Options struct {
	// Server says that the directory is a service's: its certificate must be good as a server and as a client, have role
	// peer, and both authorities must be there. Otherwise it is a client's.
	Server bool
	// ServerNames are names or IPs a server's certificate must be good for.
	ServerNames []string
	// Mapping gives roles to spiffe URIs.
	Mapping Mapping
	// Log gets reloads, and refused handshakes at a bounded rate. Nil: no log.
	Log hclog.Logger
	// Refused, if set, counts refused handshakes of a server.
	Refused func(reason Reason)
	// Now is the wall clock that certificates are held against. Nil: time.Now.
	Now func() time.Time
}

// A Reloader serves the certificates of one directory as gRPC credentials, and reads them again when told to. All
// methods may be called at any time from any goroutine.
type Reloader struct {
	dir  string
	opts Options

	mu       sync.Mutex
	current  *material                // what new connections use; replaced whole, never changed
	open     map[*connection]struct{} // every connection that is up
	lastErr  error                    // of the latest Reload
	loadedAt time.Time                // of current
	warnings window                   // log lines about refused handshakes
}

// NewReloader reads the directory for the first time. The errors name the file and what is wrong with it.
func NewReloader(dir string, o Options) (*Reloader, error) {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Refused == nil {
		o.Refused = func(Reason) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	m, err := load(dir, o)
	if err != nil {
		return nil, err
	}
	return &Reloader{dir: dir, opts: o, current: m, loadedAt: o.Now(), open: map[*connection]struct{}{}}, nil
}

// Reload reads the directory again, as SIGHUP asks for. New connections use what it read; open ones stay unless the
// other end is no longer trusted. When anything is wrong, everything stays as it was and the error says why; Status
// keeps saying so until a Reload succeeds.
func (r *Reloader) Reload() error {
	m, err := load(r.dir, r.opts)
	r.mu.Lock()
	r.lastErr = err
	if err != nil {
		r.mu.Unlock()
		return err
	}
	r.current, r.loadedAt = m, r.opts.Now()
	var stale []*connection
	for c := range r.open {
		if err := c.recheck(m); err != nil {
			stale = append(stale, c)
		}
	}
	r.mu.Unlock()
	var closing sync.WaitGroup // tls.Conn.Close may take five seconds when the other end does not read
	for _, c := range stale {
		r.opts.Log.Warn("connection closed, its authority is no longer trusted", "identity", c.identity.URI)
		closing.Go(func() { _ = c.Close() })
	}
	closing.Wait()
	r.opts.Log.Info("certificates read again", "identity", m.identity.URI, "not_after", m.leaf.NotAfter.UTC().Format(time.RFC3339))
	return nil
}

// A Status tells what a Reloader serves.
type Status struct {
	Identity    Identity  // whose certificate is served
	NotAfter    time.Time // when it expires
	LoadedAt    time.Time // when it was read
	LastError   error     // of the latest Reload; nil when that succeeded
	Connections int       // open connections made with these credentials, both directions
}

// Status tells what is served now.
func (r *Reloader) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Status{
		Identity: r.current.identity, NotAfter: r.current.leaf.NotAfter, LoadedAt: r.loadedAt,
		LastError: r.lastErr, Connections: len(r.open),
	}
}

// Identity returns the own identity.
func (r *Reloader) Identity() Identity { return r.material().identity }

// Expiry returns when the served certificate expires, and true.
func (r *Reloader) Expiry() (time.Time, bool) { return r.material().leaf.NotAfter, true }

// ServerConfig returns a TLS configuration for a server that is not gRPC, speaking the given protocols (ALPN). It follows
// reloads, but connections made with it are not closed by them.
func (r *Reloader) ServerConfig(protocols ...string) *tls.Config {
	fresh := func(*tls.ClientHelloInfo) (*tls.Config, error) {
		c := r.material().serverConfig(r.opts.Now)
		c.NextProtos = protocols
		return c, nil
	}
	c, _ := fresh(nil)
	c.GetConfigForClient = fresh
	return c
}

// ClientConfig returns a TLS configuration for dialling serverName with what is read now; expect is the URI the server
// must have, or empty for any peer. It does not follow reloads: make one per connection.
func (r *Reloader) ClientConfig(serverName, expect string, protocols ...string) *tls.Config {
	c := r.material().clientConfig(serverName, expect, r.opts.Now)
	c.NextProtos = protocols
	return c
}

// Server returns the credentials of a gRPC server. They follow reloads.
func (r *Reloader) Server() credentials.TransportCredentials {
	return &transport{reloader: r}
}

// Client returns the credentials for dialling with gRPC. expect is the URI the server must have (--peer ADDR=URI), or
// empty for any peer of the name dialled. They follow reloads.
func (r *Reloader) Client(expect string) credentials.TransportCredentials {
	return &transport{reloader: r, expect: expect}
}

// material returns what new connections use.
func (r *Reloader) material() *material {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}
