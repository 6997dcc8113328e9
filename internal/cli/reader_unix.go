//go:build unix

package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// whileRead returns a context that ends when nobody reads stdout any more, as tail -f does: otherwise "inbox --follow |
// head -1" would stay until the next message comes. stop ends the watching and must be called.
func (c *call) whileRead(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	f, ok := pipeOf(c.streams.Out)
	if !ok {
		return ctx, cancel
	}
	signal.Ignore(syscall.SIGPIPE) // writing to a reader that left is an error to look at, not the end of the process
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			fds := []unix.PollFd{{Fd: int32(f.Fd())}}
			const milliseconds = 200
			if n, err := unix.Poll(fds, milliseconds); err == nil && n > 0 {
				cancel() // POLLERR: the other end is closed
			}
		}
	}()
	return ctx, func() { cancel(); <-done }
}

// pipeOf returns the pipe that w is.
func pipeOf(w io.Writer) (*os.File, bool) {
	f, ok := w.(*os.File)
	if !ok {
		return nil, false
	}
	info, err := f.Stat()
	return f, err == nil && info.Mode()&os.ModeNamedPipe != 0
}
