package simtest

import (
	"context"
	"io"
	"time"

	"sidegate/coordinator/spool/sharetest"
	"sidegate/internal/legacypair"
)

// halfEvery is the time between two cycles of the old program.
const halfEvery = 5 * time.Second

// run lets the half work until ctx ends.
func (h *half) run(ctx context.Context) {
	for ctx.Err() == nil {
		h.step()
		pause(ctx, h.every)
	}
}

// step is one cycle. New mail is handed to the half only when it has nothing to send and nothing of its lies in the
// spool, because only then the old programs kept the order of mail (KB Q137998).
func (h *half) step() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.paused {
		return
	}
	if h.old.Waiting() == 0 {
		h.acknowledge()
		h.hand()
	}
	h.old.Step()
	if h.old.Waiting() == 0 {
		h.acknowledge()
	}
}

// acknowledge: what has left the mailbag lies in the spool, which is where we take responsibility.
func (h *half) acknowledge() {
	for _, l := range h.wave {
		h.w.log.Ack(l.label)
		l.acked.Store(true)
		h.w.note("the half has sent %s", l.label)
	}
	h.wave = nil
}

func (h *half) hand() {
	waiting, err := h.view.Mails(h.out)
	if err != nil || len(waiting) > 0 {
		return
	}
	n := min(len(h.due), h.w.slots)
	for _, l := range h.due[:n] {
		h.w.log.Begin(l.label, l.sender, l.to, l.digest())
		h.old.Send(l.legacy())
	}
	h.wave, h.due = h.due[:n:n], h.due[n:]
}

// send hands a letter in.
func (h *half) send(l *letter) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.due = append(h.due, l)
}

// sleep makes the half do nothing, or work again.
func (h *half) sleep(asleep bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.paused = asleep
}

// idle reports whether the half has nothing to send.
func (h *half) idle() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.due) == 0 && len(h.wave) == 0 && h.old.Waiting() == 0
}

// volume is a machine's view of the share, as the old programs want it.
type volume struct{ c *sharetest.Client }

var _ legacypair.FS = volume{}

// List names a directory's files.
func (v volume) List(dir string) ([]string, error) { return v.c.Names(dir) }

// Open opens a file for reading.
func (v volume) Open(name string) (io.ReadCloser, error) { return v.c.Open(name) }

// Create makes a file.
func (v volume) Create(name string) (io.WriteCloser, error) { return v.c.Create(name) }

// Rename gives a file another name.
func (v volume) Rename(from, to string) error { return v.c.Rename(from, to) }

// Remove removes a file.
func (v volume) Remove(name string) error { return v.c.Remove(name) }
