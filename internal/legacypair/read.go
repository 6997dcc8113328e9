package legacypair

import (
	"cmp"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// maxFile is how much of a file is read. The old programs knew no limit (KB Q85059); this machine does.
const maxFile = 64 << 20

// found is a file in a slot of the directory that is read.
type found struct {
	dir, name string
	slot      int
	stays     bool // it is not claimed and cannot be deleted: Bugs.StuckSlot
	direct    bool // it is not claimed
}

func (f found) path() string { return f.dir + "/" + f.name }

// readAll plans to take what waits, at most a batch. A file that comes meanwhile is for the next cycle.
func (h *half) readAll() {
	if h.bugs.DeadReader {
		return
	}
	files, err := h.incoming()
	if err != nil {
		h.fail("listing", h.p.in, err)
		return
	}
	if h.freezes(files) {
		return
	}
	operations := make([]func(), 0, len(files))
	for _, f := range files[:min(len(files), h.p.batch)] {
		operations = append(operations, func() { h.claim(f) })
	}
	h.then(operations...)
}

// incoming lists the .MSG files this half sees, lowest slot first.
func (h *half) incoming() ([]found, error) {
	names, err := h.fs.List(h.p.in)
	if err != nil {
		return nil, err
	}
	var files []found
	for _, name := range names {
		slot, ext, ok := slotOf(name)
		if !ok || ext != "MSG" || h.p.oneCase && !oneCase(name) {
			continue
		}
		f := found{dir: h.p.in, name: name, slot: slot}
		if h.bugs.Hide != nil && h.bugs.Hide(name, func() []byte { return h.peek(f.path()) }) {
			continue
		}
		f.stays = slot == h.bugs.StuckSlot
		f.direct = f.stays || h.o.Direct
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.slot, b.slot), strings.Compare(a.name, b.name))
	})
	return files, nil
}

// peek reads a file for Hide, and is blind to errors because nothing was opened in truth.
func (h *half) peek(path string) []byte {
	r, err := h.fs.Open(path)
	if err != nil {
		return nil
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxFile))
	if err != nil {
		return nil
	}
	return data
}

// freezes ends the cycle if a deleted file is still listed: the half is busy trying to open it (KB Q147006).
func (h *half) freezes(files []found) bool {
	if !h.bugs.ListsDeleted {
		clear(h.ghosts)
		return false
	}
	for _, f := range files {
		delete(h.ghosts, fold(f.name))
	}
	for name := range h.ghosts {
		r, err := h.fs.Open(h.p.in + "/" + name)
		if err == nil {
			r.Close()
			err = fs.ErrNotExist // it came back after the listing; the next one shows it
		}
		h.fail("opening", name, err)
		h.todo = nil
		return true
	}
	return false
}

// claim takes a file from under the writer, .MSG to .RDG, or plans to read it where it is.
func (h *half) claim(f found) {
	if !f.direct {
		mine := alike(f.name, "RDG")
		if h.o.OldClaim {
			mine = oldClaim
		}
		if err := h.fs.Rename(f.path(), f.dir+"/"+mine); err != nil {
			h.fail("renaming", f.name, err)
			return
		}
		f.name = mine
		if h.dies(Claimed) {
			return
		}
	}
	h.then(func() { h.take(f) })
}

// take reads a claimed file and keeps it open until it is understood, as a program with a file buffer does.
func (h *half) take(f found) {
	r, err := h.fs.Open(f.path())
	if err != nil {
		h.fail("opening", f.name, err)
		h.giveBack(f)
		return
	}
	h.held = r
	data, err := io.ReadAll(io.LimitReader(r, maxFile))
	if err != nil {
		h.release()
		h.fail("reading", f.name, err)
		h.giveBack(f)
		return
	}
	h.then(func() { h.understand(f, data) })
}

// understand delivers a message, or finds that it is none.
func (h *half) understand(f found, data []byte) {
	h.release()
	if isHandshake(data) && !h.bugs.MisreadHandshake {
		h.count.Consumed++
		h.then(func() { h.finish(f) })
		return
	}
	m, bad := parse(data, h.o)
	if bad == nil {
		bad = h.p.check(&m)
	}
	if bad != nil {
		if bad.spins && h.bugs.SpinsOnCR {
			h.crash()
			return
		}
		h.reject(f, bad)
		return
	}
	m.Slot, m.Text = f.slot, data
	h.received = append(h.received, m)
	h.count.Received++
	h.note(h.p.lines.taken(h.o.Now(), &m))
	if h.dies(Taken) {
		return
	}
	h.then(func() { h.finish(f) })
}
