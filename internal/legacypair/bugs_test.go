package legacypair

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFaults: what each switch does to the messages "0", "1" and "2", sent to the Macintosh, and to mail the other way.
func TestFaults(t *testing.T) {
	all := []string{"0", "1", "2"}
	tests := []struct {
		name     string
		pc, mac  Bugs
		want     []string // after four turns
		left     []string // then in PCTOMAC
		bad, log string   // first notice and some line of the Macintosh's log contain this
	}{
		{name: "no fault", want: all},
		{name: "all files invisible, KB Q122551", mac: Bugs{Hide: HideAll}, left: []string{"MMFF1.MSG", "MMFF2.MSG", "MMFF3.MSG"}},
		{name: "new files invisible, KB Q130317", mac: Bugs{Hide: HideExcept("mmff2.msg")}, want: []string{"1"},
			left: []string{"MMFF1.MSG", "MMFF3.MSG"}},
		{name: "one file invisible", mac: Bugs{Hide: HideNames("MMFF1.MSG")}, want: []string{"1", "2"}, left: []string{"MMFF1.MSG"}},
		{name: "slot 2 stuck, KB Q119022", mac: Bugs{StuckSlot: 2}, want: []string{"0", "1", "2", "1", "1", "1"}, left: []string{"MMFF2.MSG"}},
		{name: "stuck in the queue, KB Q119022", pc: Bugs{StuckQueue: true}, want: []string{"0", "0", "0", "0"}},
		{name: "dead reader", mac: Bugs{DeadReader: true}, left: []string{"MMFF1.MSG", "MMFF2.MSG", "MMFF3.MSG"}},
		{name: "mixed case names, KB Q103199", pc: Bugs{MixedCase: true}, left: []string{"Mmff1.Msg", "Mmff2.Msg", "Mmff3.Msg"}},
		{name: "counts too high", pc: Bugs{CountOff: 1}, bad: "143-1-7 Message is cut: 4 bytes counted, 3 there"},
		{name: "counts too low", pc: Bugs{CountOff: -3}, bad: "143-1-7 3 bytes behind the message"},
		{name: "deleted files listed, KB Q147006", mac: Bugs{ListsDeleted: true}, want: all,
			log: "Error: (531) File not found occurred while opening file mmff"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fs, path := spool(t)
			pc, mac := NewPCHalf(fs, Options{Bugs: tt.pc}), NewMacHalf(fs, Options{Bugs: tt.mac})
			pc.Send(numbered(3)...)
			mac.Send(short("back"))
			steps(4, pc, mac)
			steps(1, pc)
			if tt.pc.StuckQueue { // the fifth copy
				mac.SetBugs(Bugs{DeadReader: true})
				if got := files(t, path, toMac); len(got) != 1 {
					t.Errorf("no further copy: %v", got)
				}
			} else if d := cmp.Diff(tt.left, files(t, path, toMac)); d != "" {
				t.Errorf("PCTOMAC (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.want, subjects(mac.Received())); d != "" {
				t.Errorf("delivered (-want +got):\n%s", d)
			}
			if d := cmp.Diff([]string{"back"}, subjects(pc.Received())); d != "" {
				t.Errorf("the other direction (-want +got):\n%s", d)
			}
			if got := mac.Notices(); (tt.bad == "") != (len(got) == 0) || len(got) > 0 && !strings.Contains(got[0].Text, tt.bad) {
				t.Errorf("notices %v, want %q", got, tt.bad)
			}
			if len(grep(mac.Log(), tt.log)) == 0 {
				t.Errorf("log %q, want %q", mac.Log(), tt.log)
			}
		})
	}
}

// TestDeletedFilesFreeze is KB Q147006: the half stays with the deleted file, and neither reads nor writes any more, until
// the volume is purged.
func TestDeletedFilesFreeze(t *testing.T) {
	fs, _ := spool(t)
	pc, mac := NewPCHalf(fs, Options{}), NewMacHalf(fs, Options{Bugs: Bugs{ListsDeleted: true}})
	pc.Send(numbered(2)...)
	steps(1, pc, mac)
	pc.Send(short("later"))
	mac.Send(short("back"))
	steps(5, pc, mac)
	if len(mac.Received()) != 2 || len(pc.Received()) != 0 {
		t.Errorf("%d and %d delivered", len(mac.Received()), len(pc.Received()))
	}
	mac.SetBugs(Bugs{})
	steps(2, mac, pc)
	if len(mac.Received()) != 3 || len(pc.Received()) != 1 {
		t.Errorf("after the purge %d and %d delivered", len(mac.Received()), len(pc.Received()))
	}
}

// TestShortMSG: a file that grows under its final name is read as it is, and is bad mail of a cut message.
func TestShortMSG(t *testing.T) {
	fs, path := spool(t)
	pc, mac := NewPCHalf(fs, Options{Bugs: Bugs{ShortMSG: true}}), NewMacHalf(fs, Options{})
	pc.Send(short(strings.Repeat("s", 60)))
	pc.Step()
	if d := cmp.Diff([]string{"MMFF1.MSG"}, files(t, path, toMac)); d != "" {
		t.Fatal(d)
	}
	mac.Step()
	if got := files(t, path, "BADMAIL"); len(got) != 1 || len(mac.Notices()) != 1 {
		t.Errorf("BADMAIL %v, notices %v", got, mac.Notices())
	}
	pc.Send(short("patient"))
	steps(3, pc)
	mac.Step()
	if d := cmp.Diff([]string{"patient"}, subjects(mac.Received())); d != "" {
		t.Error(d)
	}
}

// TestCarriageReturn is KB Q141970; without the fault it is error 144.
func TestCarriageReturn(t *testing.T) {
	for _, spins := range []bool{true, false} {
		fs, _ := spool(t)
		pc, mac := NewPCHalf(fs, Options{Bugs: Bugs{SpinsOnCR: spins}}), NewMacHalf(fs, Options{})
		mac.Send(short("a\rb"))
		steps(2, mac, pc)
		if pc.Alive() == spins || len(pc.Notices()) == 0 != spins {
			t.Errorf("spins %v: alive %v, notices %v", spins, pc.Alive(), pc.Notices())
		}
	}
}

// TestLog is the log of the PC half (KB Q119047), in memory and as a file.
func TestLog(t *testing.T) {
	fs, _ := spool(t)
	var file bytes.Buffer
	pc, mac := NewPCHalf(fs, Options{Log: &file}), NewMacHalf(fs, Options{})
	mac.Send(Message{To: PCUsers[:1], From: "MSMAIL:johndoe.alpha@Main", Date: "1992-10-22", Time: "16:19", Subject: "From Mac Side"})
	pc.Send(Message{To: []string{"PCM:NET/PO/A"}, From: "CSI:NET1/PO1/POSTOFFICE", Date: "1992-10-22", Time: "16:15",
		Subject: "Registered: John Doe"})
	steps(1, mac, pc, mac)
	mac.Send(Message{Text: []byte("VERSION:3.00\r\nTOO:net/po/mailbox\r\n")})
	steps(1, mac, pc)
	want := []string{"Mac-PC From: johndoe.al Date: 10-22-92 16:19:00 Subject: From Mac Side",
		"PC-Mac From: POSTOFFICE Date: 10-22-92 16:15:00 Subject: Registered: Joh",
		"141-1-2 Cannot match token TOO (has tail net/po/mailbox)"}
	if d := cmp.Diff(want, pc.Log()); d != "" {
		t.Errorf("MSGATE.LOG (-want +got):\n%s", d)
	}
	if d := cmp.Diff(strings.Join(want, "\r\n")+"\r\n", file.String()); d != "" {
		t.Errorf("the file (-want +got):\n%s", d)
	}
	if got := grep(mac.Log(), "Error: (151) Unknown service PCM (has address NET/PO/A) occurred while reading file mmff1.rdg."); len(got) != 1 {
		t.Errorf("MMACGATE.LOG: %q", mac.Log())
	}
}

// TestAgeNotice is KB Q134757: one notice for a file that lies too long, another one for the next file in that slot.
func TestAgeNotice(t *testing.T) {
	fs, _ := spool(t)
	c := newClock()
	pc, mac := NewPCHalf(fs, Options{Now: c.read, Aging: 10 * time.Minute}), NewMacHalf(fs, Options{})
	for range 2 {
		pc.Send(short("x"))
		for range 30 {
			c.pass(time.Minute)
			pc.Step()
		}
		mac.Step()
	}
	got := pc.Notices()
	if len(got) != 2 || got[0].Subject != OverAge || !strings.Contains(got[0].Text, "MMFF1.MSG has been waiting in STORE/PCTOMAC since 1995-03-30 05:10") {
		t.Errorf("notices %v", got)
	}
}

// TestShareDown: a volume that is not there costs cycles and lines of the log, and nothing else.
func TestShareDown(t *testing.T) {
	fs, _ := spool(t)
	o := Options{Layout: Layout{MacToPC: "NO/MACTOPC", PCToMac: "NO/PCTOMAC", BadMail: "NO/BADMAIL"}, Aging: time.Minute}
	for _, h := range []Half{NewPCHalf(fs, o), NewMacHalf(fs, o)} {
		h.Send(short("x"))
		steps(2, h)
		if h.Waiting() != 1 || !h.Alive() || h.Counters().Errors == 0 {
			t.Errorf("%d wait, %+v", h.Waiting(), h.Counters())
		}
	}
}
