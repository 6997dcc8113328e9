package crashtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	pb "sidegate/proto/sidegate/v1"
)

// smallDisk mounts a file system of so many MiB that is the test's own.
func smallDisk(t *testing.T, mib string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+mib+"m"); err != nil {
		t.Skipf("SKIPPED: a full disk needs the right to mount one, which root has, in a container with --cap-add SYS_ADMIN: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves so many MiB free, or nothing; it takes its room away from everybody.
func fill(t *testing.T, dir string, leave int64) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "filler"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 1<<16)
	for {
		var st syscall.Statfs_t
		if err := syscall.Statfs(dir, &st); err != nil {
			t.Fatal(err)
		}
		if int64(st.Bavail)*st.Bsize <= leave<<20 {
			return
		}
		if _, err := f.Write(block); err != nil {
			if errors.Is(err, syscall.ENOSPC) {
				return
			}
			t.Fatal(err)
		}
	}
}

// send runs the command line client, as a script does.
func (tr *trio) send(name string, l letter) (output string, code int) {
	tr.t.Helper()
	cmd := exec.Command(program(tr.t, name), "send", "--addr", tr.ends[name].grpc, "--tls-dir", filepath.Join(tr.pki, "user"),
		"--from", l.from, "--to", l.to[0], "--subject", l.label, "--body", l.body, "--request-id", l.label, "--timeout", "60s")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tr.t.Fatal(err)
	}
	return strings.TrimSpace(string(out)), cmd.ProcessState.ExitCode()
}

// TestFullDisk takes the room away under pcside's store: it refuses what is new and says so, mail between the others flows,
// and when there is room again everything goes on.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "320")
	tr := newTrio(t, options{half: true, data: map[string]string{"pcside": filepath.Join(disk, "pcside")}}).up()
	tr.mail.load("before", 3)
	tr.mustSettle("before the disk is full")

	fill(t, disk, 40) // below the reserve
	l := letter{at: "pcside", label: "refused", from: karl, to: []string{anna}, body: begins + "refused" + ends}
	tr.mail.begin(l)
	said := ""
	if !await(patience, func() bool { var code int; said, code = tr.send("pcside", l); return code == 75 }) {
		tr.fatalf("pcside does not refuse mail with exit code 75 on a full disk; it said %q", said)
	}
	if !strings.Contains(said, "MiB are free") || !strings.Contains(said, "try again") {
		t.Errorf("pcside refuses with %q, want how much is free and when to try again", said)
	}
	tr.othersFlow("pcside")
	inbound := letter{at: "macside", label: "towards-full", from: ben, to: []string{jane}, body: begins + "in" + ends}
	tr.mail.submit(inbound)

	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Fatal(err)
	}
	if !await(patience, func() bool { var code int; said, code = tr.send("pcside", l); return code == 0 }) {
		tr.fatalf("pcside does not take mail again; it said %q", said)
	}
	tr.mail.acknowledged(l, said)
	tr.mail.load("after", 3)
	tr.mustSettle("when there is room again")
}

// TestNoRoomAtAll takes away even the reserve, again after the store has given up its ballast. What dies of it is started
// again, as whoever supervises services does, and must stand up once there is room, with everything it acknowledged.
func TestNoRoomAtAll(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "320")
	tr := newTrio(t, options{half: true, data: map[string]string{"pcside": filepath.Join(disk, "pcside")}}).up()
	tr.underLoad("starving", 8, func() {
		for life := range 3 {
			died := await(patience, func() bool {
				fill(t, disk, 0)
				tr.write("pcside", jane)
				return tr.process("pcside").dead()
			})
			if !died {
				tr.fatalf("life %d: pcside goes on writing though there is no room", life+1)
			}
			if p := tr.process("pcside"); p.killed() || p.cmd.ProcessState.ExitCode() != 1 {
				tr.fatalf("life %d: pcside ended with %v, want exit code 1", life+1, p.cmd.ProcessState)
			}
			if life == 0 {
				tr.othersFlow("pcside")
			}
			tr.start("pcside", "")
		}
		tr.process("pcside").diesWithin(patience / 30) // it may or may not
		if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
			t.Fatal(err)
		}
		if tr.process("pcside").dead() {
			tr.start("pcside", "")
		}
	})
}

// write makes a store write something that is allowed on a full disk.
func (tr *trio) write(name, mailbox string) {
	owners := []string{owner}
	for i := range 60 {
		owners = append(owners, fmt.Sprintf("sidegate://user/one-of-the-many-%d", i))
	}
	ctx, cancel := tr.within(oneAttempt)
	defer cancel()
	// Whether it succeeds is of no interest.
	_, _ = pb.NewMailboxServiceClient(tr.mail.admin[name]).UpdateMailboxOwners(ctx, &pb.UpdateMailboxOwnersRequest{Address: mailbox, Owners: owners})
}
