package acceptance

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/coordinator/service"
	"sidegate/coordinator/spool"
	"sidegate/coordinator/workbench"
	"sidegate/internal/cli"
	"sidegate/internal/config"
	"sidegate/internal/daemon"
	"sidegate/internal/identity"
	"sidegate/internal/mail"
	"sidegate/internal/store/pebblestore"
	"sidegate/macside/macmail"
	"sidegate/pcside/pcmail"
)

// asProgram makes a process of this test binary one of the programs.
const asProgram = "SIDEGATE_ACCEPTANCE_PROGRAM"

func TestMain(m *testing.M) {
	if name := os.Getenv(asProgram); name != "" {
		p, k := program(name)
		os.Exit(daemon.Main(p, k, append([]string{name}, os.Args[1:]...)))
	}
	os.Exit(m.Run())
}

// program is what the main package of a program has.
func program(name string) (cli.Program, daemon.Kind) {
	switch name {
	case config.PCSide:
		return cli.Program{Name: name}, daemon.Side(pcmail.Dialect())
	case config.MacSide:
		return cli.Program{Name: name}, daemon.Side(macmail.Dialect())
	}
	return cli.Program{Name: name, Spool: workbench.Spools{}, MMFF: workbench.Files{}}, service.Kind(spool.OpenDir)
}

// process prepares one of the programs as a process of its own, with nothing of our environment but a home.
func process(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = []string{asProgram + "=" + name, "HOME=" + t.TempDir(), "TERM=dumb"}
	return c
}

// output is what a program's log or a command's output is gathered in.
type output struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// since is what came after a mark, which is a length.
func (o *output) since(mark int) string { return o.String()[mark:] }
func (o *output) mark() int             { return len(o.String()) }

// tail is the last bytes.
func (o *output) tail(n int) string {
	s := o.String()
	return s[max(0, len(s)-n):]
}

// place is where the ends of one test live: certificates, and a directory for everything else.
type place struct {
	t   *testing.T
	dir string
	pki string
}

// services are the ends that get certificates; stranger is one that nobody accepts.
var services = []string{"pcside", "macside", "coordinator", "stranger"}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir()}
	p.pki = filepath.Join(p.dir, "pki")
	if _, err := identity.Init(p.pki, identity.PKIOptions{Services: services}); err != nil {
		t.Fatal(err)
	}
	return p
}

// certs is the directory of somebody's certificates.
func (p *place) certs(who string) string { return filepath.Join(p.pki, who) }

// listen takes a free port, so that ends can be told of each other before they run.
func (p *place) listen() net.Listener {
	p.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	return l
}

// end is a running end.
type end struct {
	*daemon.End
	place *place
	name  string
	addr  string
	log   *output
	stop  func()
}

// setting changes the configuration of an end before it starts.
type setting func(*config.Config)

func serves(patterns ...string) setting {
	return func(c *config.Config) {
		c.Serves = nil
		for _, p := range patterns {
			c.Serves = append(c.Serves, mail.MustPattern(p))
		}
	}
}

func dials(name, addr string) setting {
	return func(c *config.Config) {
		c.Peers = append(c.Peers, config.Peer{Address: addr, URI: "sidegate://peer/" + name})
	}
}

func accepts(names ...string) setting {
	return func(c *config.Config) {
		for _, n := range names {
			c.AcceptPeers = append(c.AcceptPeers, "sidegate://peer/"+n)
		}
	}
}

func autoMailbox(c *config.Config) { c.AutoMailbox = true }

// keeps makes a coordinator the PC half of a spool.
func keeps(dir string, scan time.Duration) setting {
	return func(c *config.Config) {
		c.Spool.Dir, c.Spool.Role, c.Spool.Init, c.Spool.Scan = dir, "pc", true, scan
	}
}

// start runs an end on a listener until the test ends or stop is called. Its store is below the place, by its name.
func (p *place) start(name string, l net.Listener, settings ...setting) *end {
	p.t.Helper()
	c := config.Default(name)
	c.Name, c.Data, c.Listen, c.TLSDir = name, filepath.Join(p.dir, name), l.Addr().String(), p.certs(name)
	for _, s := range settings {
		s(c)
	}
	if err := c.Validate(); err != nil {
		p.t.Fatal(err)
	}
	e := &end{place: p, name: name, addr: c.Listen, log: &output{}}
	log := hclog.New(&hclog.LoggerOptions{Level: hclog.Info, Output: e.log, DisableTime: true})
	refused := daemon.NewRefused()
	certs, err := identity.NewReloader(c.TLSDir, identity.Options{Server: true, Log: log, Refused: refused.Connection})
	if err != nil {
		p.t.Fatal(err)
	}
	engine, err := pebblestore.Open(c.Data, pebblestore.Options{Log: log, BallastBytes: -1})
	if err != nil {
		p.t.Fatal(err)
	}
	_, kind := program(name)
	e.End, err = daemon.New(context.Background(), c, daemon.World{Engine: engine, Certs: certs, Log: log, Refused: refused}, kind)
	if err != nil {
		p.t.Fatalf("%s does not start: %v", name, err)
	}
	e.run(l)
	return e
}

// run starts the actors and sets stop, which ends them in their order as the programs do.
func (e *end) run(l net.Listener) {
	var ends []context.CancelFunc
	var running sync.WaitGroup
	for _, a := range e.Actors(l) {
		ctx, cancel := context.WithCancel(context.Background())
		ends = append(ends, cancel)
		running.Go(func() {
			if err := a.Run(ctx); err != nil {
				e.place.t.Errorf("%s: %s: %v", e.name, a.Name, err)
			}
		})
	}
	e.stop = sync.OnceFunc(func() {
		for _, cancel := range ends {
			cancel()
		}
		running.Wait()
		if err := e.Close(); err != nil {
			e.place.t.Errorf("%s: %v", e.name, err)
		}
		if e.place.t.Failed() {
			e.place.t.Logf("the end of the log of %s:\n%s", e.name, e.log.tail(4000))
		}
	})
	e.place.t.Cleanup(e.stop)
}

// waitFor waits until what it asks for is so, and fails the test when that takes too long. Everything it is used for
// happens over a network or a directory, where nobody tells us.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-late.C:
			t.Fatalf("in 20 s there was no %s", what)
		}
	}
}

// done is how a command ended.
type done struct {
	code     int
	out, err string
}

func (d done) String() string {
	return fmt.Sprintf("exit %d\n-- stdout\n%s-- stderr\n%s", d.code, d.out, d.err)
}

// run runs a command of a program in this process, with somebody's certificates and an end's address.
func (e *end) as(who string, args ...string) done {
	return command(e.name, "", append(args, "--addr", e.addr, "--tls-dir", e.place.certs(who))...)
}

// command runs a command of a program in this process.
func command(name, stdin string, args ...string) done {
	var out, err bytes.Buffer
	p, _ := program(name)
	code := cli.Run(context.Background(), p, cli.Streams{
		In: strings.NewReader(stdin), Out: &out, Err: &err, Env: func(string) (string, bool) { return "", false },
	}, append([]string{name}, args...))
	return done{code, out.String(), err.String()}
}
