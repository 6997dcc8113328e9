package acceptance

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// scan is how often the coordinators of these tests look at their spool.
const scan = 50 * time.Millisecond

// The people of these tests.
const (
	jsmith = "COMPANY/DEPT/jsmith" // at pcside
	anna   = "anna@Design"         // at macside
	bob    = "bob@Old"             // behind the spool, with everybody else at Old
)

// trio is the three ends as the README runs them.
type trio struct {
	*place
	pc, mac, co *end
	spool       string
	at          map[string]string // addresses of the ends, for restarts
}

// newTrio starts pcside, macside and a coordinator and waits until all are linked.
func newTrio(t *testing.T, coordinator ...setting) *trio {
	t.Helper()
	w := &trio{place: newPlace(t), at: map[string]string{}}
	w.spool = filepath.Join(w.dir, "spool")
	listeners := map[string]net.Listener{}
	for _, name := range services[:3] {
		listeners[name] = w.listen()
		w.at[name] = listeners[name].Addr().String()
	}
	w.mac = w.startMac(listeners["macside"])
	w.pc = w.startPC(listeners["pcside"])
	w.co = w.startCoordinator(listeners["coordinator"], coordinator...)
	w.linked()
	return w
}

func (w *trio) startMac(l net.Listener, more ...setting) *end {
	return w.start("macside", l, append([]setting{serves("*@Design"), autoMailbox, accepts("pcside", "coordinator")}, more...)...)
}

func (w *trio) startPC(l net.Listener, more ...setting) *end {
	return w.start("pcside", l, append([]setting{serves("COMPANY/DEPT/*"), autoMailbox, dials("macside", w.at["macside"]), accepts("coordinator")}, more...)...)
}

func (w *trio) startCoordinator(l net.Listener, more ...setting) *end {
	return w.start("coordinator", l, append([]setting{
		serves("*@Old", "MACNET/MACPO/*"), keeps(w.spool, scan), dials("pcside", w.at["pcside"]), dials("macside", w.at["macside"]),
	}, more...)...)
}

// linked waits until every end has a session with both others and knows what they serve.
func (w *trio) linked() {
	w.t.Helper()
	for _, e := range []*end{w.pc, w.mac, w.co} {
		waitFor(w.t, "session of "+e.name+" with both others", func() bool {
			return len(e.Routes.Announcements()) == 2 && !slices.ContainsFunc(e.Admin.Status().Links, func(l *linkStatus) bool { return !l.Connected })
		})
	}
}

// again makes a listener at an address that an end had before.
func (w *trio) again(name string) net.Listener {
	w.t.Helper()
	l, err := net.Listen("tcp", w.at[name])
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// slot is the path of a file in a spool directory.
func (w *trio) slot(dir, name string) string { return filepath.Join(w.spool, "STORE", dir, name) }

// drop puts a file for the coordinator to read as the old programs did: written under another name, then renamed.
func (w *trio) drop(name string, data []byte) string {
	w.t.Helper()
	path := w.slot("MACTOPC", name)
	writing := strings.TrimSuffix(path, filepath.Ext(path)) + ".WRT"
	if err := os.WriteFile(writing, data, 0o644); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(writing, path); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// letter is one message of a message file.
func letter(from, to, subject, body string) []byte {
	return []byte(strings.Join([]string{
		"VERSION:3.00", "TO:" + to, "FROM:" + from, "DATE:1994-04-04", "TIME:13:10", "SUBJECT:" + subject,
		fmt.Sprintf("TEXT:%d", len(body)), body,
	}, "\r\n"))
}

// listed is what inbox tells of one message.
type listed struct {
	MessageID   string
	Sender      string
	Subject     string
	SubmitTime  time.Time
	SizeBytes   int
	Attachments []struct {
		FileName  string
		SizeBytes int
	}
}

// inbox lists a mailbox with the command line.
func (e *end) inbox(mailbox string) []listed {
	e.place.t.Helper()
	d := e.as("user", "inbox", mailbox, "--output", "jsonl")
	if d.code != 0 {
		e.place.t.Fatalf("inbox %s: %s", mailbox, d)
	}
	return lines[listed](e.place.t, d.out)
}

// lines reads JSON lines.
func lines[T any](t *testing.T, text string) []T {
	t.Helper()
	var out []T
	for line := range strings.Lines(text) {
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out = append(out, v)
	}
	return out
}

// subjects are those of a mailbox, in its order.
func (e *end) subjects(mailbox string) []string {
	e.place.t.Helper()
	var out []string
	for _, m := range e.inbox(mailbox) {
		out = append(out, m.Subject)
	}
	return out
}

// arrived waits for a subject in a mailbox and returns what inbox tells of it. It must be there once.
func (e *end) arrived(mailbox, subject string) listed {
	e.place.t.Helper()
	var found []listed
	waitFor(e.place.t, fmt.Sprintf("%q in %s", subject, mailbox), func() bool {
		found = slices.DeleteFunc(e.inbox(mailbox), func(m listed) bool { return m.Subject != subject })
		return len(found) > 0
	})
	if len(found) != 1 {
		e.place.t.Fatalf("%q is %d times in %s", subject, len(found), mailbox)
	}
	return found[0]
}

// send submits a message with the command line and returns its ID.
func (e *end) send(from, to, subject string, more ...string) string {
	e.place.t.Helper()
	d := e.as("user", append([]string{"send", "--from", from, "--to", to, "--subject", subject}, more...)...)
	if d.code != 0 || strings.Count(d.out, "\n") != 1 {
		e.place.t.Fatalf("send: %s", d)
	}
	return strings.TrimSpace(d.out)
}

// letters are the message files of the old half's directory, by name.
func (w *trio) letters(dir string) map[string][]byte {
	w.t.Helper()
	entries, err := os.ReadDir(filepath.Join(w.spool, "STORE", dir))
	if err != nil {
		w.t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if !strings.HasSuffix(strings.ToUpper(e.Name()), ".MSG") {
			continue
		}
		if data, err := os.ReadFile(w.slot(dir, e.Name())); err == nil {
			files[e.Name()] = data
		}
	}
	return files
}
