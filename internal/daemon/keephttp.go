package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
)

// keptHTTP serves the console for as long as the process runs. An address that is taken, or a server that fails, is told of and
// tried again, and never stops mail: monitoring that failed once kept the whole old service from starting (KB Q169659, Q169839).
type keptHTTP struct {
	address string
	handler http.Handler
	log     hclog.Logger
	pause   time.Duration // before the second try; it grows to maxPause
	trouble atomic.Pointer[string]
}

const (
	firstPause = time.Second
	maxPause   = time.Minute
)

// alarms say why nothing is served, if nothing is.
func (k *keptHTTP) alarms() []string {
	if why := k.trouble.Load(); why != nil {
		return []string{*why}
	}
	return nil
}

// listen tries once to get the address.
func (k *keptHTTP) listen() net.Listener {
	l, err := net.Listen("tcp", k.address)
	if err != nil {
		k.failed(err)
		return nil
	}
	if k.trouble.Swap(nil) != nil {
		k.log.Info("status page, metrics and probes are served again", "http", k.address)
	}
	return l
}

func (k *keptHTTP) failed(err error) {
	why := fmt.Sprintf("status page, metrics and probes are not served on %s: %v; mail goes on, and it is tried again", k.address, err)
	if k.trouble.Swap(&why) == nil {
		k.log.Error("console cannot be served; mail goes on, and it is tried again", "http", k.address, "error", err)
	}
}

// run serves until ctx ends, on l first, if there is one.
func (k *keptHTTP) run(ctx context.Context, l net.Listener) error {
	pause := k.pause
	for ctx.Err() == nil {
		if l != nil {
			began := time.Now()
			if err := k.serve(ctx, l); ctx.Err() == nil {
				k.failed(err)
			}
			if time.Since(began) > maxPause {
				pause = k.pause
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		if ctx.Err() == nil {
			pause = min(2*pause, maxPause)
			l = k.listen()
		}
	}
	return nil
}

// serve serves on one listener, until ctx ends or it fails.
func (k *keptHTTP) serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: k.handler, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10, IdleTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // the listener is closed either way
	err := server.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return errors.Join(err, server.Close())
}
