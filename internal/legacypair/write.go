package legacypair

import (
	"errors"
	"io"
	"io/fs"
	"strings"
)

// sweep deletes .WRT files in the directory that is written: they are this half's own, left from a cycle that broke off. A
// second half there thinks the same of the first one's (error 531 for mmff1.wrt, KB Q130066).
func (h *half) sweep() {
	names, err := h.fs.List(h.p.out)
	if err != nil {
		h.fail("listing", h.p.out, err)
		return
	}
	for _, name := range names {
		if _, ext, ok := slotOf(name); ok && ext == "WRT" {
			f := found{dir: h.p.out, name: name}
			h.then(func() { h.remove(f) })
		}
	}
}

// writeAll plans to give what the free slots and the batch allow, and a handshake if there is nothing to give.
func (h *half) writeAll() {
	free, err := h.free()
	if err != nil {
		h.fail("listing", h.p.out, err)
		return
	}
	if h.pending != "" && h.bugs.Gates {
		h.count.Gated++
		return
	}
	if len(h.mailbag) == 0 {
		h.idle(free)
		return
	}
	n := min(len(h.mailbag), len(free), h.p.batch)
	if h.bugs.StuckQueue {
		n = min(n, 1)
	}
	operations := make([]func(), 0, n)
	for _, slot := range free[:n] {
		operations = append(operations, func() { h.write(slot) })
	}
	h.then(operations...)
}

// free lists the free slots, lowest first: those without a file of any extension, in any letter case. It also notices that
// the own handshake is gone.
func (h *half) free() ([]int, error) {
	names, err := h.fs.List(h.p.out)
	if err != nil {
		return nil, err
	}
	var used [maxSlots + 1]bool
	lies := false
	for _, name := range names {
		slot, ext, ok := slotOf(name)
		if !ok {
			continue
		}
		used[slot] = true
		lies = lies || strings.EqualFold(name, h.pending) || ext == "RDG" && strings.EqualFold(alike(name, "MSG"), h.pending)
	}
	if !lies {
		h.pending = ""
	}
	var free []int
	for slot := 1; slot <= h.o.Slots; slot++ {
		if !used[slot] {
			free = append(free, slot)
		}
	}
	return free, nil
}

// write takes the next message to a slot: .WRT, then .MSG (KB Q164858).
func (h *half) write(slot int) {
	if len(h.mailbag) == 0 {
		return
	}
	m := h.mailbag[0]
	text := m.Text
	if text == nil {
		text = format(m, h.o, h.p, h.bugs.CountOff)
	}
	h.put(slot, text, func() {
		h.count.Sent++
		h.note(h.p.lines.sent(h.o.Now(), &m))
		if !h.bugs.StuckQueue {
			h.mailbag = h.mailbag[1:]
		}
	})
}

// put writes a file to a slot and calls published when it has the name of a message.
func (h *half) put(slot int, text []byte, published func()) {
	name, final := h.spell(slot, "WRT"), h.spell(slot, "MSG")
	if h.bugs.ShortMSG {
		name = final
	}
	w, err := h.fs.Create(h.p.out + "/" + name)
	if err != nil {
		h.fail("creating", name, err)
		return
	}
	h.held = w
	if !h.append(w, name, text[:len(text)/2]) || h.dies(Writing) {
		return
	}
	h.pause = h.bugs.ShortMSG
	h.then(func() {
		ok := h.append(w, name, text[len(text)/2:])
		h.release()
		if ok && !h.dies(Written) {
			h.then(func() { h.publish(name, final, published) })
		}
	})
}

// append writes bytes of a file, and forgets the file if it cannot: the next sweep deletes it.
func (h *half) append(w io.Writer, name string, text []byte) bool {
	if _, err := w.Write(text); err != nil {
		h.release()
		h.fail("writing", name, err)
		return false
	}
	return true
}

// publish gives a written file the name of a message. A file that is not there any more counts as sent all the same:
// between two halves on one spool outgoing mail vanished (KB Q119641). After any other error the message stays in the
// mailbag, and the next sweep deletes the file.
func (h *half) publish(name, final string, published func()) {
	if name != final {
		err := h.fs.Rename(h.p.out+"/"+name, h.p.out+"/"+final)
		if err != nil {
			h.fail("renaming", name, err)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
	delete(h.first, fold(final))
	published()
}
