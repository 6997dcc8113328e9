package legacypair

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"
)

// Half is either of the two old programs.
type Half interface {
	// Send puts messages into the mailbag, from which the cycles take them in order.
	Send(messages ...Message)
	// Waiting is how many messages are in the mailbag.
	Waiting() int
	// Step runs one cycle, or as much of it as Bugs.Pace allows, and returns when it is done. A dead half does nothing.
	Step()
	// Run steps at once and then at every interval until ctx ends, and returns its error.
	Run(ctx context.Context, interval time.Duration) error
	// Received returns the messages that were delivered, in that order; one that came twice is there twice.
	Received() []Message
	// Notices returns the notices written, oldest first.
	Notices() []Notice
	// Log returns the newest lines of the log, at most 10,000.
	Log() []string
	// Counters returns what was counted so far.
	Counters() Counters
	// Bugs and SetBugs return and change the faults. They apply from the next file operation on.
	Bugs() Bugs
	SetBugs(b Bugs)
	// Alive reports whether the half runs. One that never stepped does.
	Alive() bool
	// Kill ends the half as a power cut does: files stay as they are, nothing is logged.
	Kill()
	// Stop ends the half in order, where it is, with a line in the log.
	Stop()
	// Restart starts an ended half. What it was sent and what it delivered survived in the database behind it.
	Restart()
}

var (
	_ Half = (*PCHalf)(nil)
	_ Half = (*MacHalf)(nil)
)

// program is what differs between the two halves.
type program struct {
	in, out string // directories it reads and writes
	manager string // who gets its notices
	batch   int    // messages read in a cycle, and messages written
	oneCase bool   // it does not see mixed case names
	wrap    int    // column behind which it breaks lines
	subject int    // length at which it then cuts subjects, 0 for not at all
	check   func(*Message) *fault
	lines   dialect
}

// dialect makes the lines of a log.
type dialect struct {
	starting, exiting func(now time.Time) string
	sent, taken       func(now time.Time, m *Message) string // empty if the half logs no such thing
	bad               func(now time.Time, name string, f *fault) string
	failed            func(now time.Time, doing, name string, err error) string
}

// half is what both programs do.
type half struct {
	fs FS
	o  Options
	p  program

	mu       sync.Mutex // guards everything below; a cycle holds it, so callers never see half of a file operation
	bugs     Bugs
	mailbag  []Message
	received []Message
	notices  []Notice
	log      []string
	count    Counters
	todo     []func()             // what is left of the cycle, one file operation each
	pause    bool                 // the rest of the cycle is for the next Step
	held     io.Closer            // the file that is open between two operations
	started  bool                 // since the last start
	ended    bool                 // killed, crashed or stopped
	pending  string               // name of the own handshake, empty when none lies there
	ghosts   map[string]bool      // deleted files that Bugs.ListsDeleted still lists
	first    map[string]time.Time // when a file of ours was first seen waiting, zero after its notice
}

func newHalf(fs FS, o Options, p program) half {
	return half{fs: fs, o: o, p: p, bugs: o.Bugs, ghosts: map[string]bool{}, first: map[string]time.Time{}}
}

// Step implements Half.
func (h *half) Step() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return
	}
	if len(h.todo) == 0 {
		h.begin()
	}
	h.pause = false
	for n := 0; len(h.todo) > 0 && !h.pause; n++ {
		if h.bugs.Pace > 0 && n == h.bugs.Pace {
			return
		}
		next := h.todo[0]
		h.todo = h.todo[1:]
		next()
	}
}

// begin plans a cycle: read first, then write (KB Q95521).
func (h *half) begin() {
	h.count.Cycles++
	if !h.started {
		h.started = true
		h.note(h.p.lines.starting(h.o.Now()))
		h.then(h.recover)
	}
	h.todo = append(h.todo, h.readAll, h.sweep, h.writeAll, h.watch)
}

// then puts operations before everything that is planned.
func (h *half) then(operations ...func()) { h.todo = slices.Insert(h.todo, 0, operations...) }

// crash ends the half where it is.
func (h *half) crash() {
	h.release()
	h.todo, h.ended = nil, true
	h.count.Deaths++
}

// dies crashes the half if that is what shall happen here.
func (h *half) dies(p Point) bool {
	if h.bugs.DieAt != p {
		return false
	}
	h.bugs.DieAt = Nowhere
	h.crash()
	return true
}

// release closes the file that is open between two operations.
func (h *half) release() {
	if h.held != nil {
		// A failed close shows itself as a wrong count to whoever reads the file, as it did then.
		_ = h.held.Close()
		h.held = nil
	}
}

// Run implements Half.
func (h *half) Run(ctx context.Context, interval time.Duration) error {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		h.Step()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
}

// Kill implements Half.
func (h *half) Kill() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.ended {
		h.crash()
	}
}

// Stop implements Half.
func (h *half) Stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return
	}
	h.release()
	h.todo, h.ended = nil, true
	h.note(h.p.lines.exiting(h.o.Now()))
}

// Restart implements Half.
func (h *half) Restart() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		h.ended, h.started = false, false
	}
}
