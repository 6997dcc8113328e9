package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The list of the people behind the spool, as IMPORT.EXE wrote it, and one that is newer.
const (
	oldList = "# people of the old half\r\n" +
		"R MSMAIL:Old\r\n" +
		"A Bob Young                      MSMAIL:bob@Old\r\n" +
		"A M\x81ller, J\x94rg                   MSMAIL:J\x94rg@Old\r\n" +
		"R PCM:MACNET/MACPO\r\n" +
		"A Chen, John                     PCM:MACNET/MACPO/T60009HO\r\n" +
		"- Phone:/555-1212\r\n\x1a"
	newList = "R MSMAIL:Old\r\n" +
		"A Bob Younger                    MSMAIL:bob@Old\r\n" +
		"A Dora                           MSMAIL:dora@Old\r\n"
)

// do runs a command that must end well.
func (e *end) do(args ...string) done {
	e.place.t.Helper()
	d := e.as("operator", args...)
	if d.code != 0 {
		e.place.t.Fatalf("%v: %s", args, d)
	}
	return d
}

// finds waits until a search by a user of an end answers this.
func (e *end) finds(text, want string) {
	e.place.t.Helper()
	var last done
	waitFor(e.place.t, fmt.Sprintf("%q at %s when looking for %q", want, e.name, text), func() bool {
		last = e.as("user", "directory", "search", text)
		return last.code == 0 && last.out == want
	})
}

func (p *place) write(name, text string) string {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// TestDirectory: the people behind the spool are imported at the coordinator and found at both sides, those of the sides at
// the other ends; what changes reaches everybody, what was exported mends and compares, and a restart forgets nobody.
func TestDirectory(t *testing.T) {
	w := newTrio(t)
	w.pc.do("mailbox", "create", jsmith, "--owner", "sidegate://user/alice", "--name", "Jane Smith")
	w.mac.do("mailbox", "create", anna, "--owner", "sidegate://user/alice", "--name", "Anna Ünal")
	list := w.write("MACLIST.TXT", oldList)
	if d := w.co.do("directory", "import", list, "--dry-run"); !strings.Contains(d.err, "would be 3 added") {
		t.Errorf("dry run: %s", d)
	}
	if d := w.co.do("directory", "list", "--source", "own"); d.out != "" {
		t.Errorf("a dry run imported somebody: %s", d)
	}
	w.co.do("directory", "import", list)

	for _, e := range []*end{w.mac, w.pc} {
		e.finds("young", "Bob Young\tbob@Old\tcoordinator\tannounced\n")
		e.finds("JÖRG", "Müller, Jörg\tJörg@Old\tcoordinator\tannounced\n")
		e.finds("t6000", "Chen, John\tMACNET/MACPO/T60009HO\tcoordinator\tannounced\n")
	}
	w.mac.finds("jane", "Jane Smith\t"+jsmith+"\tpcside\tannounced\n")
	w.pc.finds("anna", "Anna Ünal\t"+anna+"\tmacside\tannounced\n")
	w.co.finds("ünal", "Anna Ünal\t"+anna+"\tmacside\tannounced\n")
	w.co.finds("müller", "Müller, Jörg\tJörg@Old\tcoordinator\timported\n")
	if d := w.pc.as("user", "directory", "list"); d.code == 0 {
		t.Errorf("a user lists everybody: %s", d)
	}

	// Mail for somebody who was found arrives, and crosses while the directory does.
	w.pc.send(jsmith, bob, "found in the directory")
	waitFor(t, "letter in the spool", func() bool { return len(w.letters("PCTOMAC")) == 1 })

	// The newer list replaces its own list, and nothing of the others.
	if d := w.co.do("directory", "import", w.write("NEWER.TXT", newList)); !strings.Contains(d.err, "1 added, 1 changed, 1 removed; 3 in all") {
		t.Errorf("the newer list: %s", d)
	}
	w.mac.finds("@old", "Bob Younger\tbob@Old\tcoordinator\tannounced\nDora\tdora@Old\tcoordinator\tannounced\n")
	w.pc.finds("chen", "Chen, John\tMACNET/MACPO/T60009HO\tcoordinator\tannounced\n")

	// What an end exports is what an old system should have. What one has is compared with it; wrong entries show.
	exported := w.mac.do("directory", "export").out
	for _, line := range []string{"R PCM:COMPANY/DEPT\r\nA Jane Smith                     PCM:COMPANY/DEPT/jsmith\r\n",
		"R MSMAIL:Old\r\nA Bob Younger                    MSMAIL:bob@Old\r\nA Dora ", "R MSMAIL:Design\r\nA Anna \x9anal                      MSMAIL:anna@Design\r\n"} {
		if !strings.Contains(exported, line) {
			t.Errorf("the export lacks %q:\n%q", line, exported)
		}
	}
	if d := w.pc.as("operator", "directory", "diff", w.write("SAME.TXT", exported)); d.code != 0 || d.out != "" {
		t.Errorf("what macside exported is compared at pcside: %s", d)
	}
	if d := w.pc.as("operator", "directory", "diff", w.write("STALE.TXT", oldList)); d.code != 1 ||
		d.out != "changed\tBob Young\tbob@Old\tBob Younger\nremoved\tDora\tdora@Old\t\nadded\tMüller, Jörg\tJörg@Old\t\n" {
		t.Errorf("a stale list is compared: %s", d)
	}

	// A restart forgets nobody, and a peer that is away is still looked up.
	w.co.stop()
	w.mac.stop()
	w.mac = w.startMac(w.again("macside"))
	w.mac.finds("younger", "Bob Younger\tbob@Old\tcoordinator\tannounced\n")
	w.mac.finds("ünal", "Anna Ünal\tanna@Design\tmacside\tmailbox\n")
	w.co = w.startCoordinator(w.again("coordinator"))
	w.linked()
	w.co.finds("dora", "Dora\tdora@Old\tcoordinator\timported\n")
	w.mac.do("mailbox", "name", anna)
	waitFor(t, "directory without a name that was taken away", func() bool {
		d := w.co.as("user", "directory", "search", "anna")
		return d.code == 0 && d.out == ""
	})
}

// TestMailboxesAreSetUpAnew: an end that lost its store gets its mailboxes, their names and their owners back from a file.
// KB Q104127, Q140074.
func TestMailboxesAreSetUpAnew(t *testing.T) {
	w := newTrio(t)
	w.mac.do("mailbox", "create", anna, "--owner", "sidegate://user/alice", "--name", "Anna")
	w.mac.do("mailbox", "create", "eve@Design", "--owner", "sidegate://user/eve")
	w.mac.do("mailbox", "alias", "add", anna, "ann@Design")
	saved := w.mac.do("mailbox", "export").out
	w.mac.stop()
	if err := os.RemoveAll(filepath.Join(w.dir, "macside")); err != nil {
		t.Fatal(err)
	}
	w.mac = w.startMac(w.again("macside"))
	if d := w.mac.do("mailbox", "list"); d.out != "" {
		t.Errorf("a new store has mailboxes: %s", d)
	}
	file := w.write("mailboxes.jsonl", saved)
	w.mac.do("mailbox", "import", file)
	if again := w.mac.do("mailbox", "export").out; again != saved {
		t.Errorf("exported again:\n%s\nwant\n%s", again, saved)
	}
	w.mac.finds("anna", "Anna\tanna@Design\tmacside\tmailbox\n")
}
