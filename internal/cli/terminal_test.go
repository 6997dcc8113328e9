package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	urfave "github.com/urfave/cli/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/internal/config"
	"sidegate/internal/identity"
	pb "sidegate/proto/sidegate/v1"
)

// screen runs commands as a person at a terminal would.
type screen struct {
	t        *testing.T
	env      map[string]string
	terminal bool
	out, err buffer
}

// buffer may be read while a command writes.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) { b.mu.Lock(); defer b.mu.Unlock(); return b.b.Write(p) }
func (b *buffer) String() string              { b.mu.Lock(); defer b.mu.Unlock(); return b.b.String() }

func newScreen(t *testing.T, f *fake, o ...grpc.ServerOption) *screen {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.serve(l, o...))
	env := map[string]string{"XDG_STATE_HOME": t.TempDir(), "TERM": "xterm"}
	for _, program := range config.Programs() {
		env[config.Env(program, "addr")] = l.Addr().String()
		env[config.Env(program, "insecure-dev")] = "1"
	}
	return &screen{t: t, env: env, terminal: true}
}

func (s *screen) run(ctx context.Context, args ...string) int {
	s.out, s.err = buffer{}, buffer{}
	return Run(ctx, testProgram(args[0]), Streams{
		In: strings.NewReader(""), Out: &s.out, Err: &s.err, OutTerminal: s.terminal, ErrTerminal: s.terminal,
		Env: func(key string) (string, bool) { v, ok := s.env[key]; return v, ok },
	}, args)
}

func (s *screen) must(args ...string) string {
	s.t.Helper()
	if code := s.run(s.t.Context(), args...); code != 0 {
		s.t.Fatalf("%v exits with %d: %s", args, code, s.err.String())
	}
	return s.out.String()
}

// hostile is what a stranger may write into a subject, a name or a body.
const hostile = "a\x1b[2J\x1b]0;owned\x07b\u009b31m\u202egnp.exe\tc\r\xff"

const tamed = `a\x1b[2J\x1b]0;owned\x07b\u009b31m\u202egnp.exe\tc\r`

func TestHostileTextNeverReachesATerminal(t *testing.T) {
	f := newFake()
	s := newScreen(t, f)
	s.env["NO_COLOR"] = "1"
	s.must("pcside", "mailbox", "create", "NET/PO/ANN")
	text := strings.TrimSuffix(hostile, "\xff") // protobuf refuses what is not UTF-8
	f.mu.Lock()
	m := &pb.Message{
		MessageId: "1", Sender: text + "@x", Recipients: &pb.Recipients{To: []string{text}}, Subject: text, SubmitTime: timestamppb.New(fakeTime),
		BodySizeBytes: uint32(len(text)), Attachments: []*pb.Attachment{{FileName: text}}, SizeBytes: uint32(len(text)),
		Failures: []*pb.RecipientFailure{{Address: text, Reason: text, Explanation: text}},
	}
	f.boxes["NET/PO/ANN"] = []*stored{{&pb.MailboxEntry{Message: m}, []byte(text)}}
	f.bad = []*badMail{{&pb.BadMailEntry{BadMailId: "2", Message: m, Recipients: []string{text}, Reason: text, Explanation: text}, nil}}
	f.waiting = []*pb.QueueEntry{{MessageId: text, Lane: text, Recipients: []string{text}, Sender: text, Subject: text, State: text, Reason: text}}
	f.trace["3"] = []*pb.TraceEvent{{Recipient: text, End: text, Event: text, Detail: text}}
	f.mu.Unlock()

	for _, args := range [][]string{
		{"inbox", "NET/PO/ANN"}, {"read", "NET/PO/ANN", "1"}, {"badmail", "list"}, {"badmail", "show", "2"},
		{"queue", "list"}, {"track", "3"}, {"queue", "hold", "--all"},
	} {
		for _, format := range []string{"", "table", "json", "jsonl"} {
			full := append([]string{"pcside"}, args...)
			if format != "" {
				full = append(full, "--output", format)
			}
			out := s.must(full...)
			if strings.ContainsFunc(strings.ReplaceAll(out, "\n", ""), func(r rune) bool { return r != '\t' && unsafe(r) }) {
				t.Errorf("%v writes %q", full, out)
			}
			if !strings.Contains(out, "owned") {
				t.Errorf("%v shows nothing of it: %q", full, out)
			}
		}
	}
	if code := s.run(t.Context(), "pcside", "read", "NET/PO/ANN", "nobody\x1b[2J"); code != exitFailed || strings.Contains(s.err.String(), "\x1b") {
		t.Errorf("an error writes %q", s.err.String())
	}
	if code := s.run(t.Context(), "pcside", "read", "NET/PO/ANN", "1", "--raw"); code != exitUsage {
		t.Errorf("--raw on a terminal exits with %d", code)
	}
}

func TestClean(t *testing.T) {
	if got := clean(hostile); got != tamed+`\xff` {
		t.Errorf("got %s", got)
	}
	if got := cleanText("a\r\n\tb\x1b"); got != "a\\r\n\tb\\x1b" {
		t.Errorf("got %q", got)
	}
	for _, harmless := range []string{"", "Größe", "日本", "a\u200db", "\U0001f600"} {
		if got := clean(harmless); got != harmless {
			t.Errorf("%q became %q", harmless, got)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add(hostile)
	f.Add("\ufffd\xc2")
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range clean(text) {
			if unsafe(r) {
				t.Fatalf("%q became %q", text, clean(text))
			}
		}
	})
}

func TestColours(t *testing.T) {
	s := newScreen(t, newFake())
	for _, tt := range []struct {
		name     string
		env      map[string]string
		terminal bool
		want     bool
	}{
		{"terminal", nil, true, true},
		{"terminal, nobody wants colours", map[string]string{"NO_COLOR": "1"}, true, false},
		{"empty NO_COLOR says nothing", map[string]string{"NO_COLOR": ""}, true, true},
		{"terminal without colours", map[string]string{"TERM": "dumb"}, true, false},
		{"no terminal", nil, false, false},
	} {
		s.env["TERM"] = "xterm"
		delete(s.env, "NO_COLOR")
		for key, value := range tt.env {
			s.env[key] = value
		}
		s.terminal = tt.terminal
		out := s.must("pcside", "status", "--output", "table")
		if got := strings.Contains(out, "\x1b[31mstalled\x1b[0m"); got != tt.want {
			t.Errorf("%s: colours %v, want %v:\n%q", tt.name, got, tt.want, out)
		}
	}
}

func TestWatchRedraws(t *testing.T) {
	s := newScreen(t, newFake())
	if out := s.must("pcside", "status", "--watch"); strings.Count(out, "\x1b[H\x1b[2J") != 2 {
		t.Errorf("got %q", out)
	}
}

// TestFollow lists what is there and what arrives, and ends well when it is interrupted.
func TestFollow(t *testing.T) {
	f := newFake()
	s := newScreen(t, f)
	s.terminal = false
	s.must("pcside", "mailbox", "create", "NET/PO/ANN")
	s.must("pcside", "send", "--from", "NET/PO/ANN", "--to", "NET/PO/ANN", "--subject", "first")
	ctx, cancel := context.WithCancel(t.Context())
	lines := &lineWriter{lines: make(chan string, 10)}
	done := make(chan int)
	go func() {
		done <- Run(ctx, testProgram("pcside"), Streams{In: strings.NewReader(""), Out: lines, Err: io.Discard,
			Env: func(key string) (string, bool) { v, ok := s.env[key]; return v, ok }},
			[]string{"pcside", "inbox", "NET/PO/ANN", "--follow", "--output", "json"})
	}()
	if line := <-lines.lines; !strings.Contains(line, `"subject":"first"`) {
		t.Errorf("got %s", line)
	}
	s.must("pcside", "send", "--from", "NET/PO/ANN", "--to", "NET/PO/ANN", "--subject", "second")
	if line := <-lines.lines; !strings.Contains(line, `"subject":"second"`) {
		t.Errorf("got %s", line)
	}
	cancel()
	if code := <-done; code != exitDone {
		t.Errorf("exits with %d", code)
	}
}

type lineWriter struct{ lines chan string }

func (w *lineWriter) Write(p []byte) (int, error) { w.lines <- string(p); return len(p), nil }

// TestProgressBarOfDirectories: a directory of message files that takes a while shows how far it is, and the report is whole.
func TestProgressBarOfDirectories(t *testing.T) {
	dir := t.TempDir()
	for i := range 4 {
		text := "VERSION:3.00\n" + strings.Repeat("text\n", 1<<16)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("MMFF%d.MSG", i+1)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := newScreen(t, newFake())
	for _, s.terminal = range []bool{true, false} {
		out := s.must("coordinator", "mmff", "to-eml", dir, "--save", t.TempDir())
		if n := strings.Count(out, ".MSG"); n != 4 {
			t.Errorf("the report names %d of 4 files: %q", n, out)
		}
		bar := s.err.String()
		if s.terminal && (!strings.Contains(bar, "\rconverting [") || !strings.HasSuffix(bar, "\x1b[K")) {
			t.Errorf("a terminal sees %q", bar)
		}
		if !s.terminal && bar != "" {
			t.Errorf("a pipe sees %q", bar)
		}
	}
}

func TestProgressBar(t *testing.T) {
	f := newFake()
	s := newScreen(t, f)
	s.must("pcside", "mailbox", "create", "NET/PO/ANN")
	path := filepath.Join(t.TempDir(), "big.bin")
	if err := os.WriteFile(path, bytes.Repeat([]byte("0123456789abcdef"), 1<<17), 0o600); err != nil {
		t.Fatal(err)
	}
	id := strings.TrimSpace(s.must("pcside", "send", "--from", "NET/PO/ANN", "--to", "NET/PO/ANN", "--attach", path))
	if bar := s.err.String(); !strings.Contains(bar, "\rsending [") || !strings.HasSuffix(bar, "\x1b[K") {
		t.Errorf("a terminal sees %q", bar)
	}
	dir := t.TempDir()
	s.terminal = false
	s.must("pcside", "read", "NET/PO/ANN", id, "--save", dir)
	if said := s.err.String(); strings.ContainsAny(said, "\r\x1b") {
		t.Errorf("a pipe sees %q", said)
	}
	want, _ := os.ReadFile(path)
	if got, err := os.ReadFile(filepath.Join(dir, "big.bin")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("saved %d bytes of %d, %v", len(got), len(want), err)
	}
}

// TestTLS goes the whole way with certificates, those of pki init and those serve makes for its user.
func TestTLS(t *testing.T) {
	home := t.TempDir()
	pki := filepath.Join(home, "sidegate", "pki")
	if _, err := identity.Init(pki, identity.PKIOptions{}); err != nil {
		t.Fatal(err)
	}
	reloader, err := identity.NewReloader(filepath.Join(pki, "pcside"), identity.Options{Server: true})
	if err != nil {
		t.Fatal(err)
	}
	guard, err := identity.NewGuard(identity.GuardOptions{Policy: identity.API()})
	if err != nil {
		t.Fatal(err)
	}
	s := newScreen(t, newFake(), append(guard.ServerOptions(), grpc.Creds(reloader.Server()))...)
	s.env["XDG_STATE_HOME"] = home
	delete(s.env, "PCSIDE_INSECURE_DEV")

	s.must("pcside", "mailbox", "create", "NET/PO/ANN")
	s.must("pcside", "send", "--from", "NET/PO/ANN", "--to", "NET/PO/ANN")
	s.must("pcside", "inbox", "NET/PO/ANN", "--tls-dir", filepath.Join(pki, "user"))
	if code := s.run(t.Context(), "pcside", "inbox", "NET/PO/ANN", "--tls-dir", filepath.Join(pki, "monitor")); code != exitFailed {
		t.Errorf("a monitor reads mail: %d, %s", code, s.err.String())
	}
	other := filepath.Join(t.TempDir(), "pki")
	if _, err := identity.Init(other, identity.PKIOptions{}); err != nil {
		t.Fatal(err)
	}
	s.env["PCSIDE_TLS_DIR"] = filepath.Join(other, "user")
	if code := s.run(t.Context(), "pcside", "inbox", "NET/PO/ANN"); code != exitFailed {
		t.Errorf("a stranger's certificates: %d, %s", code, s.err.String())
	}
	if said := s.err.String(); !strings.HasSuffix(said, " (with the certificates in "+s.env["PCSIDE_TLS_DIR"]+")\n") {
		t.Errorf("it does not say whose they are: %s", said)
	}
	// A flag beats the environment, also when they contradict each other.
	if code := s.run(t.Context(), "pcside", "inbox", "NET/PO/ANN", "--insecure-dev", "--timeout", "1s"); code == exitUsage || code == exitDone {
		t.Errorf("plaintext to a TLS server: %d, %s", code, s.err.String())
	}
}

// TestDeadline ends a call to a server that accepts connections and says nothing.
func TestDeadline(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := newScreen(t, newFake())
	for _, args := range [][]string{
		{"pcside", "status"}, {"pcside", "send", "--from", "a@b", "--to", "a@b"}, {"pcside", "read", "a@b", "1"},
	} {
		if code := s.run(t.Context(), append(args, "--addr", l.Addr().String(), "--timeout", "50ms")...); code != exitLater {
			t.Errorf("%v exits with %d: %s", args, code, s.err.String())
		}
		if want := "pcside: " + args[1] + ": no answer in time\n"; s.err.String() != want {
			t.Errorf("got %q, want %q", s.err.String(), want)
		}
	}
}

func TestHelp(t *testing.T) {
	s := &screen{t: t, env: map[string]string{}}
	for _, program := range config.Programs() {
		a := &app{program: testProgram(program), streams: Streams{Env: func(string) (string, bool) { return "", false }}}
		var all strings.Builder
		var walk func(path []string, commands []*urfave.Command)
		walk = func(path []string, commands []*urfave.Command) {
			for _, c := range commands {
				if c.Hidden || c.Name == "completion" {
					continue
				}
				here := append(path[:len(path):len(path)], c.Name)
				all.WriteString(s.must(append(here, "--help")...) + "\n")
				if c.Usage == "" || len(c.Commands) == 0 && !strings.Contains(c.Description, "Example") {
					t.Errorf("%v explains too little", here)
				}
				walk(here, c.Commands)
			}
		}
		all.WriteString(strings.ReplaceAll(s.must(program, "--help"), Build().Version, "VERSION") + "\n")
		walk([]string{program}, a.root().Commands)
		golden := filepath.Join("testdata", "help", program+".txt")
		if *update {
			if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), all.String()); diff != "" {
			t.Errorf("%s: help differs; see it, then go test ./internal/cli -update\n%s", program, diff)
		}
	}
}
