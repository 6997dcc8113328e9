package acceptance

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sidegate/internal/config"
	"sidegate/internal/mail"
)

// untried are commands of the documents that are not run here, and why.
var untried = map[string]string{
	"pcside inbox NET/PO/ANN --follow --output jsonl": "stays until it is stopped; make demo uses it",
	"make bench":                       "measures for minutes; internal/layout looks for the target",
	"pcside health":                    "asks over HTTP; internal/crashtest does so of processes",
	"source <(pcside completion bash)": "a shell reads it; the script for fish is written",
	"while sleep 0.5; do date +%T.%N; ls -l --time-style=full-iso DIR/STORE/MACTOPC DIR/STORE/PCTOMAC DIR/BADMAIL; done > listing.txt": "runs until it is stopped",
}

// examples are the commands of a page: the lines of its sh blocks, and those below Example in help texts.
func examples(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, block := range regexp.MustCompile("(?s)\n```sh\n(.*?)```|\n   Examples?:\n(.*?)\n\n").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1] + block[2]) {
			if line = strings.TrimSpace(line); line != "" {
				out = append(out, line)
			}
		}
	}
	return out
}

// TestExamples: every command that docs/ shows works as it stands there, one after the other, in the world that they speak of.
func TestExamples(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	b, seen := newBench(t), map[string]bool{}
	for _, page := range pages {
		for _, line := range examples(t, page) {
			if seen[line] = true; untried[line] == "" {
				b.try(line)
			}
		}
	}
	if len(seen) < 90 {
		t.Errorf("the pages have only %d examples", len(seen))
	}
	for line := range untried {
		if !seen[line] {
			t.Errorf("%s: no page shows it any more", line)
		}
	}
}

// bench is where examples are tried: ends that serve what they name, and a directory with the files they name.
type bench struct {
	*place
	ends map[string]*end
	here string // where the commands run
	id   string // of the message that the examples are about
	// before is what has happened when the examples of a command begin.
	before map[string]func(*bench)
}

func newBench(t *testing.T) *bench {
	p := newPlace(t)
	b := &bench{place: p, ends: map[string]*end{}, here: t.TempDir(), before: maps.Clone(story)}
	mac, pc := p.listen(), p.listen()
	b.ends["macside"] = p.start("macside", mac, serves("*@Marketing"), autoMailbox, accepts("pcside"))
	b.ends["pcside"] = p.start("pcside", pc, serves("NET/PO/*"), autoMailbox, dials("macside", mac.Addr().String()), accepts("coordinator"))
	b.ends["coordinator"] = p.start("coordinator", p.listen(), serves("SALES/*/*"), keeps(filepath.Join(p.dir, "spool"), scan),
		dials("pcside", pc.Addr().String()), func(c *config.Config) {
			c.Spool.Role, c.Spool.Proxy = "mac", mail.Postoffice{Network: "MACNET", Name: "MACPO"}
		})
	waitFor(t, "session of pcside with both others", func() bool { return len(b.ends["pcside"].Routes.Announcements()) == 2 })
	if err := os.Symlink(p.pki, filepath.Join(b.here, "pki")); err != nil {
		t.Fatal(err)
	}
	b.must("coordinator", "spool", "init", "spool")
	old := string(letter("bob@Marketing", "CSI:NET/PO/ANN", "s", "text"))
	for name, data := range map[string]string{
		"spool/STORE/MACTOPC/MMFF1.MSG": old, "spool/BADMAIL/BAD00001.MSG": old, "spool/INI/MACGATE.INI": "Blocking Factor = 30\r\n",
		"MMFF1.MSG": old, "menu.pdf": "%PDF-",
	} {
		b.write(name, data)
	}
	return b
}

// story is what happens before the examples of some commands.
var story = map[string]func(b *bench){
	"pcside inbox": func(b *bench) {
		b.id = b.must("pcside", "send", "--from", "NET/PO/TOM", "--to", "NET/PO/ANN", "--subject", "Dinner?", "--body", "At six.")
	},
	"pcside mailbox create": func(b *bench) { b.must("pcside", "mailbox", "delete", "NET/PO/ANN") },
	"pcside directory list": func(b *bench) { // somebody is there to be found
		waitFor(b.t, "mailbox of Bob", func() bool { return strings.Contains(b.must("macside", "mailbox", "list"), "bob@Marketing") })
		b.must("macside", "mailbox", "name", "bob@Marketing", "--name", "Bob Lee")
		waitFor(b.t, "Bob in the directory of pcside", func() bool { return strings.Contains(b.must("pcside", "directory", "list"), "Bob Lee") })
	},
	"pcside directory diff": func(b *bench) {
		b.write("GLOBAL.TXT", b.must("pcside", "directory", "export", "--source", "announced")+"\r\n")
	},
	"pcside queue list": func(b *bench) { // the other side is not there, and a message waits for it
		b.ends["macside"].stop()
		b.id = b.must("pcside", "send", "--from", "NET/PO/TOM", "--to", "bob@Marketing", "--subject", "Waits", "--body", "x")
	},
	"pcside badmail list": func(b *bench) {
		b.must("pcside", "send", "--from", "NET/PO/TOM", "--to", "nobody@Nowhere", "--subject", "Lost", "--body", "x")
	},
	"pcside store check": func(b *bench) { // of a service that does not run
		if err := os.Symlink(filepath.Join(b.dir, "macside"), filepath.Join(b.here, "data")); err != nil {
			b.t.Fatal(err)
		}
	},
}

// users are the commands of people; the others are for operators.
var users = regexp.MustCompile(`^(send|inbox|read|delete|directory (search|show))\b`)

// try runs one line of a shell. Only what would go to strangers, or outside of our directories, is put elsewhere.
func (b *bench) try(line string) {
	b.t.Helper()
	shown, stdin := line, ""
	if rest, piped := strings.CutPrefix(line, "date | "); piped {
		line, stdin = rest, "now\n"
	}
	for name, happens := range b.before {
		if strings.HasPrefix(line, name+" ") || line == name {
			delete(b.before, name)
			happens(b)
		}
	}
	line, _, _ = strings.Cut(line, " 2> ")
	line = strings.NewReplacer("0199f1a2-5b1c-7cc2-9a53-0d6b7c1f4e2a", b.id, "/old/spools", "spool/STORE", " /spool", " spool",
		" DIR", " spool", "oldside", "macside", "~/", "home/").Replace(line)
	line, file, _ := strings.Cut(line, " > ")
	args := words(line)
	if last := args[len(args)-1]; strings.HasSuffix(last, "/*") {
		names, _ := filepath.Glob(filepath.Join(b.here, last))
		args = slices.Concat(args[:len(args)-1], names)
	}
	d := b.run(args[0], stdin, args[1:]...)
	if d.code != 0 {
		b.t.Errorf("%s: %s", shown, d)
	}
	if file != "" {
		b.write(file, d.out)
	}
}

// run runs a program where the files are. Its environment says where the ends are and who calls.
func (b *bench) run(program, stdin string, args ...string) done {
	who := "operator"
	if users.MatchString(strings.Join(args, " ")) {
		who = "user"
	}
	with := map[string]string{"addr": b.ends[program].addr, "tls-dir": b.certs(who)}
	if program == "coordinator" {
		with["spool"], with["role"] = "spool", "mac"
	}
	if args[0] == "serve" { // that what it is told can be run
		args, with = append([]string{"config", "validate"}, args[1:]...), nil
	}
	c := process(b.t, program, args...)
	for key, value := range with {
		c.Env = append(c.Env, config.Env(program, key)+"="+value)
	}
	var out, errs bytes.Buffer
	c.Dir, c.Stdin, c.Stdout, c.Stderr = b.here, strings.NewReader(stdin), &out, &errs
	if err := c.Run(); c.ProcessState == nil {
		b.t.Fatal(err)
	}
	return done{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

// must runs what an example needs, and returns what it prints.
func (b *bench) must(program string, args ...string) string {
	b.t.Helper()
	d := b.run(program, "", args...)
	if d.code != 0 {
		b.t.Fatalf("%s %q: %s", program, args, d)
	}
	return strings.TrimSpace(d.out)
}

func (b *bench) write(name, text string) {
	b.t.Helper()
	path := filepath.Join(b.here, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}
