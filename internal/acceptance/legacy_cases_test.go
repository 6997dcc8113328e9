package acceptance

import (
	"encoding/json"
	"testing"

	"sidegate/internal/config"
)

// TestBlankFirstLineIsLeftOut: KB Q98209. Windows clients begin every text with a blank line; where that is told to the
// coordinator, exactly one is left out.
func TestBlankFirstLineIsLeftOut(t *testing.T) {
	for _, on := range []bool{false, true} {
		w := newTrio(t, func(c *config.Config) { c.Spool.DropBlankLine = on })
		w.drop("MMFF1.MSG", letter(bob, jsmith, "from Windows", "\r\n\r\ntext"))
		id := w.pc.arrived(jsmith, "from Windows").MessageID
		var got read
		d := w.pc.as("user", "read", jsmith, id, "--output", "json")
		if err := json.Unmarshal([]byte(d.out), &got); err != nil {
			t.Fatalf("%v: %s", err, d)
		}
		if want := map[bool]string{false: "\n\ntext", true: "\ntext"}[on]; got.Body != want {
			t.Errorf("told %v: the text is %q, want %q", on, got.Body, want)
		}
	}
}
