//go:build !unix

package cli

import (
	"context"
	"io"
)

// whileRead returns a context that ends when stop is called: whether somebody still reads stdout shows at the next
// write here.
func (c *call) whileRead(ctx context.Context) (_ context.Context, stop func()) {
	return context.WithCancel(ctx)
}

// stdin returns what is typed or piped in.
func (c *call) stdin(context.Context) io.Reader { return c.streams.In }
