package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sidegate/internal/bounds"
	"sidegate/internal/mail"
)

func environment(vars map[string]string) func(string) (string, bool) {
	return func(key string) (string, bool) { v, ok := vars[key]; return v, ok }
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsRun(t *testing.T) {
	for _, program := range []string{PCSide, MacSide} {
		if err := Default(program).Validate(); err != nil {
			t.Errorf("%s without settings: %v", program, err)
		}
	}
	c := Default(Coordinator)
	c.Spool.Dir, c.Spool.Role = "/spool", "pc"
	if err := c.Validate(); err != nil {
		t.Errorf("coordinator with a spool: %v", err)
	}
}

func TestPrecedence(t *testing.T) {
	file := write(t, "max-recipients: 3\nserves: [A/B/*, C/D/*]\n")
	for _, tt := range []struct {
		name       string
		flags      map[string][]string
		env        map[string]string
		file       string
		recipients int
		serves     string
	}{
		{name: "default", recipients: 500, serves: "*/*/*"},
		{name: "file over default", file: file, recipients: 3, serves: "A/B/* C/D/*"},
		{name: "file named by the environment", env: map[string]string{"PCSIDE_CONFIG": file}, recipients: 3, serves: "A/B/* C/D/*"},
		{name: "environment over file", file: file, env: map[string]string{"PCSIDE_MAX_RECIPIENTS": "2", "PCSIDE_SERVES": "E/F/*,G/H/*"}, recipients: 2, serves: "E/F/* G/H/*"},
		{name: "list parted by lines", env: map[string]string{"PCSIDE_SERVES": "A/B/Last, First\nG/H/*\n"}, recipients: 500, serves: "A/B/Last, First G/H/*"},
		{name: "empty variable counts as not set", file: file, env: map[string]string{"PCSIDE_MAX_RECIPIENTS": "", "PCSIDE_CONFIG": ""}, recipients: 3, serves: "A/B/* C/D/*"},
		{name: "another program's variable", env: map[string]string{"MACSIDE_MAX_RECIPIENTS": "2"}, recipients: 500, serves: "*/*/*"},
		{name: "flag over everything", file: file, env: map[string]string{"PCSIDE_MAX_RECIPIENTS": "2"},
			flags: map[string][]string{"max-recipients": {"1"}, "serves": {"X/Y/Z"}}, recipients: 1, serves: "X/Y/Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Load(PCSide, Sources{Flags: tt.flags, Env: environment(tt.env), File: tt.file})
			if err != nil {
				t.Fatal(err)
			}
			var serves []string
			for _, p := range c.Serves {
				serves = append(serves, p.String())
			}
			if c.MaxRecipients != tt.recipients || strings.Join(serves, " ") != tt.serves {
				t.Errorf("got %d %v, want %d %s", c.MaxRecipients, serves, tt.recipients, tt.serves)
			}
		})
	}
}

func TestFileFaults(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"unknown key", "listen: 127.0.0.1:1\n\nlisen: 127.0.0.1:2\n", `F:3: unknown key "lisen", did you mean listen?`},
		{"plural", "peers: []\n", `F:1: unknown key "peers", did you mean peer?`},
		{"underscore", "tls_dir: x\n", `F:1: unknown key "tls_dir", did you mean tls-dir?`},
		{"nothing like it", "colour: red\n", `F:1: unknown key "colour"`},
		{"notices to nobody who can be read", "notices-to: postmaster\n", `F:1: notices-to: address "postmaster": write NET/PO/USER, user@server or TYPE:value`},
		{"spool setting at a side", "scan: 2s\n", `F:1: unknown key "scan", which only a coordinator has`},
		{"twice", "name: a\nname: b\n", `F:2: "name" stands in line 1 already`},
		{"bad value", "# x\nmax-recipients: many\n", `F:2: max-recipients: "many" is not a number from 1 to 100000`},
		{"list for a scalar", "listen: [a, b]\n", `F:1: listen: wants one value, not a list`},
		{"mapping for a scalar", "listen: {a: b}\n", `F:1: listen: wants a value or a list of values`},
		{"no value", "data:\n", `F:1: data: has no value`},
		{"bad item", "serves:\n  - N/P/*\n  - '*x/y/z'\n", `F:1: serves: pattern "*x/y/z": * stands for a whole part, not for a piece of "*x"`},
		{"no mapping", "- a\n", `F:1: wants lines of the form KEY: VALUE`},
		{"two documents", "name: a\n---\nname: b\n", `F: holds more than one document`},
		{"no YAML", "name: [\n", `F: line 1: did not find expected node content`},
		{"two faults", "lifetime: 3\ncolour: red\n", "F:1: lifetime: \"3\" is not a duration such as 2s, 90m or 5d\nF:2: unknown key \"colour\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, tt.text)
			_, err := Load(PCSide, Sources{File: path})
			if err == nil {
				t.Fatal("accepted")
			}
			if got := strings.ReplaceAll(err.Error(), path, "F"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestFileThatIsMissing(t *testing.T) {
	if _, err := Load(PCSide, Sources{File: filepath.Join(t.TempDir(), "none.yaml")}); err == nil {
		t.Error("accepted")
	}
}

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		name, program string
		flags         map[string][]string
		env           map[string]string
		want          string
	}{
		{"plaintext beyond loopback", PCSide, map[string][]string{"insecure-dev": {"true"}, "listen": {"0.0.0.0:7401"}}, nil,
			`--insecure-dev: refused because "0.0.0.0:7401" is not a loopback address: everything would be in the clear and every caller trusted`},
		{"plaintext to a peer beyond loopback", PCSide, map[string][]string{"peer": {"10.0.0.1:7402"}}, map[string]string{"PCSIDE_INSECURE_DEV": "1"},
			`PCSIDE_INSECURE_DEV: refused because "10.0.0.1:7402" is not a loopback address: everything would be in the clear and every caller trusted`},
		{"status page beyond loopback", MacSide, map[string][]string{"insecure-dev": {"true"}, "http": {":9402"}}, nil,
			`--insecure-dev: refused because ":9402" is not a loopback address: everything would be in the clear and every caller trusted`},
		{"plaintext and certificates", PCSide, map[string][]string{"insecure-dev": {"true"}, "tls-dir": {"/x"}}, nil,
			`--insecure-dev: cannot stand together with tls-dir "/x"`},
		{"no certificates", PCSide, map[string][]string{"listen": {"10.1.2.3:7401"}}, nil,
			`--tls-dir: wants a directory of certificates because "10.1.2.3:7401" is not a loopback address; pcside pki init DIR makes one`},
		{"drain that serves", Coordinator, map[string][]string{"spool": {"/s"}, "role": {"drain"}, "serves": {"A/B/*"}}, nil,
			`--serves: "A/B/*" cannot stand together with role drain, which writes nothing into the spool`},
		{"coordinator without a spool", Coordinator, nil, nil,
			"--spool: wants the directory of the spool\n--role: wants pc, mac or drain: which half the coordinator is on this spool"},
		{"proxies for the Macintosh half", Coordinator, map[string][]string{"spool": {"/s"}, "role": {"pc"}, "proxy": {"MACNET/MACPO"}}, nil,
			`--proxy: "MACNET/MACPO" is for a spool with a PC half behind it, role mac or drain; the Macintosh half takes addresses as they are`},
		{"former proxies of none", Coordinator, map[string][]string{"spool": {"/s"}, "role": {"mac"}, "proxy-alias": {"OLD/PO"}}, nil,
			`--proxy-alias: "OLD/PO" is a former place of proxies, but proxy names none`},
		{"proxies where people live", Coordinator, map[string][]string{"spool": {"/s"}, "role": {"mac"}, "serves": {"*/*/*", "MACNET/*/*"}, "proxy": {"macnet/macpo"}}, nil,
			`--proxy: "MACNET/MACPO" is where proxies stand, and serves "MACNET/*/*" says that people behind the spool live there`},
		{"former proxies named twice", Coordinator, map[string][]string{"spool": {"/s"}, "role": {"mac"}, "proxy": {"NEW/PO"}, "proxy-alias": {"OLD/PO", "new/po"}}, nil,
			`--proxy-alias: "NEW/PO" is named twice`},
		{"slot 1 without aging", Coordinator, map[string][]string{"spool": {"/s"}, "role": {"pc"}, "reserve-slot1": {"true"}}, nil,
			`--reserve-slot1: wants aging above 0s and a blocking factor of 2 at least; they are 0s and 10`},
		{"late before a beat", PCSide, map[string][]string{"heartbeat": {"5s"}}, nil, `--late: 3s must be longer than heartbeat 5s`},
		{"down before late", PCSide, map[string][]string{"late": {"20s"}}, nil, `--down: 10s must be longer than late 20s`},
		{"peer that is no peer", PCSide, map[string][]string{"accept-peer": {"sidegate://user/ann"}}, nil,
			`--accept-peer: "sidegate://user/ann" has role user, and only a peer is an end of a link`},
		{"peer twice", PCSide, map[string][]string{"peer": {"127.0.0.1:1", "127.0.0.1:1"}}, nil, `--peer: "127.0.0.1:1" is named twice`},
		{"one address twice", PCSide, map[string][]string{"http": {"127.0.0.1:7401"}}, nil, `--http: "127.0.0.1:7401" is where gRPC is served already, as listen says`},
		{"dials itself", PCSide, map[string][]string{"peer": {"127.0.0.1:7401"}}, nil, `--peer: "127.0.0.1:7401" is where this end listens itself`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Load(tt.program, Sources{Flags: tt.flags, Env: environment(tt.env)})
			if err != nil {
				t.Fatal(err)
			}
			err = c.Validate()
			if err == nil {
				t.Fatal("accepted")
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

func TestValidateOfAHandMadeConfig(t *testing.T) {
	c := Default(PCSide)
	c.LogLevel, c.MaxRecipients = "loud", 0
	want := "max-recipients: \"0\" is not a number from 1 to 100000"
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"loud"`) {
		t.Errorf("got %v", err)
	}
}

func TestFlagsThatCannotBeRead(t *testing.T) {
	for _, tt := range []struct{ key, value, want string }{
		{"listen", "7401", `--listen: "7401" is not HOST:PORT`},
		{"peer", "host", `--peer: "host": "host" is not HOST:PORT`},
		{"peer", "h:1=", `--peer: "h:1=": nothing follows =`},
		{"pin", "A/B/*", `--pin: "A/B/*" is not PATTERN=END`},
		{"max-message-bytes", "25XB", `--max-message-bytes: "25XB" is not a size such as 100KB or 25MiB`},
		{"max-message-bytes", "0", `--max-message-bytes: "0": must be more than nothing`},
		{"log-format", "xml", `--log-format: "xml" is none of text, json`},
		{"insecure-dev", "maybe", `--insecure-dev: "maybe" is neither true nor false`},
		{"lifetime", "-5s", `--lifetime: "-5s" is not a duration such as 2s, 90m or 5d`},
		{"name", "a b", `--name: "a b" is no name of an end: letters, digits and ._@+-, 64 at most`},
	} {
		_, err := Load(PCSide, Sources{Flags: map[string][]string{tt.key: {tt.value}}})
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s %q:\ngot  %v\nwant %s", tt.key, tt.value, err, tt.want)
		}
	}
}

// TestSpoolAlias: a path by which the old programs know the spool is never one within the spool.
func TestSpoolAlias(t *testing.T) {
	for value, want := range map[string]string{`M:\MACGATE\`: `M:\MACGATE`, `M:\`: "M:", "Server:Macgate": "Server:Macgate", "/mnt/gw/": "/mnt/gw", `\\SERVER\GW`: `\\SERVER\GW`,
		"OUT": "", `\/`: "", "": "", "M:\\MAC\tGATE": "", " M:": "", `M:\` + strings.Repeat("x", 300): ""} {
		c, err := Load(Coordinator, Sources{Flags: map[string][]string{"spool-alias": {value}}})
		if want == "" {
			if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("--spool-alias: %q ", value)) {
				t.Errorf("%q: %v", value, err)
			}
		} else if err != nil || fmt.Sprint(c.Spool.SpoolAliases) != "["+want+"]" {
			t.Errorf("%q: %v, %v", value, c.Spool.SpoolAliases, err)
		}
	}
}

func TestSizesAndDurations(t *testing.T) {
	for text, want := range map[string]int64{"100KB": 100_000, "25MiB": 25 << 20, "512": 512, "1 GiB": 1 << 30, "0": 0, "7b": 7} {
		if n, err := ParseSize(text); err != nil || n != want {
			t.Errorf("ParseSize(%q) = %d, %v", text, n, err)
		}
	}
	for _, text := range []string{"", "KB", "-1", "1.5MB", "99999999999GiB", "1KBKB", "1 2"} {
		if n, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %d", text, n)
		}
	}
	for text, want := range map[string]time.Duration{"5d": 120 * time.Hour, "1d12h": 36 * time.Hour, "90m": 90 * time.Minute, "0": 0, "0d": 0} {
		if d, err := ParseDuration(text); err != nil || d != want {
			t.Errorf("ParseDuration(%q) = %v, %v", text, d, err)
		}
	}
	for _, text := range []string{"", "d", "5", "-1d", "5dd", "1h1d"} {
		if d, err := ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v", text, d)
		}
	}
}

func TestFormatsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Min(0).Draw(t, "size")
		if got, err := ParseSize(FormatSize(n)); err != nil || got != n {
			t.Fatalf("%d -> %s -> %d, %v", n, FormatSize(n), got, err)
		}
		d := time.Duration(rapid.Int64Range(0, int64(1000*day)).Draw(t, "duration"))
		if got, err := ParseDuration(FormatDuration(d)); err != nil || got != d {
			t.Fatalf("%d -> %s -> %d, %v", d, FormatDuration(d), got, err)
		}
	})
}

// TestSideSettingAtACoordinator: a coordinator keeps no mailboxes and says so when it is told what to do about them.
func TestSideSettingAtACoordinator(t *testing.T) {
	_, err := Load(Coordinator, Sources{File: write(t, "receipts: never\n")})
	if err == nil || !strings.HasSuffix(err.Error(), `:1: unknown key "receipts", which only a side has`) {
		t.Errorf("got %v", err)
	}
}

// TestPrintReadsBack holds for whatever text the settings contain: what print writes, Load reads as the same settings.
func TestPrintReadsBack(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		c := Default(Coordinator)
		c.Data = rapid.StringMatching(`[ -~é]{1,12}`).Draw(t, "data")
		c.Spool.Dir = rapid.SampledFrom([]string{"", "/a b", "- x", "null", "yes", "#", "a: b", "1e3", "a\tb"}).Draw(t, "spool")
		c.Peers = rapid.SliceOfN(rapid.Just(Peer{"h:1", "sidegate://peer/x"}), 0, 2).Draw(t, "peers")
		c.Pins = []Pin{{mail.MustPattern("*"), "x"}, {mail.MustPattern("SMTP:a#b, c"), "~"}}
		c.Spool.Role, c.Spool.Truthful = "mac", false
		var out bytes.Buffer
		if err := c.Print(&out, true); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "printed.yaml")
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Load(Coordinator, Sources{File: path})
		if err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		for _, s := range Settings(Coordinator) {
			if diff := cmp.Diff(s.field(c).get(), s.field(got).get()); diff != "" {
				t.Fatalf("%s: %s", s.Key, diff)
			}
		}
	})
}

func TestPrintedDefaultsAreAFile(t *testing.T) {
	for _, program := range Programs() {
		var out bytes.Buffer
		if err := Default(program).Print(&out, false); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "# ") {
				line = line[1:]
			}
			if !strings.HasPrefix(line, "role:") { // the one setting whose default is none of its values
				lines = append(lines, line)
			}
		}
		c, err := Load(program, Sources{File: write(t, strings.Join(lines, ""))})
		if err != nil {
			t.Fatalf("%s: %v\n%s", program, err, &out)
		}
		if c.Listen != Default(program).Listen {
			t.Errorf("%s: listen %s", program, c.Listen)
		}
	}
}

func TestPrintNamesTheOrigin(t *testing.T) {
	file := write(t, "name: north\n")
	c, err := Load(PCSide, Sources{File: file, Env: environment(map[string]string{"PCSIDE_LOG_LEVEL": "warn"}), Flags: map[string][]string{"http": {"off"}}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.Print(&out, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"name: north # " + file + ":1\n", "log-level: warn # PCSIDE_LOG_LEVEL\n", "http: off # --http\n", "max-recipients: 500 # default\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
}

func TestReload(t *testing.T) {
	path := write(t, "log-level: warn\n")
	c, err := Load(PCSide, Sources{File: path, Flags: map[string][]string{"name": {"x"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("log-level: debug\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := c.Reload()
	if err != nil || again.LogLevel != "debug" || again.Name != "x" || c.LogLevel != "warn" {
		t.Errorf("got %+v, %v", again, err)
	}
}

// TestEverySettingHasAPlace finds a field of Config that nobody can set, and a setting that sets nothing.
func TestEverySettingHasAPlace(t *testing.T) {
	fields := 0
	for _, typ := range []reflect.Type{reflect.TypeFor[Config](), reflect.TypeFor[Spool]()} {
		for i := range typ.NumField() {
			if f := typ.Field(i); f.IsExported() && f.Name != "Program" && f.Name != "Spool" {
				fields++
			}
		}
	}
	all := map[string]bool{}
	for _, program := range Programs() {
		seen := map[string]bool{}
		for _, s := range Settings(program) {
			if seen[s.Key] || s.Usage == "" || s.Group == "" {
				t.Errorf("%s: %+v is incomplete or there twice", program, s)
			}
			seen[s.Key], all[s.Key] = true, true
		}
	}
	if len(all) != fields {
		t.Errorf("%d settings for %d fields", len(all), fields)
	}
}

func TestStateDir(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/sidegate"},
		{map[string]string{"XDG_STATE_HOME": "x", "HOME": "/h"}, "/h/.local/state/sidegate"},
		{map[string]string{"HOME": "/"}, "/var/lib/sidegate"},
		{nil, "/var/lib/sidegate"},
	} {
		if got := StateDir(environment(tt.env)); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.env, got, tt.want)
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add([]byte("listen: 127.0.0.1:7401\npeer:\n  - a:1=b\n"))
	f.Add([]byte("a: &x [1]\nb: *x\n"))
	f.Add([]byte("---\n...\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var entries []entry
		var err error
		bounds.Allocation(t, len(data), func() { entries, err = parseFile("f", data) })
		if err != nil {
			return
		}
		for _, e := range entries {
			if e.line < 1 {
				t.Errorf("%q is in line %d", e.key, e.line)
			}
		}
	})
}
