package legacypair

import (
	"fmt"
	"strings"
)

// finish deletes a file that was dealt with: in two steps if it was claimed (KB Q130066).
func (h *half) finish(f found) {
	switch {
	case f.stays:
		return
	case f.direct:
		h.remove(f)
		return
	}
	gone := f
	gone.name = alike(f.name, "DEL")
	if err := h.fs.Rename(f.path(), gone.path()); err != nil {
		// A .DEL that somebody left there is no reason to read the message again.
		h.fail("renaming", f.name, err)
		gone = f
	}
	if h.dies(Deleting) {
		return
	}
	h.then(func() { h.remove(gone) })
}

func (h *half) remove(f found) {
	if err := h.fs.Remove(f.path()); err != nil {
		h.fail("deleting", f.name, err)
		return
	}
	if h.bugs.ListsDeleted && f.slot > 0 {
		h.ghosts[fmt.Sprintf("MMFF%d.MSG", f.slot)] = true
	}
}

// giveBack lets a later cycle try again. Under OldClaim the slot is the one the file came from, as long as it is free.
func (h *half) giveBack(f found) {
	if f.direct || f.slot == 0 {
		return
	}
	name := alike(f.name, "MSG")
	if h.o.OldClaim {
		name = h.spell(f.slot, "MSG")
	}
	if err := h.fs.Rename(f.path(), f.dir+"/"+name); err != nil {
		h.fail("renaming", f.name, err)
	}
}

// reject moves a file to BADMAIL and tells the manager (KB Q152477, Q117581). How it is called there is not known; it keeps
// the name of its slot, with a number when that is taken.
func (h *half) reject(f found, bad *fault) {
	h.note(h.p.lines.bad(h.o.Now(), f.name, bad))
	if f.stays {
		f.stays = false // moving is renaming, which works
	}
	stem := strings.TrimSuffix(alike(f.name, "MSG"), "MSG")
	if f.slot > 0 {
		stem = fmt.Sprintf("MMFF%d.", f.slot)
	}
	for n := 0; n <= 999; n++ {
		name := stem + "MSG"
		if n > 0 {
			name = fmt.Sprintf("%s%03d", stem, n)
		}
		err := h.fs.Rename(f.path(), h.o.Layout.BadMail+"/"+name)
		if err == nil {
			h.report(f, name, bad)
			return
		}
		if number, _ := errorNumber(err); number != 528 || n == 999 {
			// The file stays where it was: seed 2 becomes seed 1.
			h.fail("moving", f.name, err)
			h.giveBack(f)
			return
		}
	}
}

func (h *half) report(f found, name string, bad *fault) {
	h.count.BadMail++
	if h.bugs.DiesReporting {
		h.crash()
		return
	}
	h.tell(BadIncoming, fmt.Sprintf("%s was moved to BADMAIL as %s: %s", f.name, name, bad))
}

// recover deals with what an earlier run left in the directory that is read: a claimed file is read again first, which is
// why a bad one hung 1.0b for good (KB Q148768); a .DEL is deleted.
func (h *half) recover() {
	names, err := h.fs.List(h.p.in)
	if err != nil {
		h.fail("listing", h.p.in, err)
		return
	}
	for _, name := range names {
		slot, ext, ok := slotOf(name)
		f := found{dir: h.p.in, name: name, slot: slot}
		switch {
		case ok && ext == "DEL":
			h.then(func() { h.remove(f) })
		case ok && ext == "RDG", strings.EqualFold(name, oldClaim):
			h.then(func() { h.take(f) })
		}
	}
}
