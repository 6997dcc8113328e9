package intake

import (
	"context"
	"fmt"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// The actions of an operator on mail that waits. Each takes entries as they were listed; one that has moved on since
// is left out. done are the messages it was done to, bound those that may have been sent to their receiver and were
// left alone; with mayDuplicate they are not, and may then be delivered twice. Everything is traced and logged with
// the reason given.

// Retry makes deferred and unrouted mail due now.
func (in *Intake) Retry(ctx context.Context, entries []store.Entry, mayDuplicate bool, reason string) (done, bound []mail.ID, err error) {
	return in.act(ctx, "retry", entries, mayDuplicate, reason, func(w *work, e store.Entry) (bool, error) {
		if e.Lane != store.LaneDeferred && e.Lane != store.LaneUnrouted {
			return false, nil
		}
		w.traceAll(e, EventRetried, reason)
		if _, err := w.relocate(e, true); err != nil {
			return false, err
		}
		return true, nil
	})
}

// Hold keeps mail until it is released.
func (in *Intake) Hold(ctx context.Context, entries []store.Entry, mayDuplicate bool, reason string) (done, bound []mail.ID, err error) {
	return in.act(ctx, "hold", entries, mayDuplicate, reason, func(w *work, e store.Entry) (bool, error) {
		if e.Lane == store.LaneHeld {
			return false, nil
		}
		held := store.Entry{From: e.Lane, Reason: reason, Attempts: e.Attempts}
		if _, err := w.tx.Move(e.Lane, e.Seq, e.Recipients, store.LaneHeld, held); err != nil {
			return false, err
		}
		w.traceAll(e, EventHeld, reason)
		return true, nil
	})
}

// Release lets held mail go on by the way that is best now.
func (in *Intake) Release(ctx context.Context, entries []store.Entry, mayDuplicate bool, reason string) (done, bound []mail.ID, err error) {
	return in.act(ctx, "release", entries, mayDuplicate, reason, func(w *work, e store.Entry) (bool, error) {
		if e.Lane != store.LaneHeld {
			return false, nil
		}
		w.traceAll(e, EventReleased, reason)
		_, err := w.relocate(e, true)
		return true, err
	})
}

// ReturnEntries sends mail back to its sender, with a report.
func (in *Intake) ReturnEntries(ctx context.Context, entries []store.Entry, mayDuplicate bool, reason string) (done, bound []mail.ID, err error) {
	explanation := "An operator returned the message."
	if reason != "" {
		explanation = "An operator returned the message: " + reason
	}
	return in.act(ctx, "return", entries, mayDuplicate, reason, func(w *work, e store.Entry) (bool, error) {
		return true, w.sendBack(e, failAll(e.Recipients, ReasonOperator, "%s", explanation))
	})
}

// Delete removes mail for good, without a report. Only the trace and the log tell of it.
func (in *Intake) Delete(ctx context.Context, entries []store.Entry, mayDuplicate bool, reason string) (done, bound []mail.ID, err error) {
	return in.act(ctx, "delete", entries, mayDuplicate, reason, func(w *work, e store.Entry) (bool, error) {
		w.traceAll(e, EventDeleted, "by an operator: "+reason)
		return true, w.tx.Remove(e.Lane, e.Seq, e.Recipients)
	})
}

// Reroute moves mail to the way that is best now, even if it may have been sent by another when mayDuplicate says so.
func (in *Intake) Reroute(ctx context.Context, entries []store.Entry, mayDuplicate bool, reason string) (done, bound []mail.ID, err error) {
	return in.act(ctx, "reroute", entries, mayDuplicate, reason, func(w *work, e store.Entry) (bool, error) {
		if e.Lane == store.LaneHeld || e.Lane == store.LaneSpool {
			return false, nil
		}
		if in.bound(e) && in.movable(in.resolve, e) {
			w.traceAll(e, EventRerouted, "by an operator, may be delivered twice: "+reason)
		}
		return w.relocate(e, true)
	})
}

// act does one thing to entries, a few in each commit.
func (in *Intake) act(ctx context.Context, action string, entries []store.Entry, mayDuplicate bool, reason string, do func(*work, store.Entry) (bool, error)) (done, bound []mail.ID, err error) {
	for len(entries) > 0 {
		n := min(len(entries), moved)
		d, b, err := in.actOn(ctx, entries[:n], mayDuplicate, do)
		if err != nil {
			return done, bound, fmt.Errorf("intake: %s: %w", action, err)
		}
		done, bound, entries = append(done, d...), append(bound, b...), entries[n:]
	}
	done, bound = uniqueIDs(done), uniqueIDs(bound)
	in.log.Info("operator acted on waiting mail", "action", action, "messages", len(done), "bound", len(bound), "may_duplicate", mayDuplicate, "reason", reason)
	for _, id := range done {
		in.log.Debug("operator acted on a message", "action", action, "message_id", id)
	}
	return done, bound, nil
}

func (in *Intake) actOn(ctx context.Context, entries []store.Entry, mayDuplicate bool, do func(*work, store.Entry) (bool, error)) (done, bound []mail.ID, err error) {
	err = in.commit(ctx, "operator", true, func(w *work) error {
		done, bound = nil, nil
		for _, e := range entries {
			now, there, err := w.current(e)
			if err != nil {
				return err
			}
			if !there {
				continue
			}
			if in.bound(now) && !mayDuplicate {
				bound = append(bound, now.MessageID)
				continue
			}
			did, err := do(w, now)
			if err != nil {
				return err
			}
			if did {
				done = append(done, now.MessageID)
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return done, bound, nil
}

// traceAll records a step for every recipient of an entry.
func (w *work) traceAll(e store.Entry, event, detail string) {
	for _, r := range e.Recipients {
		w.tx.AddTrace(store.Trace{
			MessageID: e.MessageID, Recipient: r, End: w.in.o.End, Store: w.in.store.ID(), Time: w.tx.Now(), Event: event, Detail: detail,
		})
	}
}

func uniqueIDs(ids []mail.ID) []mail.ID {
	seen := map[mail.ID]bool{}
	var out []mail.ID
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
