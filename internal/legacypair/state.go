package legacypair

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// maxLog is how many lines of the log are kept.
const maxLog = 10_000

// Send implements Half.
func (h *half) Send(messages ...Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.o.Now()
	for _, m := range messages {
		m = m.clone()
		if m.Date == "" {
			m.Date = now.Format("2006-01-02")
		}
		if m.Time == "" {
			m.Time = now.Format("15:04")
		}
		h.mailbag = append(h.mailbag, m)
	}
}

// Waiting implements Half.
func (h *half) Waiting() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.mailbag)
}

// Received implements Half.
func (h *half) Received() []Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]Message, len(h.received))
	for i, m := range h.received {
		all[i] = m.clone()
	}
	return all
}

// Notices implements Half.
func (h *half) Notices() []Notice {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.notices)
}

// Log implements Half.
func (h *half) Log() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.log)
}

// Counters implements Half.
func (h *half) Counters() Counters {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

// Bugs implements Half.
func (h *half) Bugs() Bugs {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bugs
}

// SetBugs implements Half.
func (h *half) SetBugs(b Bugs) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bugs = b
}

// Alive implements Half.
func (h *half) Alive() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.ended
}

// note writes a line of the log.
func (h *half) note(line string) {
	if line == "" {
		return
	}
	if len(h.log) == maxLog {
		h.log = slices.Delete(h.log, 0, maxLog/10)
	}
	h.log = append(h.log, line)
	if h.o.Log != nil {
		// The old programs worked on without their log.
		_, _ = fmt.Fprintf(h.o.Log, "%s\r\n", line)
	}
}

// fail logs a file operation that failed.
func (h *half) fail(doing, name string, err error) {
	h.count.Errors++
	h.note(h.p.lines.failed(h.o.Now(), doing, name, err))
}

// tell writes a notice to whoever is in charge.
func (h *half) tell(subject, text string) {
	h.notices = append(h.notices, Notice{To: h.p.manager, Subject: subject, Text: text})
}

// errorNumber is the number the Macintosh half gives an error of a file. 531 and 550 are known, and that the numbers run
// from 526 to 551 (KB Q130066).
func errorNumber(err error) (number int, text string) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 531, "File not found"
	case isBusy(err):
		return 550, "File is busy"
	case errors.Is(err, fs.ErrExist):
		return 528, "File exists"
	}
	return 526, "File error"
}
