//go:build unix

package identity

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestKeyModes(t *testing.T) {
	for _, c := range []struct {
		mode              fs.FileMode
		closedDir, byRoot bool
		fine              bool
	}{
		{0o600, false, false, true},
		{0o400, false, false, true},
		{0o700, false, false, true},
		{0o440, false, true, true},
		{0o440, false, false, false},
		{0o444, false, true, false},
		{0o640, false, true, false},
		{0o460, false, true, false},
		{0o640, false, false, false},
		{0o604, false, false, false},
		{0o602, false, false, false},
		{0o620, false, false, false},
		{0o644, false, true, false},
		{0o444, true, false, true},
		{0o644, true, false, true},
		{0o666, true, true, true},
	} {
		err := keyModeError("tls.key", c.mode, c.closedDir, c.byRoot)
		if (err == nil) != c.fine {
			t.Errorf("mode %04o, closed directory %v, root's %v: %v", c.mode, c.closedDir, c.byRoot, err)
		}
		if err == nil {
			continue
		}
		for _, part := range []string{"tls.key", "0600", "0700", "0440"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("the error does not speak of %s: %v", part, err)
			}
		}
	}
}

// TestReadKey: the same on a real disk, with the links that Kubernetes makes.
func TestReadKey(t *testing.T) {
	for _, c := range []struct {
		name      string
		dir, file fs.FileMode
		linked    bool
		want      string
	}{
		{"private", 0o755, 0o600, false, ""},
		{"open", 0o755, 0o644, false, "mode 0644"},
		{"open in a closed directory", 0o700, 0o444, false, ""},
		{"linked, private", 0o755, 0o400, true, ""},
		{"linked, open", 0o755, 0o644, true, "mode 0644"},
		{"linked, open in a closed directory", 0o700, 0o444, true, ""},
	} {
		dir := filepath.Join(t.TempDir(), "keys")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, KeyFile)
		mustWrite(t, path, []byte("key"), c.file)
		mustChmod(t, dir, c.dir)
		if c.linked {
			link := filepath.Join(t.TempDir(), KeyFile)
			if err := os.Symlink(path, link); err != nil {
				t.Fatal(err)
			}
			path = link
		}
		_, err := readKey(path)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestReadKeyDoesNotWaitForAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), KeyFile)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readKey(path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a pipe: %v", err)
	}
}
