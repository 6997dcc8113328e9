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
		if await(ctx, f, 0) { // POLLERR: the other end is closed
			cancel()
		}
	}()
	return ctx, func() { cancel(); <-done }
}

// await waits for an event on a file, and reports false if ctx ends before.
func await(ctx context.Context, f *os.File, events int16) bool {
	const milliseconds = 200
	for ctx.Err() == nil {
		if n, err := unix.Poll([]unix.PollFd{{Fd: int32(f.Fd()), Events: events}}, milliseconds); err == nil && n > 0 {
			return true
		}
	}
	return false
}

// stdin returns what is typed or piped in. Reading ends with ctx: whoever types a message may press Ctrl-C.
func (c *call) stdin(ctx context.Context) io.Reader {
	if f, ok := c.streams.In.(*os.File); ok {
		return endingReader{ctx, f}
	}
	return c.streams.In
}

type endingReader struct {
	ctx context.Context // of the one command that reads
	f   *os.File
}

func (r endingReader) Read(p []byte) (int, error) {
	if !await(r.ctx, r.f, unix.POLLIN) {
		return 0, r.ctx.Err()
	}
	return r.f.Read(p)
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
