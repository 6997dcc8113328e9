package acceptance

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// oddThing is one thing somebody may put into a slot.
type oddThing struct {
	name string
	data []byte // nil: put there by hand
	// What becomes of it: a reason of bad mail with what its explanation matches, or a state in spool show.
	reason, explanation, state string
}

// oddThings are dropped under these names.
func oddThings() map[string]oddThing {
	whole := string(sample("\r\n", "never to arrive"))
	counts := func(old, new string) []byte { return []byte(strings.Replace(whole, old, new, 1)) }
	return map[string]oddThing{
		"MMFF3.MSG":  {name: "a directory", state: "blocked"},
		"MMFF4.MSG":  {name: "a link to a good message", state: "blocked"},
		"MMFF5.MSG":  {name: "a pipe", state: "blocked"},
		"MMFF6.MSG":  {name: "a truncated message", data: []byte(whole[:len(whole)-40]), state: "incomplete"},
		"MMFF7.MSG":  {name: "a count that is too small", data: counts("config.sys 291", "config.sys 275"), reason: "MALFORMED", explanation: `^143-1-9 16 bytes are left over at offset \d+$`},
		"MMFF8.MSG":  {name: "a count below zero", data: counts("TEXT:152", "TEXT:-1"), reason: "MALFORMED", explanation: `^140-1-9 .*TEXT.*-1`},
		"MMFF9.MSG":  {name: "text in a file outside", data: []byte("VERSION:3.00\r\nTO:" + jsmith + "\r\nFROM:" + bob + "\r\nSUBJECT:never to arrive\r\nXTEXT:/etc/passwd\r\n"), reason: "OUTSIDE_CONTENT", explanation: `^147-1-5 XTEXT file /etc/passwd cannot be opened: it is not in the spool by any name`},
		"MMFF10.MSG": {name: "no message at all", data: []byte(strings.Repeat("garbage \x00\xff", 300)), reason: "FOREIGN", explanation: `no message file`},
		"MMFF2.MSG":  {name: "an address that is none", data: letter(bob, "not an address", "never to arrive", "text"), reason: "BAD_ADDRESS", explanation: `address`},
	}
}

// TestOddThingsInSlots: whatever lies in a slot, it is told of by name and line, it stores nothing, nothing outside the
// spool is read, and all other mail flows.
func TestOddThingsInSlots(t *testing.T) {
	w := newTrio(t)
	secret := filepath.Join(w.dir, "secret")
	things := oddThings()
	for _, err := range []error{
		os.WriteFile(secret, letter(bob, jsmith, "never to arrive", "a secret"), 0o600),
		os.Mkdir(w.slot("MACTOPC", "MMFF3.MSG"), 0o755),
		os.Symlink(secret, w.slot("MACTOPC", "MMFF4.MSG")),
		syscall.Mkfifo(w.slot("MACTOPC", "MMFF5.MSG"), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(things)) {
		if thing := things[name]; thing.data != nil {
			w.drop(name, thing.data)
		}
	}
	w.drop("MMFF1.MSG", letter(bob, jsmith, "after all that", "text"))
	w.pc.arrived(jsmith, "after all that")
	w.checkBadMail(t, things)
	w.checkShown(t, things)
	if got := w.pc.subjects(jsmith); fmt.Sprint(got) != "[after all that]" {
		t.Errorf("%s has %v", jsmith, got)
	}
	if b, err := os.ReadFile(secret); err != nil || !strings.Contains(string(b), "a secret") {
		t.Errorf("the file behind the link was touched: %v", err)
	}
	w.checkReports(t)
}

// checkBadMail waits for the bad mail and holds it against what is in BADMAIL.
func (w *trio) checkBadMail(t *testing.T, things map[string]oddThing) {
	t.Helper()
	type bad struct{ Reason, Explanation string }
	var got []bad
	want := 0
	for _, thing := range things {
		if thing.reason != "" {
			want++
		}
	}
	waitFor(t, fmt.Sprintf("%d pieces of bad mail", want), func() bool {
		got = lines[bad](t, w.co.as("operator", "badmail", "list", "--output", "jsonl").out)
		return len(got) >= want
	})
	w.allRead(t) // the last one may be on its way to BADMAIL
	files, err := os.ReadDir(filepath.Join(w.spool, "BADMAIL"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(w.spool, "BADMAIL", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		texts[f.Name()] = string(b)
	}
	for name, thing := range things {
		if thing.reason == "" {
			continue
		}
		if !slices.ContainsFunc(got, func(b bad) bool {
			return b.Reason == thing.reason && regexp.MustCompile(thing.explanation).MatchString(b.Explanation)
		}) {
			t.Errorf("%s (%s) is not in bad mail as %s: %+v", name, thing.name, thing.reason, got)
		}
		if thing.reason == "BAD_ADDRESS" {
			continue // the file was read and is gone; the message rests in bad mail
		}
		if !slices.Contains(slices.Collect(maps.Values(texts)), string(thing.data)) {
			t.Errorf("%s (%s) is not in BADMAIL as it was", name, thing.name)
		}
		if !slices.ContainsFunc(slices.Collect(maps.Values(texts)), func(s string) bool {
			return strings.Contains(s, name) && strings.Contains(s, thing.reason)
		}) {
			t.Errorf("no text in BADMAIL speaks of %s (%s)", name, thing.name)
		}
	}
}

// slotStates is what spool show says of MACTOPC: file name to state.
func (w *trio) slotStates(t *testing.T) map[string]string {
	t.Helper()
	var shown struct {
		Slots []struct{ Directory, FileName, State, Detail string }
	}
	d := w.co.as("operator", "spool", "show", "--output", "json")
	if err := json.Unmarshal([]byte(d.out), &shown); err != nil {
		t.Fatalf("%v: %s", err, d)
	}
	states := map[string]string{}
	for _, s := range shown.Slots {
		if s.Directory == "MACTOPC" {
			states[s.FileName] = s.State
			if s.Detail == "" {
				t.Errorf("spool show does not say why %s is %s", s.FileName, s.State)
			}
		}
	}
	return states
}

// allRead waits until nothing is being read, and returns the states of the slots.
func (w *trio) allRead(t *testing.T) (states map[string]string) {
	t.Helper()
	waitFor(t, "the end of all reading", func() bool {
		states = w.slotStates(t)
		return !slices.Contains(slices.Collect(maps.Values(states)), "reading")
	})
	return states
}

// checkShown holds spool show against what lies in the slots, once all that could be taken is taken.
func (w *trio) checkShown(t *testing.T, things map[string]oddThing) {
	t.Helper()
	states := w.allRead(t)
	for name, thing := range things {
		if states[name] != thing.state {
			t.Errorf("%s (%s) is shown as %q, want %q", name, thing.name, states[name], thing.state)
		}
		if _, err := os.Lstat(w.slot("MACTOPC", name)); (err == nil) != (thing.state != "") {
			t.Errorf("%s (%s): %v", name, thing.name, err)
		}
	}
}

// checkReports: whoever wrote a message that can be answered got one report for each.
func (w *trio) checkReports(t *testing.T) {
	t.Helper()
	waitFor(t, "reports", func() bool { return len(w.pc.inbox("COMPANY/DEPT/sjones")) == 2 && len(w.letters("PCTOMAC")) == 2 })
	for name, data := range w.letters("PCTOMAC") {
		if s := string(data); !strings.Contains(s, "TO:MSMAIL:"+bob) || !strings.Contains(s, "SUBJECT:Undeliverable Mail") || !strings.Contains(s, "never to arrive") {
			t.Errorf("%s is no report:\n%s", name, s)
		}
	}
}

// TestSixtyRecipients: one bad recipient of sixty changes nothing for the others and gives one report.
func TestSixtyRecipients(t *testing.T) {
	w := newTrio(t)
	var to []string
	for i := range 60 {
		to = append(to, fmt.Sprintf("COMPANY/DEPT/user%d", i))
	}
	to[30] = "NOWHERE/ATALL/x"
	w.drop("MMFF1.MSG", letter(bob, strings.Join(to, "\r\nTO:"), "to sixty", "hello"))
	for i, mailbox := range to {
		if i != 30 {
			w.pc.arrived(mailbox, "to sixty")
		}
	}
	waitFor(t, "report", func() bool { return len(w.letters("PCTOMAC")) > 0 })
	files := w.letters("PCTOMAC")
	if s := string(files["MMFF1.MSG"]); len(files) != 1 || !strings.Contains(s, "NOWHERE/ATALL/x") || strings.Contains(s, "user29") {
		t.Errorf("reports: %q", files)
	}
	d := w.co.as("operator", "badmail", "list", "--output", "jsonl")
	if strings.Count(d.out, "\n") != 1 || !strings.Contains(d.out, `"recipients":["NOWHERE/ATALL/x"],"reason":"NO_ROUTE"`) {
		t.Errorf("badmail list: %s", d)
	}
}
