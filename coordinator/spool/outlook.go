package spool

import (
	"context"
	"errors"
	"strings"
	"time"
)

// see compares a listing, made after start and proven to be of the right directory, with the journal.
func (b *outbox) see(ctx context.Context, entries []Entry, start time.Time) error {
	slots, names := b.sortOut(entries)
	b.strangers(entries, start)
	gone, err := b.absent(slots, names, start)
	if err != nil {
		return err
	}
	if err := b.decide(ctx, gone, names[strings.ToUpper(oldClaim)]); err != nil {
		return err
	}
	return b.believe(ctx)
}

// sortOut says which slots are taken and which names are there.
func (b *outbox) sortOut(entries []Entry) (slots map[int]map[string]Entry, names map[string]bool) {
	slots, names = map[int]map[string]Entry{}, map[string]bool{}
	for _, e := range entries {
		names[strings.ToUpper(e.Name)] = true
		if slot, ext, ok := parseName(e.Name); ok {
			if slots[slot] == nil {
				slots[slot] = map[string]Entry{}
			}
			slots[slot][ext] = e
		}
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.busy = b.taken(slots)
	return slots, names
}

// taken names what keeps each slot from being free: any file with one of the four extensions, in any letter case, and
// whatever the journal says of it. s.mu is held.
func (b *outbox) taken(slots map[int]map[string]Entry) map[int]string {
	busy := map[int]string{}
	for slot, exts := range slots {
		busy[slot] = "foreign"
		if len(exts) > 0 && exts[extRead].Name != "" {
			busy[slot] = "reading"
		}
	}
	for _, e := range b.entries {
		if e.State != entryDoubtful && e.Slot > 0 {
			busy[e.Slot] = "ours"
		}
	}
	if b.ours.pending() {
		busy[b.ours.Slot] = "handshake"
	}
	return busy
}

// strangers watches for another writer: a .WRT that is not ours means one, an unknown .MSG is a person who drops a file
// again (KB Q117581).
func (b *outbox) strangers(entries []Entry, start time.Time) {
	var signs []*stranger
	b.s.mu.Lock()
	mine := b.mine(start)
	present := map[string]bool{}
	for _, e := range entries {
		_, ext, ok := parseName(e.Name)
		if !ok || mine[strings.ToUpper(e.Name)] || ext == extRead || ext == extDone {
			continue
		}
		present[e.Name] = true
		g := b.foreign[e.Name]
		switch {
		case g == nil:
			b.foreign[e.Name] = &stranger{Entry: e, since: start, looks: 1}
			continue
		case !g.Entry.same(e):
			*g = stranger{Entry: e, since: start, looks: 1, told: false}
			continue
		}
		g.looks++
		if g.looks < 2 || g.told {
			continue
		}
		g.told = true
		if ext == extWrite && e.Regular() {
			signs = append(signs, g)
		} else {
			b.s.log.Warn("a file that is not ours takes a slot", "file", b.s.fs.Path(join(b.dir, e.Name)))
		}
	}
	var old []string
	for name, g := range b.foreign {
		_, ext, _ := parseName(name)
		switch {
		case !present[name]:
			delete(b.foreign, name)
		case ext == extWrite && g.Regular() && start.Sub(g.since) > foreignTime:
			old = append(old, name)
		}
	}
	b.s.mu.Unlock()
	for _, g := range signs {
		// A listing may be an old one, and show what we have renamed or removed ourselves.
		if _, err := b.s.fs.Lstat(join(b.dir, g.Name)); err == nil {
			b.s.strike("write", b.s.fs.Path(join(b.dir, g.Name))+" is being written by somebody else, "+g.ModTime.Format(time.RFC3339))
		} else {
			b.s.mu.Lock()
			g.told = false
			b.s.mu.Unlock()
		}
	}
	for _, name := range old {
		b.putAway(name)
	}
}

// foreignTime is how long a .WRT of somebody else is left alone, as observed by this process.
const foreignTime = 24 * time.Hour

// putAway moves a .WRT whose writer must be dead out of the way, so that its slot is free again. It is never deleted.
func (b *outbox) putAway(name string) {
	if !b.s.mayTouch() {
		return
	}
	to, err := b.s.bad.free()
	if err == nil && to != "" {
		err = b.s.move(join(b.dir, name), join(b.s.bad.dir, to), -1)
	}
	b.s.log.Warn("a file that somebody else began to write a day ago is put away", "file", b.s.fs.Path(join(b.dir, name)), "as", to, "error", err)
}

// mine are the names that may be seen because of us. s.mu is held.
func (b *outbox) mine(start time.Time) map[string]bool {
	names := map[string]bool{}
	for _, e := range b.entries {
		names[strings.ToUpper(e.Name)] = true
		names[strings.ToUpper(withExt(e.Name, extWrite))] = true
	}
	if b.ours.pending() {
		names[strings.ToUpper(b.ours.Name)] = true
		names[strings.ToUpper(withExt(b.ours.Name, extWrite))] = true
	}
	for name, t := range b.touched {
		if start.Sub(t) > time.Minute {
			delete(b.touched, name)
			continue
		}
		names[name] = true
	}
	return names
}

// absent notes which of our files are there, and returns those that are proven, on two scans, to be gone.
func (b *outbox) absent(slots map[int]map[string]Entry, names map[string]bool, start time.Time) ([]*entry, error) {
	b.s.mu.Lock()
	var look []*entry
	for _, e := range b.sorted() {
		// A listing that was begun before the file was published says nothing about it.
		if e.State == entryPublished && e.since.Before(start) {
			look = append(look, e)
		}
	}
	b.s.mu.Unlock()
	var gone []*entry
	for _, e := range look {
		there, claimed := names[strings.ToUpper(e.Name)], false
		for _, ext := range []string{extRead, extDone} {
			if slots[e.Slot][ext].Name != "" {
				there, claimed = true, true
			}
		}
		if !there {
			var err error
			if there, err = b.opens(e); err != nil {
				b.s.shareFailed("scan", err)
				return nil, nil
			}
		}
		if b.shown(e, there, claimed, slots[e.Slot][extMail], start) {
			gone = append(gone, e)
		}
	}
	return gone, nil
}

// opens asks for a file by name: a listing may leave out what is there (KB Q121917).
func (b *outbox) opens(e *entry) (bool, error) {
	for _, ext := range []string{extMail, extRead, extDone} {
		_, err := b.s.fs.Lstat(join(b.dir, withExt(e.Name, ext)))
		if err == nil {
			return true, nil
		}
		if !isGone(err) {
			return false, err
		}
	}
	return false, nil
}

// changed reports whether a file of ours has other bytes than we gave it. A listing that says so may only be an old one, which
// shows what lay in the slot before.
func (b *outbox) changed(e *entry) bool {
	data, _, err := readCapped(b.s.fs, join(b.dir, e.Name), e.Size)
	return errors.Is(err, errTooLong) || err == nil && hashOf(data) != e.SHA256
}

// shown takes one look into the books and reports whether the file is gone for sure.
func (b *outbox) shown(e *entry, there, claimed bool, now Entry, start time.Time) bool {
	changed := false
	b.s.mu.Lock()
	switch {
	case there:
		e.shown, e.misses, e.vanished = e.shown+1, 0, time.Time{}
		if claimed {
			e.remaining = true
			b.s.state.other = start
		} else if now.Name != "" {
			changed = e.looked.Name != "" && !e.struck && (e.looked.Size != now.Size || b.s.volume.ids && e.looked.ID != now.ID)
			e.looked = now
		}
	case e.misses == 0:
		e.misses, e.vanished = 1, start
	default:
		e.misses++
	}
	gone := e.misses >= 2
	b.s.mu.Unlock()
	if changed && b.changed(e) {
		b.s.mu.Lock()
		e.struck = true
		b.s.mu.Unlock()
		b.s.strike("changed", b.s.fs.Path(join(b.dir, e.Name))+" was changed by somebody else")
	}
	return gone
}
