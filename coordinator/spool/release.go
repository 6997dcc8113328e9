package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"sidegate/coordinator/legacylog"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// release gives the files of a batch their final names, in order, and flushes the directory. If one of them fails, those
// before it are recorded at once: nobody could tell later whether the half has taken them or the volume lost them.
func (b *outbox) release(ctx context.Context, work *batch) error {
	for i, e := range work.entries {
		err := errUnproved
		if b.s.mayTouch() {
			err = b.releaseOne(e)
		}
		if err == nil {
			continue
		}
		rest := work.entries[i:]
		if i > 0 && b.flush() == nil {
			if err := b.answer(ctx, &batch{entries: work.entries[:i]}); err != nil {
				return err
			}
		}
		return b.loosen(ctx, rest, err)
	}
	return b.flush()
}

var errUnproved = errors.New("the lease is not proved")

// flush makes renames durable. Where a volume cannot flush directories, the self-test has said so.
func (b *outbox) flush() error {
	return b.s.step("publish.flush", func() error {
		if err := b.s.fs.SyncDir(b.dir); err != nil && isDown(err) {
			return err
		}
		return nil
	})
}

func (b *outbox) loosen(ctx context.Context, list []*entry, err error) error {
	if errors.Is(err, errSwept) {
		b.s.mu.Lock()
		list[0].Again++
		b.s.mu.Unlock()
		b.s.strike("swept", b.s.fs.Path(join(b.dir, withExt(list[0].Name, extWrite)))+" was removed by somebody else, "+b.s.store.Now().Format(time.RFC3339))
	}
	if errors.Is(err, errSlotLost) || errors.Is(err, errSwept) {
		// The slot was taken from under us: this file and those behind it look for others, in order.
		if gone := b.loosenAll(ctx, list); gone != nil {
			err = errors.Join(err, gone)
		}
	}
	return fmt.Errorf("spool: publish %s: %w", join(b.dir, list[0].Name), err)
}

var (
	errSlotLost = errors.New("somebody else has taken the slot")
	errSwept    = errors.New("somebody else has removed what we were writing")
)

// releaseOne renames one .WRT to .MSG. If it is gone after a rename that was reported as failed, it was renamed, whether or not
// the half has taken it since; but if the volume says that there was nothing to rename, another gateway has swept it away, as
// the old ones did with what they took for their own remnants (KB Q119641). It is then written again: a volume that says so
// of a rename it has done, and a half that took the file in that instant, make it a duplicate, and losing is worse.
func (b *outbox) releaseOne(e *entry) error {
	from, to := join(b.dir, withExt(e.Name, extWrite)), join(b.dir, e.Name)
	for _, ext := range []string{extRead, extDone} {
		if _, err := b.s.fs.Lstat(join(b.dir, withExt(e.Name, ext))); err == nil {
			return errSlotLost
		} else if !isGone(err) {
			return err
		}
	}
	err := b.s.step("publish.rename", func() error { return b.s.fs.Rename(from, to) })
	if errors.Is(err, fs.ErrExist) {
		return errSlotLost
	}
	if err == nil {
		return nil
	}
	_, wrt := b.s.fs.Lstat(from)
	msg, found := b.s.fs.Lstat(to)
	switch there := found == nil && msg.Size == e.Size; {
	case !isGone(wrt) || !there && !isGone(found):
		return err
	case !there && isGone(err):
		return b.swept(e)
	}
	return nil
}

// swept tells a file that is gone from one that the half has claimed.
func (b *outbox) swept(e *entry) error {
	there, err := b.opens(e)
	if err == nil && !there {
		err = errSwept
	}
	return err
}

// answer records the files as published, together with the link's books, and lets the takers go.
func (b *outbox) answer(ctx context.Context, work *batch) error {
	fenced := map[*job]error{}
	now := b.s.store.Now()
	err := b.s.step("publish.journal", func() error {
		return b.s.journal.commit(ctx, func(tx *store.Tx) error {
			clear(fenced)
			for _, e := range work.entries {
				b.published(tx, e, now)
			}
			for _, j := range work.jobs {
				if err := b.s.book(tx, j); errors.Is(err, store.ErrFenced) {
					fenced[j] = err
				} else if err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		// The entries stay staged; they are found published. The takers are told, and offer again what is not booked.
		for _, j := range work.jobs {
			j.err = err
			close(j.done)
		}
		return err
	}
	b.s.mu.Lock()
	for _, e := range work.entries {
		e.State, e.Time, e.since, e.data = entryPublished, now, time.Now(), nil
		e.shown, e.misses, e.looked, e.remaining = 0, 0, Entry{}, false
		b.busy[e.Slot] = "ours"
		b.s.state.counts.Published++
	}
	b.tries = 0
	delete(b.s.state.alarms, "share-full")
	b.s.changed()
	b.s.mu.Unlock()
	for _, e := range work.entries {
		b.tell(e, "relayed", "published", now)
		b.s.oldLog(b.name).Message(legacylog.Message{ToMac: b.name == PCToMac, Sender: e.Sender, Time: e.Submitted, Subject: e.Subject, File: e.Name})
	}
	for _, j := range work.jobs {
		j.err = fenced[j]
		close(j.done)
	}
	wake(b.s.grown)
	return nil
}

// published records one file within the commit.
func (b *outbox) published(tx *store.Tx, e *entry, now time.Time) {
	n := *e
	n.State, n.Time = entryPublished, now
	record(tx, tableEntries, e.key(), &n)
	detail := "published"
	if e.Again > 0 {
		detail = "published again, a possible duplicate"
		if e.Again > 1 {
			detail += fmt.Sprintf(" of up to %d copies", e.Again)
		}
	}
	for _, t := range b.traces(e, "relayed", detail, now) {
		tx.AddTrace(t)
	}
}

// putPrints records the fingerprints of a text, with the hops it will have made.
func (b *outbox) putPrints(tx *store.Tx, e *entry) {
	now := tx.Now()
	hops := append(slices.Clone(e.hops), mail.Hop{Store: b.s.store.ID(), End: b.s.o.End, Time: now})
	for _, f := range e.prints {
		record(tx, tablePrints, printKey(f), print{MessageID: e.MessageID, Origin: e.Origin, Hops: hops, Time: now})
	}
}

// book enters one delivery into the link's books, and returns what can never be written, within the commit.
func (s *Spool) book(tx *store.Tx, j *job) error {
	if j.session != nil {
		if err := tx.Fence(*j.session); err != nil {
			return err
		}
		if j.void {
			return tx.TakeVoid(*j.session, j.seq)
		}
		for _, x := range j.refused {
			if err := tx.Except(*j.session, j.seq, x); err != nil {
				return err
			}
		}
		if len(j.refused) > 0 {
			return s.giveBack(tx, j)
		}
		fresh, err := tx.Take(*j.session, j.seq)
		if err != nil || !fresh {
			return err
		}
	}
	return s.giveBack(tx, j)
}

// giveBack returns what can never be written to its sender, within the commit.
func (s *Spool) giveBack(tx *store.Tx, j *job) error {
	if len(j.failures) == 0 {
		return nil
	}
	return s.o.Intake.Return(tx, &mail.Delivery{Message: j.delivery.Message, Recipients: recipientsOf(j.failures), Content: j.delivery.Content}, j.failures)
}

func recipientsOf(fs []mail.Failure) []mail.Address {
	list := make([]mail.Address, len(fs))
	for i, f := range fs {
		list[i] = f.Recipient
	}
	return list
}
