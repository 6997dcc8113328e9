package acceptance

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrongUsage: what is called wrongly, or asked for in vain, ends with the right exit code and one line that names what
// to look at; nothing is on stdout.
func TestWrongUsage(t *testing.T) {
	p := newPlace(t)
	pc := p.start("pcside", p.listen(), serves("COMPANY/DEPT/*"), autoMailbox)
	yaml := filepath.Join(p.dir, "wrong.yaml")
	if err := os.WriteFile(yaml, []byte("name: pc\nlissten: x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	send := func(more ...string) []string {
		return append([]string{"send", "--from", jsmith, "--subject", "never"}, more...)
	}
	to := func(more ...string) []string { return send(append([]string{"--to", "COMPANY/DEPT/other"}, more...)...) }
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"sned"}, 2, `no command "sned", did you mean send?`},
		{[]string{"send", "--bogus"}, 2, "no flag --bogus"},
		{[]string{"send"}, 2, "--from is missing"},
		{send(), 2, "--to is missing"},
		{send("--to", "anna"), 2, `--to: address "anna"`},
		{to("--from", "jsmith"), 2, `--from: address "jsmith"`},
		{to("--from", "OTHER/PO/x"), 1, "message.sender: OTHER/PO/x is not an address that pcside serves"},
		{to("--priority", "9"), 2, `--priority "9"`},
		{to("--subject", "a\rTEXT:0"), 1, "message.subject: holds the control character U+000D"},
		{to("--body", "x", "--body-file", "y"), 2, "--body, --body-file and -"},
		{to("--body-file", "/nonexistent"), 1, "/nonexistent"},
		{to("--attach", "/nonexistent"), 1, "attach: open /nonexistent"},
		{to("--attach", p.dir), 1, "is not a file"},
		{to("--request-id", strings.Repeat("x", 200)), 1, "request_id"},
		{[]string{"inbox"}, 2, "MAILBOX is missing"},
		{[]string{"inbox", "x"}, 2, `MAILBOX: address "x"`},
		{[]string{"inbox", jsmith, "more"}, 2, `"more" is one argument too many`},
		{[]string{"read", jsmith, "123"}, 1, "message_id"},
		{[]string{"read", jsmith, "01a200d0-588a-7510-985a-acee891d7694"}, 1, "01a200d0-588a-7510-985a-acee891d7694"},
		{[]string{"track", "xyz"}, 1, "message_id"},
		{[]string{"status"}, 1, "role user may not call"},
		{[]string{"status", "--output", "xml"}, 2, `--output "xml"`},
		{[]string{"status", "--timeout", "x"}, 2, `--timeout "x"`},
		{[]string{"queue", "delete"}, 2, "wants IDs, or --all"},
	} {
		d := pc.as("user", c.args...)
		if d.code != c.code || !strings.Contains(d.err, c.want) || !strings.HasPrefix(d.err, "pcside: ") || strings.Count(d.err, "\n") != 1 || d.out != "" {
			t.Errorf("%q: %s, want exit %d and %q", c.args, d, c.code, c.want)
		}
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"pcside", "status", "--addr", "127.0.0.1:1", "--tls-dir", p.certs("operator")}, 75, "connection refused"},
		{[]string{"pcside", "status", "--addr", leaving(t), "--tls-dir", p.certs("operator")}, 75, "the connection broke off in the handshake"},
		{[]string{"pcside", "status", "--addr", pc.addr, "--tls-dir", "/nonexistent"}, 1, "/nonexistent/tls.crt"},
		{[]string{"pcside", "status", "--addr", pc.addr, "--insecure-dev", "--timeout", "2s"}, 75, "or it wants certificates (--tls-dir)"},
		{[]string{"pcside", "status", "--addr", "192.0.2.1:7401", "--insecure-dev"}, 2, "not a loopback address"},
		{[]string{"pcside", "serve", "--config", yaml}, 2, `wrong.yaml:2: unknown key "lissten", did you mean listen?`},
		{[]string{"pcside", "serve", "--insecure-dev", "--listen", "0.0.0.0:7401"}, 2, `"0.0.0.0:7401" is not a loopback address`},
		{[]string{"pcside", "serve", "--serves", "a b"}, 2, `--serves: pattern: address "a b"`},
		{[]string{"pcside", "queue"}, 2, "wants one of list, show"},
		{[]string{"coordinator", "serve"}, 2, "--spool: wants the directory of the spool"},
		{[]string{"coordinator", "serve", "--spool", "x", "--role", "xx"}, 2, `--role: "xx" is none of pc, mac, drain`},
		{[]string{"coordinator", "send", "--from", "x"}, 2, "mail commands exist at the sides"},
		{[]string{"coordinator", "spool", "check", "/nonexistent"}, 1, "/nonexistent"},
	} {
		d := command(c.args[0], "", c.args[1:]...)
		if d.code != c.code || !strings.Contains(d.err, c.want) || d.out != "" {
			t.Errorf("%q: %s, want exit %d and %q", c.args, d, c.code, c.want)
		}
	}
	if got := pc.inbox("COMPANY/DEPT/other"); len(got) != 0 {
		t.Errorf("something was sent: %v", got)
	}
}

// object is any JSON object.
type object map[string]any

// lacks is which of these keys an object has not.
func (o object) lacks(keys ...string) (missing []string) {
	for _, k := range keys {
		if _, ok := o[k]; !ok {
			missing = append(missing, k)
		}
	}
	return missing
}

func (o object) at(t *testing.T, keys ...any) object {
	t.Helper()
	var v any = map[string]any(o)
	for _, k := range keys {
		switch k := k.(type) {
		case string:
			v = v.(map[string]any)[k]
		case int:
			list, _ := v.([]any)
			if len(list) <= k {
				t.Fatalf("nothing at %v of %v", keys, o)
			}
			v = list[k]
		}
	}
	found, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("no object at %v of %v", keys, o)
	}
	return found
}

func asObject(t *testing.T, d done) object {
	t.Helper()
	var o object
	if err := json.Unmarshal([]byte(d.out), &o); err != nil {
		t.Fatalf("%v: %s", err, d)
	}
	return o
}

// TestShapes: JSON has the fields that scripts rely on, also where they are empty.
func TestShapes(t *testing.T) {
	w := newTrio(t)
	attachment := filepath.Join(t.TempDir(), "menu.txt")
	if err := os.WriteFile(attachment, []byte("soup"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.pc.send(jsmith, anna, "shapes", "--attach", attachment, "--body", "Lunch?")
	id := w.mac.arrived(anna, "shapes").MessageID
	line := asObject(t, w.mac.as("user", "inbox", anna, "--output", "jsonl"))
	read := asObject(t, w.mac.as("user", "read", anna, id, "--output", "json"))
	status := asObject(t, w.pc.as("operator", "status", "--output", "json"))
	file := filepath.Join(t.TempDir(), "MMFF1.MSG")
	if err := os.WriteFile(file, sample("\r\n", "shown"), 0o644); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "MMFF2.MSG")
	if err := os.WriteFile(bad, []byte("VERSION:3.00\r\nTO:N/P/U\r\nTEXT:2\r\nhi"), 0o644); err != nil {
		t.Fatal(err)
	}
	shown := asObject(t, command("coordinator", "", "mmff", "show", file, "--output", "json"))
	wrong := asObject(t, command("coordinator", "", "mmff", "show", bad, "--output", "json"))
	for _, c := range []struct {
		name string
		o    object
		keys []string
	}{
		{"inbox", line, []string{"messageId", "sender", "subject", "submitTime", "sizeBytes", "attachments"}},
		{"inbox, attachment", line.at(t, "attachments", 0), []string{"fileName", "sizeBytes"}},
		{"read", read, []string{"messageId", "sender", "recipients", "subject", "submitTime", "sizeBytes", "body", "attachments"}},
		{"read, attachment", read.at(t, "attachments", 0), []string{"fileName", "sizeBytes", "content"}},
		{"status", status, []string{"ends", "links", "lanes", "alarms"}},
		{"status, direction", status.at(t, "links", 0, "directions", 0), []string{"from", "to", "state", "conditions", "reason", "depth", "oldestAge"}},
		{"mmff show", shown, []string{"kind", "messages", "errors"}},
		{"mmff show, message", shown.at(t, "messages", 0), []string{"sender", "recipients", "subject", "date", "time", "body", "attachments", "sizeBytes"}},
		{"mmff show, recipients", shown.at(t, "messages", 0, "recipients"), []string{"to", "cc", "bcc"}},
		{"mmff show, attachment", shown.at(t, "messages", 0, "attachments", 0), []string{"fileName", "sizeBytes", "content"}},
		{"mmff show, error", wrong.at(t, "errors", 0), []string{"code", "message", "line", "text"}},
	} {
		if missing := c.o.lacks(c.keys...); len(missing) > 0 {
			t.Errorf("%s lacks %v: %v", c.name, missing, c.o)
		}
	}
	if read["body"] != "Lunch?" || read.at(t, "attachments", 0)["content"] != "c291cA==" {
		t.Errorf("read: %v", read)
	}
	if wrong["kind"] != "bad" || shown["kind"] != "mail" {
		t.Errorf("kinds: %v, %v", shown["kind"], wrong["kind"])
	}
	d := command("coordinator", "", "mmff", "check", file, bad)
	if d.code != 1 || strings.Count(d.out, "\n") != 2 || !strings.Contains(d.out, "143-1-") {
		t.Errorf("mmff check: %s", d)
	}
	if d := command("coordinator", "", "mmff", "check", file); d.code != 0 {
		t.Errorf("mmff check of a good file: %s", d)
	}
}

// leaving is the address of somebody who hangs up on every caller, as a program does that is just ending.
func leaving(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	return l.Addr().String()
}
