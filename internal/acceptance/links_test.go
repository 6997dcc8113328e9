package acceptance

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"sidegate/internal/config"
)

// TestTwoLinks: a message for people behind two links and for nobody is with each of them once, and its sender gets one
// report about nobody.
func TestTwoLinks(t *testing.T) {
	w := newTrio(t)
	id := w.pc.send(jsmith, anna, "to three", "--to", bob, "--cc", "ghost@Nowhere", "--body", "text")
	w.mac.arrived(anna, "to three")
	waitFor(t, "letter for the old half", func() bool { return len(w.letters("PCTOMAC")) > 0 })
	var report []listed
	waitFor(t, "report", func() bool { report = w.pc.inbox(jsmith); return len(report) > 0 })
	read := w.pc.as("user", "read", jsmith, report[0].MessageID)
	if len(report) != 1 || !strings.Contains(read.out, "ghost@Nowhere") || strings.Contains(read.out, anna+" ") {
		t.Errorf("reports: %+v: %s", report, read)
	}
	waitFor(t, "end of the way for all three", func() bool {
		d := w.pc.as("user", "track", id)
		return strings.Contains(d.out, anna+"\tdelivered\tfinal") && strings.Contains(d.out, bob+"\trelayed\tfinal") && strings.Contains(d.out, "ghost@Nowhere\treturned\tfinal")
	})
	w.drop("MMFF1.MSG", letter(bob, anna+"\r\nTO:"+jsmith+"\r\nTO:ghost@Nowhere", "from the old half", "text"))
	w.mac.arrived(anna, "from the old half")
	w.pc.arrived(jsmith, "from the old half")
	waitFor(t, "report to the old half", func() bool { return len(w.letters("PCTOMAC")) == 2 })
	for name, data := range w.letters("PCTOMAC") {
		if s := string(data); strings.Contains(s, "Undeliverable") && (!strings.Contains(s, "ghost@Nowhere") || strings.Contains(s, "\r\n"+anna)) {
			t.Errorf("%s is a wrong report:\n%s", name, s)
		}
	}
	// What every mailbox has now it has once; nothing more comes.
	for mailbox, want := range map[string][]string{anna: {"to three", "from the old half"}, jsmith: {report[0].Subject, "from the old half"}} {
		e := w.pc
		if mailbox == anna {
			e = w.mac
		}
		if got := e.subjects(mailbox); !slices.Equal(got, want) {
			t.Errorf("%s has %q, want %q", mailbox, got, want)
		}
	}
}

// TestMovedRecipient: a recipient moves from behind the spool to macside while mail waits. What lies in the spool stays
// there; what was sent and not taken, and what was never sent, follows; each once.
func TestMovedRecipient(t *testing.T) {
	w := newTrio(t, func(c *config.Config) { c.Spool.BlockingFactor = 1 })
	const carol = "carol@Old"
	var ids []string
	for i := range 4 {
		ids = append(ids, w.pc.send(jsmith, carol, fmt.Sprintf("letter %d", i+1)))
	}
	waitFor(t, "letter in the only slot", func() bool { return len(w.letters("PCTOMAC")) == 1 })
	waitFor(t, "rest at pcside", func() bool { return w.pc.status().lane("coordinator") == 3 })
	w.co.stop()
	ids = append(ids, w.pc.send(jsmith, carol, "letter 5"))
	w.mac.stop()
	w.mac = w.startMac(w.again("macside"), serves("*@Design", "*@Old"))
	w.co = w.startCoordinator(w.again("coordinator"), serves("MACNET/MACPO/*"), func(c *config.Config) { c.Spool.BlockingFactor = 1 })
	w.linked()
	for i := 1; i < 5; i++ {
		w.mac.arrived(carol, fmt.Sprintf("letter %d", i+1))
	}
	ids = append(ids, w.pc.send(jsmith, carol, "letter 6"))
	w.mac.arrived(carol, "letter 6")
	checkMoved(t, w.mac.subjects(carol))
	files := w.letters("PCTOMAC")
	if s := string(files["MMFF1.MSG"]); len(files) != 1 || !strings.Contains(s, "SUBJECT:letter 1\r\n") {
		t.Errorf("the spool has %q", files)
	}
	if err := os.Remove(w.slot("PCTOMAC", "MMFF1.MSG")); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "word that the old half took its letter", func() bool {
		return strings.Contains(w.pc.as("user", "track", ids[0]).out, "consumed")
	})
	for _, id := range ids[1:] {
		if d := w.pc.as("user", "track", id); !strings.Contains(d.out, carol+"\tdelivered\tfinal") {
			t.Errorf("track: %s", d)
		}
	}
	if files := w.letters("PCTOMAC"); len(files) != 0 {
		t.Errorf("the spool has more: %q", files)
	}
}

// checkMoved: each letter came once. What had been sent to the former end and what had not are two ways; each is in its
// order, and what was written after all had arrived is last.
func checkMoved(t *testing.T, got []string) {
	t.Helper()
	want := []string{"letter 2", "letter 3", "letter 4", "letter 5", "letter 6"}
	back := 0
	for i := 1; i < len(got); i++ {
		if got[i] < got[i-1] {
			back++
		}
	}
	if !slices.Equal(slices.Sorted(slices.Values(got)), want) || back > 1 || got[len(got)-1] != "letter 6" {
		t.Errorf("the moved recipient has %q, want %q, in at most two runs", got, want)
	}
}
