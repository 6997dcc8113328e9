package spool_test

import (
	"strings"
	"testing"

	"sidegate/coordinator/spool"
)

func TestNames(t *testing.T) {
	for _, c := range []struct {
		name string
		slot int
		ext  string
	}{
		{"MMFF1.MSG", 1, "MSG"}, {"mmff99.msg", 99, "MSG"}, {"Mmff7.Rdg", 7, "RDG"}, {"MMFF10.WRT", 10, "WRT"}, {"mMfF2.dEl", 2, "DEL"},
		{"MMFF0.MSG", 0, ""}, {"MMFF01.MSG", 0, ""}, {"MMFF100.MSG", 0, ""}, {"MMFF.MSG", 0, ""}, {"MMFF1.MSGX", 0, ""}, {"MMFF1.TXT", 0, ""}, {"MMFF1.MSG.MSG", 0, ""},
		{"MMFF1", 0, ""}, {"XMMFF1.MSG", 0, ""}, {"MMFF+1.MSG", 0, ""}, {"MMFF1 .MSG", 0, ""}, {"._MMFF1.MSG", 0, ""}, {"MMFF１.MSG", 0, ""}, {"", 0, ""},
	} {
		slot, ext, ok := spool.ParseName(c.name)
		if slot != c.slot || ext != c.ext || ok != (c.slot > 0) {
			t.Errorf("%q is slot %d, %s, %v", c.name, slot, ext, ok)
		}
	}
	for _, c := range [][3]string{{"MMFF1.MSG", "RDG", "MMFF1.RDG"}, {"mmff1.msg", "RDG", "mmff1.rdg"}, {"Mmff12.Msg", "DEL", "Mmff12.Del"}} {
		if got := spool.WithExt(c[0], c[1]); got != c[2] {
			t.Errorf("%s as %s is %s", c[0], c[1], got)
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"MMFF1.MSG", "mmff99.wrt", "MMFF0.MSG", "MSGATE.RDG", "._x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		slot, ext, ok := spool.ParseName(name)
		if !ok {
			return
		}
		if slot < 1 || slot > spool.MaxSlots || !strings.EqualFold(name[strings.IndexByte(name, '.')+1:], ext) {
			t.Errorf("%q is slot %d, %s", name, slot, ext)
		}
		for _, other := range []string{"MSG", "WRT", "RDG", "DEL"} {
			renamed := spool.WithExt(name, other)
			if again, e, ok := spool.ParseName(renamed); !ok || again != slot || e != other || len(renamed) != len(name) {
				t.Errorf("%q as %s is %q", name, other, renamed)
			}
		}
	})
}
