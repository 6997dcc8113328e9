package acceptance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sidegate/coordinator/legacylog"
	"sidegate/coordinator/timetable"
	"sidegate/internal/config"
)

// TestOperations goes through what an operator does besides watching: looks at the pace of the spool and at the old log, has the
// stores checked, lets the coordinator write again after signs of a second gateway, and gives up an end.
func TestOperations(t *testing.T) {
	logs := t.TempDir()
	always, err := timetable.Parse("00:00-24:00")
	if err != nil {
		t.Fatal(err)
	}
	w := newTrio(t, func(c *config.Config) {
		c.Spool.LegacyLogs, c.Spool.LegacyLogLevel = logs, legacylog.Details
		c.Spool.PerCycle, c.Spool.ConnectTimes = 50, []timetable.Window{always}
	})
	says := func(d done, code int, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if d.code != code || !strings.Contains(d.out+d.err, text) {
				t.Errorf("want exit %d with %q: %s", code, text, d)
			}
		}
	}
	says(w.co.as("operator", "spool", "show", "--output", "table"), 0, "connect times: 00:00-24:00", "at most 50 files each way", "listing PCTOMAC takes ")
	for _, e := range []*end{w.pc, w.mac, w.co} {
		says(e.as("operator", "store", "check", "--output", "table"), 0, "The store is sound.")
	}
	says(w.co.as("user", "store", "check"), 1, "")

	// Somebody else writes into the directory, twice: the second sign stops our writing (KB Q130066).
	for _, name := range []string{"MMFF7.WRT", "MMFF8.WRT"} {
		if err := os.WriteFile(w.slot("PCTOMAC", name), []byte("not ours"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, "two signs of a second gateway", func() bool {
		return strings.Count(w.co.as("operator", "spool", "show", "--output", "table").out, "sign of a second gateway: ") == 2
	})
	w.pc.send(jsmith, bob, "after the fright", "--body", "b")
	waitFor(t, "mail that waits for somebody to look", func() bool {
		return strings.Contains(w.pc.status().direction("pcside", "coordinator").Reason, "second gateway")
	})
	if n := len(w.letters("PCTOMAC")); n != 0 {
		t.Errorf("%d letters were written", n)
	}
	says(w.co.as("operator", "spool", "resume"), 2, "--yes is missing")
	says(w.co.as("operator", "spool", "resume", "--yes"), 0, "MMFF7.WRT is being written by somebody else", "MMFF8.WRT")
	waitFor(t, "the letter", func() bool { return len(w.letters("PCTOMAC")) == 1 })
	waitFor(t, "the line in the old log", func() bool {
		b, err := os.ReadFile(filepath.Join(logs, "MSGATE.LOG"))
		return err == nil && strings.Contains(string(b), "PC-Mac From: jsmith Date: ") && strings.Contains(string(b), "Subject: after the frigh\r\n")
	})

	// An end that is there is not given up; one that is gone is, and its mail goes back.
	says(w.pc.as("operator", "link", "forget", "macside", "--yes"), 1, "connected")
	w.mac.stop()
	id := w.pc.send(jsmith, anna, "to nobody", "--body", "b")
	waitFor(t, "end of the session", func() bool {
		for _, l := range w.pc.status().Links {
			if l.Peer == "macside" {
				return !l.Connected
			}
		}
		return false
	})
	says(w.pc.as("operator", "link", "forget", "macside", "--yes", "--return", "--reason", "its disk is gone"), 0, id+"\treturned")
	waitFor(t, "the report", func() bool { return len(w.pc.inbox(jsmith)) == 1 })
	if depth := w.pc.status().lane("macside"); depth != 0 {
		t.Errorf("%d still wait for it", depth)
	}
}
