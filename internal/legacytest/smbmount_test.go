package legacytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"sidegate/internal/foreign"
)

// mount puts the server's share into the file system, through FUSE and Debian's smbnetfs: the nearest to a mounted share where
// the kernel has no cifs. It returns where the share is.
func (s *smbServer) mount(t *testing.T) string {
	t.Helper()
	smbnetfs, fusermount := foreign.Need(t, "smbnetfs", "smbnetfs"), foreign.Need(t, "fusermount", "fuse")
	home, at := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".smb"), 0o700); err != nil {
		t.Fatal(err)
	}
	settings, err := os.ReadFile(s.conf) // the client library's own are in the same form
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".smb", "smb.conf"), settings, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(smbnetfs, "-f", at)
	command.Env = append(os.Environ(), "HOME="+home)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// An end keeps its spool's root open as long as the process lives.
		if text, err := exec.Command(fusermount, "-u", "-z", at).CombinedOutput(); err != nil {
			t.Errorf("unmount: %v: %s", err, text)
		}
		_ = command.Process.Kill() // it would live as long as somebody has a file of it open
		_ = command.Wait()
	})
	share := filepath.Join(at, smbAddress, smbShare)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		if _, err := os.ReadDir(share); err == nil {
			return share
		}
		<-tick.C
	}
	t.Fatal("the share cannot be mounted; is there a /dev/fuse?")
	return ""
}
