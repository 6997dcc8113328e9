package legacypair

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDeath: a half dies at each point in the life of a file (KB Q130066, Q148768, Q164858), the file is left as it is
// then, and a restart brings everything across. Only a reader that dies between delivering and deleting delivers twice.
func TestDeath(t *testing.T) {
	tests := []struct {
		name   string
		point  Point
		writer bool // who dies: the PC half, which writes, or the Macintosh half, which reads
		left   []string
		twice  string
	}{
		{"half of a file is written", Writing, true, []string{"MMFF1.WRT"}, ""},
		{"the file is written, but not renamed", Written, true, []string{"MMFF1.WRT"}, ""},
		{"the file is claimed, but not read", Claimed, false, []string{"MMFF1.RDG", "MMFF2.MSG", "MMFF3.MSG"}, ""},
		{"the message is delivered, its file not deleted", Taken, false, []string{"MMFF1.RDG", "MMFF2.MSG", "MMFF3.MSG"}, "0"},
		{"the file is half deleted", Deleting, false, []string{"MMFF1.DEL", "MMFF2.MSG", "MMFF3.MSG"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fs, path := spool(t)
			pc, mac := NewPCHalf(fs, Options{}), NewMacHalf(fs, Options{})
			dying := Half(mac)
			if tt.writer {
				dying = pc
			}
			dying.SetBugs(Bugs{DieAt: tt.point})
			pc.Send(numbered(3)...)
			pc.Step()
			if !tt.writer {
				mac.Step()
			}
			if dying.Alive() {
				t.Fatal("it lives")
			}
			if d := cmp.Diff(tt.left, files(t, path, toMac)); d != "" {
				t.Errorf("PCTOMAC after the death (-want +got):\n%s", d)
			}
			steps(3, dying)
			if d := cmp.Diff(tt.left, files(t, path, toMac)); d != "" {
				t.Errorf("a dead half did something (-want +got):\n%s", d)
			}
			dying.Restart()
			steps(3, pc, mac)
			all := []string{"0", "1", "2"}
			if tt.twice != "" {
				all = append([]string{tt.twice}, all...)
			}
			if d := cmp.Diff(all, subjects(mac.Received())); d != "" {
				t.Errorf("delivered (-want +got):\n%s", d)
			}
			if left := files(t, path, toMac); len(left) != 0 {
				t.Errorf("PCTOMAC holds %v", left)
			}
			if got := dying.Counters().Deaths; got != 1 {
				t.Errorf("%d deaths", got)
			}
		})
	}
}

// TestKillAnywhere kills either half after every number of file operations and restarts it: nothing is lost.
func TestKillAnywhere(t *testing.T) {
	for after := 1; after <= 40; after++ {
		for _, writer := range []bool{true, false} {
			fs, path := spool(t)
			pc, mac := NewPCHalf(fs, Options{}), NewMacHalf(fs, Options{})
			victim := Half(mac)
			if writer {
				victim = pc
			} else {
				pc.Send(numbered(4)...)
				pc.Step()
			}
			victim.SetBugs(Bugs{Pace: after})
			if writer {
				pc.Send(numbered(4)...)
			}
			victim.Step()
			victim.Kill()
			victim.SetBugs(Bugs{})
			victim.Restart()
			steps(3, pc, mac)
			seen := map[string]bool{}
			for _, s := range subjects(mac.Received()) {
				seen[s] = true
			}
			if len(seen) != 4 || len(mac.Received()) > 5 || len(files(t, path, toMac)) != 0 {
				t.Errorf("killed after %d (writer %v): delivered %v, PCTOMAC %v", after, writer, subjects(mac.Received()), files(t, path, toMac))
			}
		}
	}
}

// TestPoison is KB Q148768: 1.0b hung on a file, left MSGATE.RDG, and tried that again at every start. The cure was to
// rename the file by hand.
func TestPoison(t *testing.T) {
	fs, path := spool(t)
	pc := NewPCHalf(fs, Options{})
	mac := NewMacHalf(fs, Options{OldClaim: true, Bugs: Bugs{SpinsOnCR: true}})
	pc.Send(short("a\rb"), short("behind it"))
	steps(1, pc, mac)
	for range 3 {
		if mac.Alive() {
			t.Fatal("it does not hang")
		}
		if d := cmp.Diff([]string{"MMFF2.MSG", "MSGATE.RDG"}, files(t, path, toMac)); d != "" {
			t.Fatalf("PCTOMAC (-want +got):\n%s", d)
		}
		mac.Restart()
		mac.Step()
	}
	if err := fs.Rename(toMac+"/MSGATE.RDG", toMac+"/POISON.TXT"); err != nil {
		t.Fatal(err)
	}
	mac.Restart()
	mac.Step()
	if d := cmp.Diff([]string{"behind it"}, subjects(mac.Received())); d != "" {
		t.Error(d)
	}
}

// TestStopAndStart: an end in order and a start have lines in the logs (KB Q121915, Q130066).
func TestStopAndStart(t *testing.T) {
	fs, _ := spool(t)
	c := newClock()
	pc, mac := NewPCHalf(fs, Options{Now: c.read}), NewMacHalf(fs, Options{Now: c.read})
	for _, h := range []Half{pc, mac} {
		h.Step()
		h.Stop()
		h.Stop()
		h.Step()
		h.Restart()
		h.Step()
	}
	if d := cmp.Diff([]string{"exiting on 03-30-95 05:09:00 with status 0 (118)"}, pc.Log()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"1995-03-30 05:09 Starting the Microsoft Mail Connection at 1995-03-30 05:09",
		"1995-03-30 05:09 Exiting the Microsoft Mail Connection at 1995-03-30 05:09",
		"1995-03-30 05:09 Starting the Microsoft Mail Connection at 1995-03-30 05:09"}, mac.Log()); d != "" {
		t.Error(d)
	}
	if pc.Counters().Cycles != 2 || pc.Counters().Deaths != 0 {
		t.Errorf("%+v", pc.Counters())
	}
}
