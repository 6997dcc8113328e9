package daemon

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

func kept(address string) *keptHTTP {
	return &keptHTTP{address: address, log: hclog.NewNullLogger(), pause: time.Millisecond,
		handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })}
}

// eventually waits for something to become so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-deadline.C:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func answers(address string) bool {
	r, err := http.Get("http://" + address + "/livez")
	if err != nil {
		return false
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return err == nil && string(b) == "ok"
}

// TestTakenAddressStopsNothing: another program has the address of the status page. It is told of, and served as soon as the
// address is free.
func TestTakenAddressStopsNothing(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := kept(other.Addr().String())
	l := k.listen()
	if l != nil {
		t.Fatal("two listen on one address")
	}
	if got := k.alarms(); len(got) != 1 || !strings.Contains(got[0], k.address) || !strings.Contains(got[0], "mail goes on") {
		t.Errorf("alarms: %q", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- k.run(ctx, l) }()
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the page answers", func() bool { return answers(k.address) })
	if got := k.alarms(); got != nil {
		t.Errorf("alarms while it is served: %q", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
	if answers(k.address) {
		t.Error("it answers after the end")
	}
}

// brokenListener fails at its first connection.
type brokenListener struct{ net.Listener }

func (b brokenListener) Accept() (net.Conn, error) {
	_ = b.Close()
	return nil, errors.New("the network is gone")
}

// TestServerThatFailsIsStartedAgain: a server that ends by itself is no reason to end the process.
func TestServerThatFailsIsStartedAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := kept(l.Addr().String())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- k.run(ctx, brokenListener{l}) }()
	eventually(t, "the page answers", func() bool { return answers(k.address) })
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
}
