package spool

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// outbox is the directory that we write.
type outbox struct {
	s    *Spool
	name string
	dir  string

	// What follows is guarded by s.mu. Entries that are staging or staged belong to the writer, the others to the
	// scanner; whoever an entry belongs to makes its commits.
	entries  map[uint64]*entry            // that are not over
	past     map[sum][]*entry             // that are over, by hash, for what comes into BADMAIL
	having   map[string]*entry            // by message and recipient: what was written already, or is being
	wishes   map[string]map[uint64]*entry // those of having whose sender wishes a receipt, by sender and number
	last     uint64
	queues   map[mail.StoreID][]*job
	peers    []mail.StoreID // that have a queue, the next to serve first
	begun    []*entry       // found at the start, to be forgotten
	restage  []*entry       // in the journal, without a file: to be written (again), in order
	remnants []*entry       // copies of entries whose .WRT is still to be taken back; the writer's own
	id       uint64         // of the directory
	replaced bool           // the directory is another one than before
	waveLast int            // highest slot of the running wave
	busy     map[int]string // slots taken, by what; from the newest listing
	foreign  map[string]*stranger
	touched  map[string]time.Time // names of ours that may be seen although nothing speaks of them any more
	held     string               // why nothing is written although it could be
	retry    time.Time            // when to try writing again
	tries    int
	ours     ourHandshake
	emptied  time.Time // all vanished at once, in doubt
}

// stranger is a file in our directory that is not ours.
type stranger struct {
	Entry
	since time.Time
	looks int
	told  bool
}

func newOutbox(s *Spool, name, dir string) *outbox {
	return &outbox{s: s, name: name, dir: dir, entries: map[uint64]*entry{}, past: map[sum][]*entry{}, having: map[string]*entry{}, wishes: map[string]map[uint64]*entry{},
		queues: map[mail.StoreID][]*job{}, busy: map[int]string{}, foreign: map[string]*stranger{}, touched: map[string]time.Time{}}
}

// place is the record of the directory's identity.
type place struct {
	ID uint64 `json:"id"`
}

// load reads the journal. See Recovery in the package comment.
func (b *outbox) load() error {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	err := load(b.s.journal, tableEntries, func(_ string, e entry) {
		b.last = max(b.last, e.N)
		e.since, e.stored = time.Now(), true
		e.shown = 2 // it lay there before; that all should be gone now is as odd after a start as at any time
		switch {
		case e.State == entryStaging && e.Again == 0:
			b.begun = append(b.begun, &e)
			return
		case e.State.over():
			b.past[e.SHA256] = append(b.past[e.SHA256], &e)
			b.know(&e)
			return
		}
		b.entries[e.N] = &e
		b.know(&e)
	})
	if err != nil {
		return err
	}
	for _, e := range b.sorted() {
		switch e.State {
		case entryStaged, entryPublished: // the first files of a wave may have been renamed, and taken, when the process died
			b.waveLast = max(b.waveLast, e.Slot)
		case entryStaging:
			b.restage = append(b.restage, e)
		}
	}
	_, err = b.s.journal.get(tableSpool, "own", &b.ours)
	b.ours.since = time.Now()
	return err
}

// clear removes what was being written. What had only been begun is forgotten: nobody was told that we have it, and it comes
// again. It may be called again after an error.
func (b *outbox) clear(ctx context.Context) error {
	if err := b.identify(ctx); err != nil {
		return err
	}
	b.s.mu.Lock()
	list := append(slices.Clone(b.begun), b.restage...)
	if b.replaced {
		b.lose()
	}
	b.s.mu.Unlock()
	for _, e := range list {
		if err := b.unwrite(e); err != nil {
			return err
		}
		b.s.mu.Lock()
		e.Slot = 0 // it waits for any slot: in a spool of one, its old one is the only one
		b.s.mu.Unlock()
	}
	if len(b.begun) == 0 {
		return nil
	}
	err := b.s.journal.commit(ctx, func(tx *store.Tx) error {
		for _, e := range b.begun {
			tx.Put(tableEntries, e.key(), nil)
			dropBytes(tx, e)
		}
		return nil
	})
	if err == nil {
		b.begun = nil
	}
	return err
}

// identify compares the directory with the one that the last process wrote into.
func (b *outbox) identify(ctx context.Context) error {
	e, err := b.s.fs.Lstat(b.dir)
	if err != nil || !b.s.volume.ids {
		return err
	}
	var known place
	found, err := b.s.journal.get(tableSpool, "place", &known)
	if err != nil {
		return err
	}
	b.s.mu.Lock()
	b.id = e.ID
	b.replaced = found && known.ID != e.ID
	b.s.mu.Unlock()
	if found {
		return nil
	}
	return b.s.journal.put(ctx, tableSpool, "place", place{ID: e.ID})
}

// lose notes that what was staged may have vanished with its directory. s.mu is held, or nothing runs yet.
func (b *outbox) lose() {
	for _, e := range b.entries {
		if e.State == entryStaged {
			e.Removed = true
		}
	}
}

// unwrite removes the .WRT of an entry, whole or not. What does not begin as our bytes do is somebody else's and stays.
func (b *outbox) unwrite(e *entry) error {
	if e.Slot == 0 {
		return nil
	}
	name := withExt(e.Name, extWrite)
	found, _, err := readCapped(b.s.fs, join(b.dir, name), e.Size)
	if isGone(err) || errors.Is(err, errTooLong) {
		return nil
	}
	if err != nil {
		return err
	}
	data := e.data
	if data == nil {
		if data, err = b.s.journal.bytesOf(e); err != nil {
			return err
		}
	}
	if !begins(data, found) {
		return nil
	}
	b.s.mu.Lock()
	b.touched[strings.ToUpper(name)] = time.Now()
	b.s.mu.Unlock()
	return ignoreGone(b.s.fs.Remove(join(b.dir, name)))
}

// begins reports whether part is the beginning of whole, allowing for the zeros that a power cut leaves.
func begins(whole, part []byte) bool {
	n := 0
	for n < len(part) && n < len(whole) && part[n] == whole[n] {
		n++
	}
	return len(part) <= len(whole) && len(bytes.Trim(part[n:], "\x00")) == 0
}

// know remembers that a message was written for some recipients. s.mu is held, or nothing runs yet.
func (b *outbox) know(e *entry) {
	if key := e.Sender.Key(); e.Wish {
		if b.wishes[key] == nil {
			b.wishes[key] = map[uint64]*entry{}
		}
		b.wishes[key][e.N] = e
	}
	for _, r := range e.Recipients {
		b.having[havingKey(e.MessageID, r)] = e
	}
}

func (b *outbox) unknow(e *entry) {
	if key := e.Sender.Key(); e.Wish {
		if delete(b.wishes[key], e.N); len(b.wishes[key]) == 0 {
			delete(b.wishes, key)
		}
	}
	for _, r := range e.Recipients {
		if key := havingKey(e.MessageID, r); b.having[key] == e {
			delete(b.having, key)
		}
	}
}

func havingKey(id mail.ID, r mail.Address) string { return string(id) + "\x00" + r.Key() }

// sorted are the entries that are not over, in order. s.mu is held, or nothing runs yet.
func (b *outbox) sorted() []*entry {
	list := make([]*entry, 0, len(b.entries))
	for _, e := range b.entries {
		list = append(list, e)
	}
	slices.SortFunc(list, func(x, y *entry) int { return cmp.Compare(x.N, y.N) })
	return list
}
