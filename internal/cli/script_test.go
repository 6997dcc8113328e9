package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"sidegate/internal/config"
)

var update = flag.Bool("update", false, "write golden files and scripts anew")

func TestMain(m *testing.M) {
	commands := map[string]func(){}
	for _, name := range config.Programs() {
		commands[name] = func() { os.Exit(Main(testProgram(name), os.Args)) }
	}
	testscript.Main(m, commands)
}

// testProgram serves by telling what it was told, and has small tools of its own.
func testProgram(name string) Program {
	p := Program{Name: name, Serve: func(_ context.Context, c *config.Config) error {
		_, err := fmt.Printf("serving %s on %s for %v with %s\n", c.Name, c.Listen, c.Serves, filepath.Base(c.TLSDir))
		return err
	}}
	if name == config.Coordinator {
		p.Spool, p.MMFF = dirTool{}, lineTool{}
	}
	p.Store = fakeStores{}
	return p
}

// dirTool takes a directory with a STORE directory for a spool.
type dirTool struct{}

func (dirTool) Init(dir string) ([]string, error) {
	path := filepath.Join(dir, "STORE")
	if _, err := os.Stat(path); err == nil {
		return nil, nil
	}
	return []string{path}, os.MkdirAll(path, 0o777)
}

func (dirTool) Check(dir string) (SpoolReport, error) {
	if _, err := os.Stat(dir); err != nil {
		return SpoolReport{}, err
	}
	if _, err := os.Stat(filepath.Join(dir, "STORE")); err != nil {
		return SpoolReport{Findings: []SpoolFinding{{"problem", "STORE", "is missing"}}}, nil
	}
	return SpoolReport{Findings: []SpoolFinding{{"ok", "STORE", "is there"}}}, nil
}

// lineTool reads files whose first line is VERSION:3.00; what follows is the body.
type lineTool struct{}

func (lineTool) Show(_ string, data []byte, o MMFFOptions) MMFFFile {
	body, ok := strings.CutPrefix(string(data), "VERSION:3.00\n")
	if !ok {
		return MMFFFile{Kind: "bad", Errors: []MMFFError{{Code: 143, Message: 1, Line: 1, Text: "143-1-1 no VERSION line"}}}
	}
	return MMFFFile{Kind: "mail", Messages: []MMFFMessage{{
		Sender: "net/po/ann", Recipients: MMFFRecipients{To: []string{"bob@Marketing"}}, Subject: "in " + o.CodePage,
		Date: "1994-05-06", Time: "07:08", SizeBytes: int64(len(body)), Body: body,
		Attachments: []MMFFAttachment{{FileName: "A.TXT", SizeBytes: 2, Content: []byte("hi")}},
	}}}
}

func (lineTool) ToEML(data []byte, _ MMFFOptions) ([][]byte, []string, error) {
	if string(data) == "HANDSHAKE\n" {
		return nil, []string{"it is a handshake"}, nil
	}
	var made [][]byte
	for _, body := range strings.Split(string(data), "VERSION:3.00\n")[1:] {
		made = append(made, []byte("Subject: x\n\n"+body))
	}
	if len(made) == 0 {
		return nil, nil, errors.New("143-1-1 no VERSION line")
	}
	return made, nil, nil
}

func (lineTool) ImportSettings(data []byte) (ImportedSettings, error) {
	if !strings.HasPrefix(string(data), "Blocking") {
		return ImportedSettings{}, errors.New("line 1, column 1: no setting")
	}
	return ImportedSettings{Settings: []ImportedSetting{{Line: 1, From: "Blocking Factor", Key: "blocking-factor", Value: "30"}}, Notes: []string{"line 2, User: has no meaning here"}}, nil
}

func (lineTool) Mappings() []byte { return []byte(".TXT=Text:TEXT:MSWD:Text\n") }

func (lineTool) CheckMappings(data []byte) (int, error) {
	if !strings.HasPrefix(string(data), ".") {
		return 0, errors.New("line 1: no dot")
	}
	return strings.Count(string(data), "\n"), nil
}

func (lineTool) Mailbox(w io.Writer) MMFFMailbox { return lineBox{w} }

type lineBox struct{ w io.Writer }

func (b lineBox) Add(m []byte) error {
	_, err := fmt.Fprintf(b.w, "From x\n%s\n", m)
	return err
}

func (lineBox) Close() error { return nil }

func (lineTool) FromEML(data []byte, o MMFFOptions) ([]byte, []string, error) {
	_, body, _ := strings.Cut(string(data), "\n\n")
	end := map[string]string{"crlf": "\r\n", "cr": "\r", "lf": "\n"}[o.LineEnd]
	return []byte("VERSION:3.00" + end + body), []string{"the header field X-Odd has no place"}, nil
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true, UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Defer(newFake().serve(l))
			closed, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			_ = closed.Close()
			well := httptest.NewServer(http.HandlerFunc(probes))
			env.Defer(well.Close)
			env.Vars = append(env.Vars, "CLOSED="+closed.Addr().String(), "HTTP="+strings.TrimPrefix(well.URL, "http://"))
			for _, name := range config.Programs() {
				env.Vars = append(env.Vars, config.Env(name, "addr")+"="+l.Addr().String(), config.Env(name, "insecure-dev")+"=true")
			}
			env.Vars = append(env.Vars, "GORACE=atexit_sleep_ms=0" /* else a second for every command */, "XDG_STATE_HOME="+filepath.Join(env.WorkDir, "state"), "ADDR="+l.Addr().String(), "TWOLINES=one\ntwo")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "jsonkeys": jsonKeys},
	})
}

func probes(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/livez" {
		fmt.Fprintln(w, "alive")
		return
	}
	http.Error(w, "the store refuses mail", http.StatusServiceUnavailable)
}

// exits runs a command and wants one exit code: exits 75 pcside send ...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("%v exits with %s, want %s\n%s%s", args[1:], got, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// jsonKeys wants every line of stdout to be an object with the keys named: jsonkeys a b.c
func jsonKeys(ts *testscript.TestScript, _ bool, args []string) {
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var value any
		ts.Check(json.Unmarshal([]byte(line), &value))
		for _, path := range args {
			at := value
			for key := range strings.SplitSeq(path, ".") {
				if list, ok := at.([]any); ok && len(list) > 0 {
					at = list[0]
				}
				object, ok := at.(map[string]any)
				if !ok {
					ts.Fatalf("%s: nothing to look into for %s", line, path)
				}
				if at, ok = object[key]; !ok {
					ts.Fatalf("%s lacks %s", line, path)
				}
			}
		}
	}
}
