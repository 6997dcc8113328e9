package spool

import (
	"errors"
	"slices"
	"time"

	"sidegate/internal/mail"
)

// batch is what one round does.
type batch struct {
	entries []*entry // to be written, with their slots
	jobs    []*job   // that are complete with this round
}

// free lists the slots that can be taken now, afresh, and reports whether all are full.
func (b *outbox) free() (slots []int, err error) {
	entries, err := b.s.fs.ReadDir(b.dir)
	if err != nil {
		return nil, err
	}
	b.sortOut(entries)
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	first := 1
	if b.s.o.ReserveSlot1 && b.s.o.Aging > 0 && b.s.o.Slots >= 2 {
		first = 2
	}
	if b.waveOver() {
		b.waveLast = 0
	}
	for slot := first; slot <= b.s.o.Slots; slot++ {
		if b.busy[slot] == "" && (b.s.o.Order == Fast || slot > b.waveLast) {
			slots = append(slots, slot)
		}
	}
	if len(b.busy) < b.s.o.Slots {
		b.s.state.full = time.Time{}
	} else if b.s.state.full.IsZero() {
		b.s.state.full = time.Now()
	}
	return slots, nil
}

// waveOver reports whether everything that was published has been taken. Files that the half does not see are left out, or
// all else would wait for ever. s.mu is held.
func (b *outbox) waveOver() bool {
	now, t, worked := time.Now(), b.s.t(), b.s.worked()
	for _, e := range b.entries {
		if e.State == entryStaged || e.State == entryPublished && !e.unseen(now, t, worked) {
			return false
		}
	}
	return true
}

// silence is how many T a file may lie without any sign of the half before it counts as unseen all the same.
const silence = 6

// unseen reports whether the half seems not to see a file: it has left it lying for T after it was at work. While it is
// away, what lies there only waits for its turn, and what came after it must not overtake.
func (e *entry) unseen(now time.Time, t, worked time.Duration) bool {
	return !e.passed.IsZero() && min(now.Sub(e.passed), worked) >= t || min(e.age(now), worked) >= silence*t
}

// choose takes work for the free slots: first what is to be written again, then one job of each peer in turn.
func (b *outbox) choose() (*batch, error) {
	b.s.mu.Lock()
	none := len(b.restage) == 0 && len(b.peers) == 0
	b.s.mu.Unlock()
	if none {
		return &batch{}, nil
	}
	slots, err := b.free()
	if err != nil {
		return nil, err
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	slots = slots[:min(len(slots), b.s.quota(outward))]
	work := &batch{}
	give := func(e *entry) {
		e.Slot, slots, e.State = slots[0], slots[1:], entryStaging
		e.Name = slotName(e.Slot, extMail, b.s.volume.lower)
		work.entries = append(work.entries, e)
		b.s.pace.out++
		b.waveLast = max(b.waveLast, e.Slot)
	}
	for len(slots) > 0 && len(b.restage) > 0 {
		give(b.restage[0])
		b.restage = b.restage[1:]
	}
	for tried := 0; tried < len(b.peers); {
		peer := b.peers[0]
		j := b.queues[peer][0]
		b.recognise(j)
		for len(slots) > 0 && len(j.files) > 0 && !j.cancelled {
			b.last++
			e := j.files[0]
			e.N = b.last
			j.files, j.written = j.files[1:], append(j.written, e)
			b.entries[e.N] = e
			b.know(e)
			give(e)
		}
		if j.cancelled || len(j.files) == 0 && j.settled(work.entries) {
			if !j.cancelled {
				work.jobs = append(work.jobs, j)
			}
			b.setQueue(peer, b.queues[peer][1:])
			tried = 0
		} else {
			tried++
		}
		b.turn(peer)
	}
	return work, nil
}

// recognise drops the files of a job that were written since it was queued: its delivery was offered once before, and that
// offer has got further than its taker knew. s.mu is held.
func (b *outbox) recognise(j *job) {
	var left []*entry
	for _, f := range j.files {
		var known []*entry
		for _, r := range f.Recipients {
			if e := b.having[havingKey(f.MessageID, r)]; e != nil {
				known = append(known, e)
			}
		}
		switch len(known) {
		case 0:
			left = append(left, f)
		case len(f.Recipients):
			j.written = append(j.written, known...)
		default: // some of them: it is written anew when it is offered again
			j.cancelled, j.err = true, errTwice
			close(j.done)
			return
		}
	}
	j.files = left
}

var errTwice = errors.New("spool: the delivery was offered to other recipients at the same time; offer it again")

// turn puts a peer behind the others. s.mu is held.
func (b *outbox) turn(peer mail.StoreID) {
	if i := slices.Index(b.peers, peer); i >= 0 {
		b.peers = append(slices.Delete(b.peers, i, i+1), peer)
	}
}

// settled reports whether every file of a job is published, or about to be.
func (j *job) settled(now []*entry) bool {
	for _, e := range j.written {
		if (e.State == entryStaging || e.State == entryStaged) && !slices.Contains(now, e) {
			return false
		}
	}
	return true
}
