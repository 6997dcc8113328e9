package daemon

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/hashicorp/go-hclog"

	"sidegate/internal/config"
	"sidegate/internal/wording"
)

// TestHangupWhileStarting: a service manager may ask for a reload as soon as the process is there. While the store is being
// opened that must not end it: systemd takes a death by SIGHUP for an end in good order, and starts nothing again.
func TestHangupWhileStarting(t *testing.T) {
	c := config.Default(config.PCSide)
	c.Data, c.Listen, c.InsecureDev, c.LogLevel = t.TempDir(), "127.0.0.1:0", true, "error"
	enough := errors.New("enough of starting")
	p := &program{config: c}
	p.kind = Kind{
		Words: func(*config.Config) wording.Words { return wording.Plain{} },
		Attach: func(context.Context, *End) (Part, error) {
			if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
				t.Error(err)
			}
			if got := <-p.signals; got != syscall.SIGHUP {
				t.Errorf("received %v", got)
			}
			return Part{}, enough
		},
	}
	if err := p.run(t.Context()); !errors.Is(err, enough) {
		t.Errorf("ended with %v", err)
	}
}

// TestActorsTellOfTheirEnd: whatever ends an actor is the error of the process or, when it was being stopped, in the log.
func TestActorsTellOfTheirEnd(t *testing.T) {
	broken := errors.New("the share is gone")
	for _, c := range []struct {
		name    string
		stop    bool
		run     func(context.Context) error
		want    string
		written string
	}{
		{"ends by itself", false, func(context.Context) error { return nil }, "links: ended by itself", ""},
		{"fails", false, func(context.Context) error { return broken }, "links: the share is gone", ""},
		{"is stopped", true, func(ctx context.Context) error { <-ctx.Done(); return nil }, "", ""},
		{"is stopped and says so", true, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, "links: context canceled", ""},
		{"fails while it is stopped", true, func(ctx context.Context) error { <-ctx.Done(); return broken }, "links: the share is gone", "share is gone"},
	} {
		var log bytes.Buffer
		p := &program{log: hclog.New(&hclog.LoggerOptions{Output: &log})}
		execute, interrupt := p.actor(Actor{Name: "links", Run: c.run})
		if c.stop {
			interrupt(nil)
		}
		got := ""
		if err := execute(); err != nil {
			got = err.Error()
		}
		if got != c.want || !strings.Contains(log.String(), c.written) || (c.written == "") != (log.Len() == 0) {
			t.Errorf("%s: returns %q, want %q; logs %q", c.name, got, c.want, log.String())
		}
	}
}
