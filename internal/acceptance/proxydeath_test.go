package acceptance

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sidegate/coordinator/proxy"
	"sidegate/internal/daemon"
)

// TestProxyOutlivesDeath kills a coordinator at every step of giving somebody a proxy, by SIGKILL and as a process of its
// own. Afterwards the letter is written once, and the proxy it shows is the one that stays.
func TestProxyOutlivesDeath(t *testing.T) {
	for _, point := range proxy.FaultPoints {
		if strings.HasPrefix(point, "proxy.allocate.") {
			t.Run(point, func(t *testing.T) { outlives(t, point) })
		}
	}
}

func outlives(t *testing.T, point string) {
	w := &half{trio: &trio{place: newPlace(t), at: map[string]string{}}}
	w.spool = filepath.Join(w.dir, "spool")
	l := w.listen()
	w.at["macside"] = l.Addr().String()
	w.mac = w.startMac(l)

	doomed := w.process(point)
	w.mac.send(anna, ann, "first")
	var exit *exec.ExitError
	if err := doomed.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("it did not die at %s but ended with %v:\n%s", point, err, doomed.Stderr)
	}
	again := w.process("")
	defer func() {
		if err := errors.Join(again.Process.Signal(syscall.SIGTERM), again.Wait()); err != nil {
			t.Errorf("it did not end well: %v\n%s", err, again.Stderr)
		}
	}()
	first := w.taken()
	if got := field(t, first, "SUBJECT"); got != "first" {
		t.Fatalf("the PC half finds %q", got)
	}
	w.mac.send("otto@Design", ann, "second")
	w.mac.send(anna, ann, "third")
	second, third := w.taken(), w.taken()
	if field(t, second, "SUBJECT") != "second" || field(t, third, "SUBJECT") != "third" {
		t.Errorf("the PC half finds %q and %q", second, third)
	}
	if field(t, third, "FROM") != field(t, first, "FROM") || field(t, second, "FROM") == field(t, first, "FROM") {
		t.Errorf("anna is %s and then %s, otto is %s", field(t, first, "FROM"), field(t, third, "FROM"), field(t, second, "FROM"))
	}
	w.put(letter("CSI:"+ann, field(t, first, "FROM"), "reply", "x"))
	w.mac.arrived(anna, "reply")
}

// process starts a coordinator for a PC half that is to die at a point, or at none.
func (w *half) process(point string) *exec.Cmd {
	w.t.Helper()
	c := process(w.t, "coordinator", "serve", "--data", filepath.Join(w.dir, "coordinator"), "--tls-dir", w.certs("coordinator"),
		"--listen", "127.0.0.1:0", "--http", "off", "--spool", w.spool, "--spool-init", "--role", "mac", "--scan", scan.String(),
		"--serves", "COMPANY/DEPT/*", "--proxy", "MACNET/MACPO", "--peer", w.at["macside"]+"=sidegate://peer/macside")
	if point != "" {
		c.Env = append(c.Env, daemon.FaultVariable+"="+point)
	}
	c.Stderr = &output{}
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	return c
}
