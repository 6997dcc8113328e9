package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

const (
	page       = 128 // entries read at a time
	moved      = 64  // entries moved in one commit
	afterError = 5 * time.Second
)

// Run moves what waits until ctx ends: deferred mail when it is due; unrouted and unsent mail when somebody announces
// a better way; and back to its sender what has waited for the whole of its lifetime. It returns nil when ctx ends,
// and an error only when the store has failed.
func (in *Intake) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	loops := []func(context.Context) error{in.runDeferred, in.runRoutes, in.runAges}
	ended := make(chan error, len(loops))
	for _, loop := range loops {
		go func() { ended <- loop(ctx) }()
	}
	var first error
	for range loops {
		if err := <-ended; err != nil && first == nil {
			first = err
		}
		stop()
	}
	return first
}

// trouble deals with the error of one round: it is returned if nothing can go on, else logged and slept over.
func (in *Intake) trouble(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil || ctx.Err() != nil:
		return nil
	case errors.Is(err, store.ErrFailed):
		return fmt.Errorf("intake: %s: %w", doing, err)
	}
	in.log.Error("waiting mail could not be moved, trying again", "doing", doing, "error", err)
	pause(ctx, afterError)
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// runDeferred indexes what comes into the waiting room for deferred mail, and moves it when it is due.
func (in *Intake) runDeferred(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := in.trouble(ctx, "deferred mail", in.indexDeferred(ctx)); err != nil {
			return err
		}
		if err := in.trouble(ctx, "deferred mail", in.moveDue(ctx)); err != nil {
			return err
		}
		in.awaitDeferred(ctx)
	}
	return nil
}

// awaitDeferred waits until something is due or something new was deferred.
func (in *Intake) awaitDeferred(ctx context.Context) {
	until, cancel := context.WithTimeout(ctx, in.deferred.next())
	defer cancel()
	err := in.store.WaitLane(until, store.LaneDeferred, in.deferred.indexed())
	if err != nil && until.Err() == nil {
		in.log.Error("cannot wait for deferred mail", "error", err)
		pause(ctx, afterError)
	}
}

func (in *Intake) indexDeferred(ctx context.Context) error {
	for ctx.Err() == nil {
		through := in.store.Lane(store.LaneDeferred).Durable
		es, err := in.store.Entries(store.LaneDeferred, in.deferred.indexed(), page)
		if err != nil {
			return err
		}
		if len(es) == 0 {
			in.deferred.reach(through) // what lay between has left already
			return nil
		}
		now := in.store.Now()
		for _, e := range es {
			in.deferred.add(e, now)
		}
	}
	return nil
}

// moveDue moves everything that is due, in the order of its numbers.
func (in *Intake) moveDue(ctx context.Context) error {
	for ctx.Err() == nil {
		due := in.deferred.take(moved)
		if len(due) == 0 {
			return nil
		}
		err := in.moveDeferred(ctx, due)
		if err != nil && len(due) > 1 && single(ctx, err) {
			err = in.moveOneByOne(ctx, due)
		} else if err != nil {
			in.deferred.putBack(due, afterError)
		} else {
			in.deferred.settle(due)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (in *Intake) moveOneByOne(ctx context.Context, due []dueEntry) error {
	var failed error
	for _, d := range due {
		one := []dueEntry{d}
		if err := in.moveDeferred(ctx, one); err != nil {
			in.deferred.putBack(one, Backoff(1))
			failed = errors.Join(failed, err)
		} else {
			in.deferred.settle(one)
		}
	}
	return failed
}

func (in *Intake) moveDeferred(ctx context.Context, due []dueEntry) error {
	return in.commit(ctx, "move", true, func(w *work) error {
		for _, d := range due {
			e, err := in.store.Entry(store.LaneDeferred, d.seq)
			if errors.Is(err, store.ErrNotFound) {
				continue // an operator was faster
			}
			if err != nil {
				return err
			}
			if _, err := w.relocate(e, false); err != nil {
				return err
			}
		}
		return nil
	})
}

// each calls do in commits of a few entries, in order, for all entries of a lane above from that are chosen, as far as
// they are durable now. It returns how far that is.
func (in *Intake) each(ctx context.Context, name store.Lane, from uint64, choose func(store.Entry) bool, do func(*work, store.Entry) error) (uint64, error) {
	lane := in.store.Lane(name)
	for after := max(from, lane.Released); after < lane.Durable; {
		if err := ctx.Err(); err != nil {
			return after, err
		}
		es, err := in.store.Entries(name, after, page)
		if err != nil {
			return after, err
		}
		if len(es) == 0 {
			break
		}
		var chosen []store.Entry
		for _, e := range es {
			if after = e.Seq; e.Seq <= lane.Durable && choose(e) {
				chosen = append(chosen, e)
			}
		}
		for len(chosen) > 0 {
			n := min(len(chosen), moved)
			if err := in.apply(ctx, chosen[:n], choose, do); err != nil {
				return from, err
			}
			chosen = chosen[n:]
		}
	}
	return max(from, lane.Durable), nil
}

// apply calls do for entries that still are what was chosen, in one commit.
func (in *Intake) apply(ctx context.Context, es []store.Entry, choose func(store.Entry) bool, do func(*work, store.Entry) error) error {
	return in.commit(ctx, "move", true, func(w *work) error {
		for _, e := range es {
			now, there, err := w.current(e)
			if err != nil {
				return err
			}
			if !there || !choose(now) {
				continue
			}
			if err := do(w, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// runAges keeps the odometer's notes, and returns what has waited too long.
func (in *Intake) runAges(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := in.trouble(ctx, "ages", in.clock.mark(ctx, in, in.o.Lifetime+24*time.Hour)); err != nil {
			return err
		}
		if err := in.trouble(ctx, "ages", in.expireAll(ctx)); err != nil {
			return err
		}
		pause(ctx, notePeriod)
	}
	return nil
}

// expireAll returns what has waited for its lifetime. Held mail is an operator's concern, mail on its way into a
// spool the spool's, and what may have been sent stays with its receiver: somebody might be reading it.
func (in *Intake) expireAll(ctx context.Context) error {
	for _, lane := range in.store.Lanes() {
		if lane.Lane == store.LaneHeld || lane.Lane == store.LaneSpool || lane.Depth == 0 || in.clock.age(lane.Oldest) < in.o.Lifetime {
			continue
		}
		doubtful := 0
		expired := func(e store.Entry) bool {
			if e.Void || len(e.Recipients) == 0 || in.clock.age(e.Queued) < in.o.Lifetime {
				return false
			}
			if in.bound(e) {
				doubtful++
				return false
			}
			return true
		}
		if _, err := in.each(ctx, lane.Lane, 0, expired, (*work).expire); err != nil {
			return err
		}
		if doubtful > 0 {
			in.log.Warn("mail past its lifetime may have been sent and waits for its receiver or an operator", "lane", lane.Lane, "deliveries", doubtful)
		}
	}
	return nil
}

func (w *work) expire(e store.Entry) error {
	explanation := fmt.Sprintf("The message could not be handed on within %s.", days(w.in.o.Lifetime))
	if e.Reason != "" {
		explanation += " Last: " + e.Reason + "."
	}
	return w.sendBack(e, failAll(e.Recipients, ReasonExpired, "%s", explanation))
}

// sendBack takes recipients out of a waiting entry and returns them to the sender.
func (w *work) sendBack(e store.Entry, failures []mail.Failure) error {
	m, err := w.in.store.Message(e.MessageID)
	if err != nil {
		return fmt.Errorf("intake: message %s of lane %s: %w", e.MessageID, e.Lane, err)
	}
	if err := w.giveBack(m, failures); err != nil {
		return err
	}
	return w.tx.Remove(e.Lane, e.Seq, e.Recipients)
}

func days(d time.Duration) string {
	if n := d / (24 * time.Hour); n > 1 && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", n)
	}
	return d.String()
}
