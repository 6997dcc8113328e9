package legacypair

import (
	"errors"
	"io"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTwinsDeliverTwice is KB Q130066: two Macintosh halves on one spool, both reading files where they lie. While one has
// a file open the other cannot delete it (550); what one deleted the other does not find (531); both delivered it.
func TestTwinsDeliverTwice(t *testing.T) {
	deliveries, lines := 0, []string(nil)
	for lead := range 4 {
		dir, path := spool(t)
		volume := NewVolume(dir)
		o := Options{Now: newClock().read, Lower: true, Direct: true, Bugs: Bugs{Pace: 1}}
		a, b := NewMacHalf(volume, o), NewMacHalf(volume, o)
		pc := NewPCHalf(volume, Options{Lower: true})
		pc.Send(numbered(5)...)
		pc.Step()
		steps(lead, a)
		steps(50, a, b)
		deliveries += len(a.Received()) + len(b.Received())
		lines = append(lines, append(a.Log(), b.Log()...)...)
		if left := files(t, path, toMac); len(left) != 0 {
			t.Errorf("lead %d: PCTOMAC holds %v", lead, left)
		}
	}
	if deliveries <= 4*5 {
		t.Errorf("20 messages were delivered %d times", deliveries)
	}
	for _, line := range []string{
		"1995-03-30 05:09 Error: (550) File is busy occurred while deleting file mmff2.msg.",
		"1995-03-30 05:09 Error: (531) File not found occurred while deleting file mmff2.msg.",
	} {
		if len(grep(lines, line)) == 0 {
			t.Errorf("no line %q in %q", line, lines)
		}
	}
}

// TestTwinsSweep: each half takes the other's .WRT for a left-over of its own. If the owner is quicker, error 531 for
// mmff1.wrt is in the log (KB Q130066); if not, a message vanishes (KB Q119641).
func TestTwinsSweep(t *testing.T) {
	missed, vanished := 0, 0
	for lead := range 12 {
		dir, path := spool(t)
		c := newClock()
		volume := NewVolume(dir)
		o := Options{Now: c.read, Lower: true, Bugs: Bugs{Pace: 1}}
		a, b := NewMacHalf(volume, o), NewMacHalf(volume, o)
		pc := NewPCHalf(volume, Options{Now: c.read})
		a.Send(short("from a"))
		steps(lead, a)
		steps(20, a, b)
		steps(1, pc)
		if len(grep(b.Log(), "Error: (531) File not found occurred while deleting file mmff1.wrt.")) > 0 {
			missed++
		}
		if a.Waiting() == 0 && len(pc.Received()) == 0 {
			vanished++
			if left := files(t, path, toPC); len(left) != 0 {
				t.Errorf("MACTOPC holds %v", left)
			}
		}
	}
	if missed == 0 || vanished == 0 {
		t.Errorf("%d times error 531, %d messages vanished", missed, vanished)
	}
}

// TestTwinAtStart: a second half that starts while the first is reading takes the first one's claim for its own.
func TestTwinAtStart(t *testing.T) {
	dir, _ := spool(t)
	pc, a, b := NewPCHalf(dir, Options{}), NewMacHalf(dir, Options{Bugs: Bugs{Pace: 2}}), NewMacHalf(dir, Options{})
	pc.Send(short("x"))
	pc.Step()
	for len(files(t, string(dir), toMac)) > 0 && a.Counters().Received == 0 {
		steps(1, a)
		if got := files(t, string(dir), toMac); len(got) == 1 && got[0] == "MMFF1.RDG" {
			break
		}
	}
	steps(2, b, a, a, a)
	if len(a.Received()) != 1 || len(b.Received()) != 1 {
		t.Errorf("%d and %d deliveries of one message", len(a.Received()), len(b.Received()))
	}
	if len(grep(a.Log(), "(531)")) == 0 {
		t.Errorf("the first one noticed nothing: %q", a.Log())
	}
}

// TestVolume: the share modes themselves.
func TestVolume(t *testing.T) {
	dir, _ := spool(t)
	v := NewVolume(dir)
	w, err := v.Create("BADMAIL/MMFF1.MSG")
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	_, err = v.Open("BADMAIL/mmff1.msg")
	refused("open what is written", err, ErrBusy)
	refused("remove what is written", v.Remove("BADMAIL/MMFF1.MSG"), ErrBusy)
	_, err = v.Create("BADMAIL/MMFF1.MSG")
	refused("create what is written", err, ErrBusy)
	if _, err := io.WriteString(w, "abc"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Error(err)
	}
	r1, err1 := v.Open("BADMAIL/MMFF1.MSG")
	r2, err2 := v.Open("BADMAIL/MMFF1.MSG")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	r1.Close()
	refused("rename what is read", v.Rename("BADMAIL/MMFF1.MSG", "BADMAIL/X"), ErrBusy)
	data, err := io.ReadAll(r2)
	if err != nil || string(data) != "abc" {
		t.Errorf("read %q, %v", data, err)
	}
	r2.Close()
	_, err = v.Create("BADMAIL/MMFF1.MSG")
	refused("create what is there", err, fs.ErrExist)
	if w, err = v.Create("BADMAIL/OTHER"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	refused("rename onto another", v.Rename("BADMAIL/OTHER", "BADMAIL/MMFF1.MSG"), fs.ErrExist)
	if err := errors.Join(v.Rename("BADMAIL/MMFF1.MSG", "BADMAIL/X"), v.Remove("BADMAIL/X")); err != nil {
		t.Error(err)
	}
	refused("remove what is gone", v.Remove("BADMAIL/X"), fs.ErrNotExist)
	names, err := v.List("BADMAIL")
	if d := cmp.Diff([]string{"OTHER"}, names); d != "" || err != nil {
		t.Error(d, err)
	}
}
