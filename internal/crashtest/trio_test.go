package crashtest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience is how long a condition may take on a machine that does much else.
const patience = 90 * time.Second

// end is one of the three programs, over all its lives.
type end struct {
	name, grpc, http, data string
	args, env              []string
	log                    string

	mu     sync.Mutex // guards what follows
	now    *process
	starts int
}

// trio is pcside, macside and a coordinator in role pc, each with a directory of its own, and the Macintosh half behind the
// coordinator's spool.
type trio struct {
	t     *testing.T
	dir   string
	pki   string
	spool string
	ends  map[string]*end
	old   *oldHalf
	mail  *post
}

// options make a trio different from the usual one.
type options struct {
	args map[string][]string // more flags, by program
	data map[string]string   // data directories elsewhere, by program
	half bool                // with handshakes
}

// ports hands out ports of loopback below those the kernel gives to outgoing connections.
var ports atomic.Int32

func freePort(t *testing.T) string {
	t.Helper()
	ports.CompareAndSwap(0, int32(15000+os.Getpid()%12000))
	for range 2000 {
		address := fmt.Sprintf("127.0.0.1:%d", ports.Add(1))
		l, err := net.Listen("tcp", address)
		if err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no free port on loopback")
	return ""
}

// newTrio prepares everything and starts the three programs, coordinator last.
func newTrio(t *testing.T, o options) *trio {
	t.Helper()
	dir := t.TempDir()
	tr := &trio{t: t, dir: dir, pki: filepath.Join(dir, "pki"), spool: filepath.Join(dir, "spool"), ends: map[string]*end{}}
	tr.tool("coordinator", "pki", "init", tr.pki)
	tr.tool("coordinator", "spool", "init", tr.spool)
	for _, name := range programs {
		e := &end{name: name, grpc: freePort(t), http: freePort(t), data: filepath.Join(dir, name), log: filepath.Join(dir, name+".log")}
		if o.data[name] != "" {
			e.data = o.data[name]
		}
		tr.ends[name] = e
	}
	for name, args := range tr.wiring() {
		e := tr.ends[name]
		e.args = append([]string{"serve", "--data", e.data, "--tls-dir", filepath.Join(tr.pki, name), "--listen", e.grpc, "--http", e.http,
			"--heartbeat", "200ms", "--late", "1s", "--down", "2s"}, append(args, o.args[name]...)...)
	}
	tr.old = newOldHalf(t, tr.spool, o.half)
	tr.mail = newPost(t, tr)
	t.Cleanup(tr.close)
	return tr
}

// wiring says who serves what and who dials whom: all topologies of the architecture at once.
func (tr *trio) wiring() map[string][]string {
	pc, mac := tr.ends["pcside"].grpc, tr.ends["macside"].grpc
	return map[string][]string{
		"macside": {"--serves", "*@Design", "--accept-peer", "sidegate://peer/pcside", "--accept-peer", "sidegate://peer/coordinator"},
		"pcside": {"--serves", "NET1/PO1/*", "--peer", mac + "=sidegate://peer/macside", "--accept-peer", "sidegate://peer/coordinator",
			"--pin", "LOST/ROOM/*=macside"},
		"coordinator": {"--spool", tr.spool, "--role", "pc", "--serves", "*@Marketing", "--scan", "100ms",
			"--peer", pc + "=sidegate://peer/pcside", "--peer", mac + "=sidegate://peer/macside"},
	}
}

// tool runs a command of one of the programs and returns its output.
func (tr *trio) tool(name string, args ...string) string {
	tr.t.Helper()
	out, err := exec.Command(program(tr.t, name), args...).CombinedOutput()
	if err != nil {
		tr.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// up starts everything and waits until it takes mail.
func (tr *trio) up() *trio {
	tr.t.Helper()
	for _, name := range programs {
		tr.start(name, "")
	}
	tr.ready(programs...)
	tr.mail.boxes()
	return tr
}

// start begins a new life of a program, which is to die at a fault point if one is named.
func (tr *trio) start(name, fault string) *process {
	tr.t.Helper()
	e := tr.ends[name]
	log, err := os.OpenFile(e.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		tr.t.Fatal(err)
	}
	defer log.Close()
	fmt.Fprintf(log, "-- start, to die at %q\n", fault)
	p, err := start(program(tr.t, name), e.args, append(e.env, "SIDEGATE_FAULT="+fault), log)
	if err != nil {
		tr.t.Fatal(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = p
	e.starts++
	return p
}

// process is the present life of a program.
func (tr *trio) process(name string) *process {
	e := tr.ends[name]
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

// ready waits until programs say that they take mail. One that has ended fails the test, with what it said last.
func (tr *trio) ready(names ...string) {
	tr.t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	for _, name := range names {
		ok := await(patience, func() bool {
			if tr.process(name).dead() {
				tr.fatalf("%s ended instead of becoming ready", name)
			}
			r, err := client.Get("http://" + tr.ends[name].http + "/readyz")
			if err != nil {
				return false
			}
			r.Body.Close()
			return r.StatusCode == http.StatusOK
		})
		if !ok {
			tr.fatalf("%s did not become ready within %v", name, patience)
		}
	}
	client.CloseIdleConnections()
}

// fatalf fails the test with the end of every log.
func (tr *trio) fatalf(format string, args ...any) {
	tr.t.Helper()
	tr.t.Fatal(fmt.Sprintf(format, args...) + "\n" + tr.logs())
}

// logs are the last lines of every program, and what the old half said.
func (tr *trio) logs() string {
	var b strings.Builder
	for _, name := range programs {
		data, _ := os.ReadFile(tr.ends[name].log) // what cannot be read is not there yet
		lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
		fmt.Fprintf(&b, "-- the end of %s's log\n%s\n", name, strings.Join(lines[max(0, len(lines)-40):], "\n"))
	}
	fmt.Fprintf(&b, "-- the old half\n%s\n-- the spool\n%s\n", strings.Join(tr.old.tail(), "\n"), strings.Join(tr.old.slots(), "\n"))
	return b.String()
}

// freeze stops a program where it is; the function returned lets it go on.
func (tr *trio) freeze(name string) (thaw func()) {
	tr.t.Helper()
	p := tr.process(name)
	if err := p.signal(syscall.SIGSTOP); err != nil {
		tr.t.Fatal(err)
	}
	return func() {
		if err := p.signal(syscall.SIGCONT); err != nil {
			tr.t.Error(err)
		}
	}
}

func (tr *trio) close() {
	tr.old.stop()
	tr.mail.close()
	for _, e := range tr.ends {
		if e.now != nil {
			e.now.kill()
		}
	}
	if dir := os.Getenv("SIDEGATE_KEEP"); dir != "" && tr.t.Failed() {
		_ = os.CopyFS(filepath.Join(dir, strings.ReplaceAll(tr.t.Name(), "/", "-")), os.DirFS(tr.dir)) // a help, no more
	}
}

// within is a context that a failing test does not wait for too long.
func (tr *trio) within(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(tr.t.Context(), d)
}
