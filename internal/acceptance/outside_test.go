package acceptance

import (
	"os"
	"path/filepath"
	"testing"

	"sidegate/internal/config"
)

// TestOutsideFilesArrive: a program of the old kind leaves text and attachment in the spool and names them, as it knows the
// directory; both arrive, and stay where they are.
func TestOutsideFilesArrive(t *testing.T) {
	w := newTrio(t, func(c *config.Config) { c.Spool.SpoolAliases = []string{`M:\MACGATE`} })
	left := map[string]string{"BODY.TXT": "written elsewhere\r\n", "LIST.TXT": "eggs, flour"}
	for name, data := range left {
		if err := os.WriteFile(filepath.Join(w.spool, "MISC", name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w.drop("MMFF1.MSG", []byte("VERSION:3.00\r\nTO:"+jsmith+"\r\nFROM:"+bob+"\r\nSUBJECT:outside\r\nXATTACH:M:\\MACGATE\\MISC\\LIST.TXT,Shopping\r\nXTEXT:MISC\\BODY.TXT\r\n"))
	id := w.pc.arrived(jsmith, "outside").MessageID
	got := asObject(t, w.pc.as("user", "read", jsmith, id, "--output", "json"))
	attached := got.at(t, "attachments", 0)
	if got["body"] != "written elsewhere\n" || attached["fileName"] != "Shopping" || attached["content"] != "ZWdncywgZmxvdXI=" {
		t.Errorf("arrived as %v", got)
	}
	waitFor(t, "the slot to be free", func() bool { return len(w.letters("MACTOPC")) == 0 })
	for name, data := range left {
		if b, err := os.ReadFile(filepath.Join(w.spool, "MISC", name)); err != nil || string(b) != data {
			t.Errorf("%s was touched: %v", name, err)
		}
	}
}
