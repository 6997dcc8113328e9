package cli

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fullDisk takes so many bytes, and then nothing.
type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

// TestFullDisk: what could not be written is told of, whatever the command and wherever the output was cut. A message
// that was not shown is not acknowledged.
func TestFullDisk(t *testing.T) {
	f := newFake()
	s := newScreen(t, f)
	s.terminal = false
	s.must("pcside", "mailbox", "create", "NET/PO/ANN")
	id := strings.TrimSpace(s.must("pcside", "send", "--from", "NET/PO/ANN", "--to", "NET/PO/ANN", "--subject", "hi", "--body", "A letter."))
	s.must("pcside", "send", "--from", "NET/PO/ANN", "--to", "a@NOWHERE")
	waits := strings.TrimSpace(s.must("pcside", "send", "--from", "NET/PO/ANN", "--to", "b@Marketing"))
	bad, _, _ := strings.Cut(s.must("pcside", "badmail", "list"), "\t")
	dir := t.TempDir()
	file, ini := filepath.Join(dir, "MMFF1.MSG"), filepath.Join(dir, "MACGATE.INI")
	for path, text := range map[string]string{file: "VERSION:3.00\nA letter.\n", ini: "Blocking Factor = 30\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"pcside", "read", "NET/PO/ANN", id, "--acknowledge"},
		{"pcside", "read", "NET/PO/ANN", id, "--acknowledge", "--output", "json"},
		{"pcside", "read", "NET/PO/ANN", id, "--acknowledge", "--raw"},
		{"pcside", "inbox", "NET/PO/ANN"},
		{"pcside", "badmail", "show", bad, "--output", "table"},
		{"pcside", "queue", "show", waits, "--output", "table"},
		{"pcside", "track", id, "--output", "table"},
		{"pcside", "status"},
		{"pcside", "status", "--output", "table"},
		{"coordinator", "spool", "show", "--output", "table"},
		{"coordinator", "mmff", "show", file},
		{"coordinator", "config", "import", ini},
	} {
		whole := len(s.must(withoutMark(args)...))
		for _, room := range []int{0, whole / 2, whole - 1} {
			s.err = buffer{}
			code := Run(t.Context(), testProgram(args[0]), Streams{
				In: strings.NewReader(""), Out: &fullDisk{room}, Err: &s.err,
				Env: func(key string) (string, bool) { v, ok := s.env[key]; return v, ok },
			}, args)
			if code != exitFailed || !strings.Contains(s.err.String(), "no space left") {
				t.Errorf("%v, of %d bytes %d written: exits with %d and says %q", args, whole, room, code, s.err.String())
			}
		}
	}
	if left := s.must("pcside", "inbox", "--new", "NET/PO/ANN"); !strings.Contains(left, id) {
		t.Error("a message that was not shown is acknowledged")
	}
}

func withoutMark(args []string) []string {
	var left []string
	for _, a := range args {
		if a != "--acknowledge" {
			left = append(left, a)
		}
	}
	return left
}
