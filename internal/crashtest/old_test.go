package crashtest

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sidegate/coordinator/spool"
	"sidegate/internal/legacypair"
)

// oldHalf is the Macintosh half on the real directory, connecting ten times a second.
type oldHalf struct {
	half  *legacypair.MacHalf
	spool string
	quit  context.CancelFunc
	done  chan struct{}

	mu    sync.Mutex // held for a cycle; whoever else works in the directory holds it too
	rests bool       // guarded by mu
	taken int        // guarded by mu: how many of Received have been counted
}

func newOldHalf(t *testing.T, spool string, handshakes bool) *oldHalf {
	t.Helper()
	o := legacypair.Options{}
	if handshakes {
		o.Aging, o.Handshake = 500*time.Millisecond, legacypair.ShapeVersion
	}
	ctx, quit := context.WithCancel(context.Background())
	h := &oldHalf{half: legacypair.NewMacHalf(legacypair.Dir(spool), o), spool: spool, quit: quit, done: make(chan struct{})}
	go h.run(ctx)
	return h
}

func (h *oldHalf) run(ctx context.Context) {
	defer close(h.done)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		h.mu.Lock()
		if !h.rests {
			h.half.Step()
		}
		h.mu.Unlock()
	}
}

func (h *oldHalf) stop() {
	h.quit()
	<-h.done
}

// rest makes the half do nothing, until the function returned is called.
func (h *oldHalf) rest() (wake func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rests = true
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.rests = false
	}
}

// received returns what the half has delivered since it was asked last.
func (h *oldHalf) received() []legacypair.Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.half.Received()
	fresh := all[h.taken:]
	h.taken = len(all)
	return fresh
}

func (h *oldHalf) tail() []string {
	log := h.half.Log()
	return log[max(0, len(log)-10):]
}

// path is a file or directory of the spool.
func (h *oldHalf) path(parts ...string) string {
	return filepath.Join(append([]string{h.spool}, parts...)...)
}

// outgoing are the message files that wait for the half and hold a text, in the order of their slots.
func (h *oldHalf) outgoing(text string) []string {
	names, _ := filepath.Glob(h.path("STORE/PCTOMAC/*.MSG")) // the pattern is good
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	var found []string
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil && strings.Contains(string(data), text) {
			found = append(found, name)
		}
	}
	return found
}

// drop puts a file into MACTOPC as the half does, without the half, once the slot is free.
func (h *oldHalf) drop(slot string, data []byte) error {
	var err error
	if !await(patience, func() bool {
		var done bool
		done, err = h.tryDrop(slot, data)
		return done || err != nil
	}) {
		return fmt.Errorf("the slot %s never became free", slot)
	}
	return err
}

func (h *oldHalf) tryDrop(slot string, data []byte) (bool, error) {
	h.mu.Lock() // the half would take the slot, or the file that is being written, for its own
	defer h.mu.Unlock()
	if taken, _ := filepath.Glob(h.path("STORE/MACTOPC", slot+".*")); len(taken) > 0 {
		return false, nil
	}
	wrt, msg := h.path("STORE/MACTOPC", slot+".WRT"), h.path("STORE/MACTOPC", slot+".MSG")
	if err := os.WriteFile(wrt, data, 0o666); err != nil {
		return false, err
	}
	return true, os.Rename(wrt, msg)
}

// dropAgain does what the reason file says about files that were put away unread because the coordinator was killed over
// them twice: they go back into a free slot (KB Q117581). It returns how many there were.
func (h *oldHalf) dropAgain() int {
	reasons, _ := filepath.Glob(h.path("BADMAIL/BAD*.TXT")) // the pattern is good
	n := 0
	for _, reason := range reasons {
		text, err := os.ReadFile(reason)
		if err != nil || !strings.Contains(string(text), spool.ReasonPoison) {
			continue
		}
		h.mu.Lock() // no slot is taken meanwhile
		for slot := 10; slot > 0; slot-- {
			name := fmt.Sprintf("MMFF%d", slot)
			if taken, _ := filepath.Glob(h.path("STORE/MACTOPC", name+".*")); len(taken) > 0 {
				continue
			}
			if os.Rename(strings.TrimSuffix(reason, ".TXT")+".MSG", h.path("STORE/MACTOPC", name+".MSG")) == nil && os.Remove(reason) == nil {
				n++
			}
			break
		}
		h.mu.Unlock()
	}
	return n
}
