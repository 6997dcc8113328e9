package legacytest

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"sidegate/internal/foreign"
	"sidegate/internal/legacypair"
)

// smbClient is a machine that has the share of a real SMB server in its hands: the volume of a half.
type smbClient struct {
	dir      string     // below the share
	mu       sync.Mutex // guards what follows: one request at a time
	requests *json.Encoder
	answers  *json.Decoder
}

var _ legacypair.FS = (*smbClient)(nil)

// connect starts a client of the server. It ends with the test.
func (s *smbServer) connect(t *testing.T, dir string) *smbClient {
	t.Helper()
	// Debian's own interpreter: it has Debian's bindings of Samba's client library.
	command := exec.Command("/usr/bin/python3", "testdata/smbclient.py", s.conf, smbAddress, smbShare)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("the SMB client: %v", err)
		}
	})
	c := &smbClient{dir: dir, requests: json.NewEncoder(in), answers: json.NewDecoder(bufio.NewReader(out))}
	var ready struct{ Result string }
	if err := c.answers.Decode(&ready); err != nil {
		t.Fatalf("connect to the share: %v; python3-samba has to be installed", err)
	}
	return c
}

// statuses are the errors of the server that have a name here.
var statuses = map[uint32]error{
	0xC0000034: fs.ErrNotExist,     // object name not found
	0xC000003A: fs.ErrNotExist,     // object path not found
	0xC000000F: fs.ErrNotExist,     // no such file
	0xC0000035: fs.ErrExist,        // object name collision
	0xC0000043: legacypair.ErrBusy, // sharing violation
	0xC0000056: legacypair.ErrBusy, // delete pending
	0xC0000022: fs.ErrPermission,
}

// do asks for one operation.
func (c *smbClient) do(result any, what string, with ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.requests.Encode(map[string]any{"do": what, "with": with}); err != nil {
		return fmt.Errorf("%s over SMB: %w", what, err)
	}
	var answer struct {
		Result json.RawMessage
		Status uint32
		Text   string
	}
	if err := c.answers.Decode(&answer); err != nil {
		return fmt.Errorf("%s over SMB: %w", what, err)
	}
	if answer.Status != 0 {
		known := statuses[answer.Status]
		if known == nil {
			known = errors.New("an error without a name here")
		}
		return fmt.Errorf("%s %v over SMB: status %x, %s (%w)", what, with[0], answer.Status, answer.Text, known)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, result)
}

// name is a name as the server wants it.
func (c *smbClient) name(name string) string {
	return strings.ReplaceAll(path.Join(c.dir, name), "/", `\`)
}

// List implements legacypair.FS.
func (c *smbClient) List(dir string) (names []string, err error) {
	err = c.do(&names, "list", c.name(dir))
	return names, err
}

// Open implements legacypair.FS: nobody may write meanwhile.
func (c *smbClient) Open(name string) (io.ReadCloser, error) { return c.handle("open", name) }

// Create implements legacypair.FS: nobody may do anything meanwhile.
func (c *smbClient) Create(name string) (io.WriteCloser, error) { return c.handle("create", name) }

// Rename implements legacypair.FS.
func (c *smbClient) Rename(from, to string) error {
	return c.do(nil, "rename", c.name(from), c.name(to))
}

// Remove implements legacypair.FS.
func (c *smbClient) Remove(name string) error { return c.do(nil, "remove", c.name(name)) }

// smbFile is an open file on the server.
type smbFile struct {
	c      *smbClient
	handle int
	pos    int64
}

func (c *smbClient) handle(how, name string, more ...any) (*smbFile, error) {
	f := &smbFile{c: c}
	return f, c.do(&f.handle, how, append([]any{c.name(name)}, more...)...)
}

// Read implements io.Reader.
func (f *smbFile) Read(p []byte) (int, error) {
	var text string
	if err := f.c.do(&text, "read", f.handle, f.pos, min(len(p), 60<<10)); err != nil {
		return 0, err
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err == nil && len(data) == 0 {
		err = io.EOF
	}
	f.pos += int64(len(data))
	return copy(p, data), err
}

// Write implements io.Writer.
func (f *smbFile) Write(p []byte) (int, error) {
	var n int
	err := f.c.do(&n, "write", f.handle, f.pos, base64.StdEncoding.EncodeToString(p))
	f.pos += int64(n)
	return n, err
}

// Close implements io.Closer.
func (f *smbFile) Close() error { return f.c.do(nil, "close", f.handle) }

// smbServer is Samba's smbd on this machine.
type smbServer struct{ conf string }

const (
	smbAddress = "127.0.0.1" // the client library knows no port but 445
	smbShare   = "maildata"
)

// serveSMB exports a directory until the test ends. What is particular to the share comes from settings.
func serveSMB(t *testing.T, root, settings string) *smbServer {
	t.Helper()
	smbd := foreign.Need(t, "smbd", "samba")
	base, err := os.MkdirTemp("", "smb") // short: there are sockets in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	owner, err := user.Current() // of the spool, who is the coordinator's user
	if err != nil {
		t.Fatal(err)
	}
	text := "[global]\nserver role = standalone server\ninterfaces = lo\nbind interfaces only = yes\nsmb ports = 445\ndisable netbios = yes\n" +
		"load printers = no\nprintcap name = /dev/null\ndisable spoolss = yes\nmap to guest = Bad User\nguest account = nobody\nlog level = 1\n"
	for _, dir := range []string{"state directory", "lock directory", "cache directory", "private dir", "ncalrpc dir", "pid directory"} {
		at := path.Join(base, strings.Fields(dir)[0])
		if err := os.Mkdir(at, 0o755); err != nil {
			t.Fatal(err)
		}
		text += dir + " = " + at + "\n"
	}
	text += "[" + smbShare + "]\npath = " + root + "\nguest ok = yes\nguest only = yes\nread only = no\nforce user = " + owner.Username + "\n" + settings
	s := &smbServer{conf: path.Join(base, "smb.conf")}
	if err := os.WriteFile(s.conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(smbd, "--foreground", "--no-process-group", "--configfile="+s.conf, "--log-basename="+base)
	if err := command.Start(); err != nil {
		t.Fatalf("start smbd: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		<-ended
	})
	s.await(t, base, ended)
	return s
}

// await waits until the server answers.
func (s *smbServer) await(t *testing.T, base string, ended chan error) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		if probe(smbAddress + ":445") {
			return
		}
		select {
		case err := <-ended:
			ended <- err
			log, _ := os.ReadFile(path.Join(base, "log.smbd")) // what there is of it
			t.Fatalf("smbd ended: %v; it needs port 445 of %s and the right to take it\n%s", err, smbAddress, log)
		case <-tick.C:
		}
	}
	t.Fatal("smbd does not answer")
}
