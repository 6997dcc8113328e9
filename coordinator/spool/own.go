package spool

import (
	"context"
	"fmt"
	"time"

	"sidegate/coordinator/handshake"
)

// The states of our own handshake. Each is recorded before what it announces is done, so that a start finds what may be
// lying there.
const (
	oursWriting     = "writing"
	oursLying       = "lying"
	oursWithdrawing = "withdrawing"
)

// own looks after our own handshake: one at most, in a slot that is free, and only when the old system's watch was asked
// for. It is taken back when nobody takes it, and tried again under another name: the owner may always do that, and a fresh
// name is what an ailing volume may notice (KB Q121917). Mail never waits for any of it.
func (b *outbox) own(ctx context.Context) error {
	if !b.s.mayTouch() {
		return nil
	}
	if err := b.ownPending(ctx); err != nil {
		return b.s.in[0].sort(ctx, nil, err)
	}
	b.s.mu.Lock()
	state := b.ownState(time.Now())
	b.s.mu.Unlock()
	var err error
	switch action, slot := handshake.Decide(state); action {
	case handshake.Issue:
		err = b.issue(ctx, slot)
	case handshake.Withdraw:
		err = b.withdraw(ctx)
	}
	return b.s.in[0].sort(ctx, nil, err)
}

// ownState is what the decision is made from. s.mu is held.
func (b *outbox) ownState(now time.Time) handshake.State {
	st := handshake.State{Aging: b.s.o.Aging, Slots: b.s.o.Slots, Off: b.ours.Off, Pending: b.ours.pending(), Tries: b.ours.Tries,
		Avoid: b.ours.Avoid, Resting: -1, Quiet: -1, Blocked: len(b.s.state.strikes) >= maxStrikes || !b.s.moment().Open, MailWait: len(b.peers) > 0 || len(b.restage) > 0}
	if st.Pending {
		st.Age = b.ours.age(now)
	}
	if !b.ours.rested.IsZero() {
		st.Resting = now.Sub(b.ours.rested)
	}
	if !b.s.state.consumed.IsZero() {
		st.Quiet = now.Sub(b.s.state.consumed)
	}
	for slot := 1; slot <= b.s.o.Slots; slot++ {
		if b.busy[slot] == "" {
			st.Free = append(st.Free, slot)
		}
	}
	return st
}

// ownPending sees what has become of the one that lies there, or finishes what a crash interrupted.
func (b *outbox) ownPending(ctx context.Context) error {
	b.s.mu.Lock()
	ours := b.ours
	b.s.mu.Unlock()
	switch ours.State {
	case "":
		return nil
	case oursWithdrawing:
		return b.withdraw(ctx)
	}
	there, err := b.opens(&entry{Name: ours.Name})
	if err != nil {
		return err
	}
	if there {
		b.s.mu.Lock()
		b.ours.misses = 0
		b.s.mu.Unlock()
		if ours.State == oursLying {
			return nil
		}
		return b.saveOurs(ctx, func(o *ourHandshake) { o.State = oursLying })
	}
	if ours.State == oursWriting {
		if err := b.unlinkOurs(ours.Name); err != nil {
			return err
		}
		return b.ended(ctx, false)
	}
	b.s.mu.Lock()
	b.ours.misses++
	gone := b.ours.misses >= 2
	b.s.mu.Unlock()
	if !gone {
		return nil
	}
	return b.ended(ctx, true)
}

// saveOurs changes the record, first in the journal.
func (b *outbox) saveOurs(ctx context.Context, change func(*ourHandshake)) error {
	b.s.mu.Lock()
	n := b.ours
	b.s.mu.Unlock()
	change(&n)
	err := b.s.step("own.journal", func() error { return b.s.journal.put(ctx, tableSpool, "own", n) })
	if err != nil {
		return err
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.ours = n
	return nil
}

// ended records that none of ours lies there any more.
func (b *outbox) ended(ctx context.Context, consumed bool) error {
	now := time.Now()
	err := b.saveOurs(ctx, func(o *ourHandshake) {
		slot, tries := o.Slot, o.Tries+1
		if consumed {
			slot, tries = 0, 0
		}
		*o = ourHandshake{Tries: tries, Avoid: slot, Off: o.Off, rested: now}
	})
	if err != nil || !consumed {
		return err
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.s.state.consumed = now
	return nil
}

// issue writes one as any file is written.
func (b *outbox) issue(ctx context.Context, slot int) error {
	name := slotName(slot, extMail, b.s.volume.lower)
	err := b.saveOurs(ctx, func(o *ourHandshake) {
		o.State, o.Slot, o.Name, o.Age, o.since, o.misses = oursWriting, slot, name, 0, time.Now(), 0
	})
	if err != nil {
		return err
	}
	wrt := join(b.dir, withExt(name, extWrite))
	err = b.s.step("own.write", func() error { return writeNew(b.s.fs, wrt, b.s.o.Handshake) })
	if err == nil {
		err = b.s.step("own.rename", func() error { return b.s.move(wrt, join(b.dir, name), int64(len(b.s.o.Handshake))) })
	}
	if err != nil {
		return fmt.Errorf("spool: write a handshake: %w", err) // the next scan finds the record and clears up
	}
	_ = b.s.fs.SyncDir(b.dir) // a handshake that a power cut undoes is no loss
	b.s.log.Debug("handshake written", "file", b.s.fs.Path(join(b.dir, name)))
	return b.saveOurs(ctx, func(o *ourHandshake) { o.State = oursLying })
}

// withdraw takes ours back: .MSG to .WRT, so that nobody takes it while it is looked at, then away with it.
func (b *outbox) withdraw(ctx context.Context) error {
	b.s.mu.Lock()
	ours := b.ours
	b.s.mu.Unlock()
	if ours.State != oursWithdrawing {
		if err := b.saveOurs(ctx, func(o *ourHandshake) { o.State = oursWithdrawing }); err != nil {
			return err
		}
	}
	msg, wrt := join(b.dir, ours.Name), join(b.dir, withExt(ours.Name, extWrite))
	err := b.s.step("own.withdraw", func() error { return b.s.move(msg, wrt, -1) })
	if err != nil && !isGone(err) {
		return fmt.Errorf("spool: withdraw %s: %w", msg, err)
	}
	taken := isGone(err)
	if _, at := b.s.fs.Lstat(wrt); at == nil {
		taken = false
	}
	if err := b.unlinkOurs(ours.Name); err != nil {
		return err
	}
	if !taken {
		b.s.log.Warn("our handshake was not taken; another one follows under another name", "file", b.s.fs.Path(msg))
	}
	return b.ended(ctx, taken)
}

// unlinkOurs removes the .WRT of ours, if it is ours.
func (b *outbox) unlinkOurs(name string) error {
	wrt := join(b.dir, withExt(name, extWrite))
	data, _, err := readCapped(b.s.fs, wrt, handshake.MaxSize)
	if isGone(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("spool: read %s: %w", wrt, err)
	}
	if !begins(b.s.o.Handshake, data) {
		return fmt.Errorf("spool: %s is not our handshake: it is left alone", wrt)
	}
	return b.s.step("own.unlink", func() error { return ignoreGone(b.s.fs.Remove(wrt)) })
}

// rejected switches our handshakes off: the half has taken one for bad mail (KB Q152477), and would take every one so.
func (b *outbox) rejected(ctx context.Context, name string) error {
	err := b.saveOurs(ctx, func(o *ourHandshake) { o.Off = true })
	if err != nil {
		return err
	}
	b.s.alarm("handshakes-off", fmt.Sprintf("%s put our handshake into BADMAIL as %s; no more are written (KB Q152477)", b.s.o.half(), name))
	return nil
}
