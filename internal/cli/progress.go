package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// barFrom is the size in bytes from which work is worth a bar.
const barFrom = 1 << 20

// bar shows on a terminal how far long work has got. A nil bar shows nothing.
type bar struct {
	w           io.Writer
	what        string
	moved, size int64
	drawn       time.Time
}

// progress returns a bar on stderr, or nil when nobody watches or the work is short.
func (c *call) progress(what string, size int64) *bar {
	if !c.streams.ErrTerminal || size < barFrom {
		return nil
	}
	return &bar{w: c.streams.Err, what: what, size: size}
}

// add tells of n more bytes.
func (b *bar) add(n int) {
	if b == nil {
		return
	}
	b.moved += int64(n)
	if now := time.Now(); now.Sub(b.drawn) > 100*time.Millisecond {
		b.drawn = now
		const width = 30
		full := int(min(b.moved, b.size) * width / b.size)
		fmt.Fprintf(b.w, "\r%s [%s%s] %3d%%", b.what, strings.Repeat("#", full), strings.Repeat(".", width-full), min(b.moved, b.size)*100/b.size)
	}
}

// done removes the bar.
func (b *bar) done() {
	if b != nil && !b.drawn.IsZero() {
		fmt.Fprint(b.w, "\r\x1b[K")
		b.drawn = time.Time{}
	}
}
