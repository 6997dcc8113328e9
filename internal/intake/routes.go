package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
)

// lookAgain is between two looks at all lanes when nothing was announced.
const lookAgain = 10 * time.Minute

// Order. Mail of one sender to one recipient stays in order when a better way appears, although some of it waits and
// more of it is coming. So a change of routes takes effect in two steps. First what waits is moved, in order, by the
// new routes, while new mail is still placed by the old ones, behind what waits. When nothing is left to move, the
// routes are changed inside a commit, which nothing can come in between. At a start what waits may have been placed by other
// routes than those that are known now; see ready.

// ready lets nothing be taken before what waits has been moved by the routes there are, as long as Run does not follow them.
// If that fails, new mail goes by the routes before; order is less than mail.
func (in *Intake) ready(ctx context.Context) {
	if in.running.Load() {
		return
	}
	in.moving.Lock()
	defer in.moving.Unlock()
	if in.running.Load() || in.adopted == in.o.Routes.View() {
		return
	}
	if _, err := in.adopt(ctx); err != nil {
		in.log.Warn("mail that waits could not be moved before new mail was taken", "error", err)
	}
}

// runRoutes saves what peers announce, and looks at unrouted and unsent mail whenever that changes; at unrouted mail
// also when more of it comes, because a receiver that does not serve an address any more says so after it announced it.
func (in *Intake) runRoutes(ctx context.Context) error {
	defer in.running.Store(false)
	for ctx.Err() == nil {
		if err := in.trouble(ctx, "announcements", in.saveAnnouncements(ctx)); err != nil {
			return err
		}
		seen := in.store.Lane(store.LaneUnrouted).Durable
		view, err := in.catchUp(ctx)
		if err != nil {
			if err := in.trouble(ctx, "unsent mail", err); err != nil {
				return err
			}
			continue
		}
		until, cancel := context.WithTimeout(ctx, lookAgain)
		stopped := make(chan struct{})
		go func() { // ends with until, and is waited for
			defer close(stopped)
			select {
			case <-view.Changed():
				cancel()
			case <-until.Done():
			}
		}()
		err = in.watchUnrouted(ctx, until, seen)
		cancel()
		<-stopped
		if err := in.trouble(ctx, "unrouted mail", err); err != nil {
			return err
		}
	}
	return nil
}

// catchUp adopts the routes as they are now.
func (in *Intake) catchUp(ctx context.Context) (route.View, error) {
	in.moving.Lock()
	defer in.moving.Unlock()
	defer in.running.Store(true) // whether it succeeded or not: it is tried again, and nobody needs to wait for that
	return in.adopt(ctx)
}

// watchUnrouted looks at unrouted mail as it comes above the number seen, until until ends. What it has begun it finishes,
// as long as ctx lasts.
func (in *Intake) watchUnrouted(ctx, until context.Context, seen uint64) error {
	for {
		if err := in.store.WaitLane(until, store.LaneUnrouted, seen); err != nil {
			if until.Err() != nil {
				return nil
			}
			return err
		}
		var err error
		if seen, err = in.reroute(ctx, store.LaneUnrouted, 0, in.resolve); err != nil {
			return err
		}
	}
}

// adopt moves what waits by the routes as they are now, and then makes new mail go by them. in.moving is held, so that the
// routes are no older than what was moved last.
func (in *Intake) adopt(ctx context.Context) (route.View, error) {
	view := in.o.Routes.View()
	reached := map[store.Lane]uint64{}
	for {
		for _, lane := range in.store.Lanes() {
			if !rerouted(lane.Lane) {
				continue
			}
			var err error
			if reached[lane.Lane], err = in.reroute(ctx, lane.Lane, reached[lane.Lane], view.Resolve); err != nil {
				return view, err
			}
		}
		if done, err := in.change(ctx, view, reached); done || err != nil {
			return view, err
		}
	}
}

// atChange is how many entries that came meanwhile are looked at in the commit that changes the routes: more than come
// between two commits under any load, or the routes would never change.
const atChange = 8192

// change makes new mail go by the routes of a view, if little enough has come meanwhile to be moved in one commit.
func (in *Intake) change(ctx context.Context, view route.View, reached map[store.Lane]uint64) (done bool, err error) {
	err = in.commit(ctx, "move", true, func(w *work) error {
		var rest []store.Entry
		for _, lane := range in.store.Lanes() {
			if !rerouted(lane.Lane) {
				continue
			}
			if lane.Assigned-min(lane.Assigned, reached[lane.Lane]) > atChange {
				return nil
			}
			for seq := reached[lane.Lane] + 1; seq <= lane.Assigned; seq++ {
				rest = append(rest, store.Entry{Lane: lane.Lane, Seq: seq})
			}
		}
		for _, e := range rest {
			if err := w.moveRest(e, view); err != nil {
				return err
			}
		}
		done = true
		in.view.Store(&view)
		return nil
	})
	if done && err == nil {
		in.adopted = view
	}
	return done, err
}

func (w *work) moveRest(e store.Entry, view route.View) error {
	e, err := w.in.store.Entry(e.Lane, e.Seq)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || !w.in.better(view.Resolve, e) || w.in.bound(e) {
		return err
	}
	return w.rerouteBy(view.Resolve, e)
}

// rerouted reports whether the mail of a lane may get a better way.
func rerouted(l store.Lane) bool {
	return l == store.LaneUnrouted || l == store.LaneDeferred || !waitingRoom(l)
}

// better reports whether a waiting entry is to be moved by the routes of resolve. Deferred mail waits for its time, unless
// somebody else than who deferred it serves its address now.
func (in *Intake) better(resolve resolver, e store.Entry) bool {
	if e.Lane != store.LaneDeferred {
		return in.movable(resolve, e)
	}
	if e.Void || e.From == "" || waitingRoom(e.From) {
		return false
	}
	return slices.ContainsFunc(e.Recipients, func(r mail.Address) bool {
		way := resolve(r)
		return way.Kind == route.Mailbox || way.Kind == route.Lane && way.Lane != e.From
	})
}

// reroute moves what has a better way, of what a lane holds above a number. It returns how far it came.
func (in *Intake) reroute(ctx context.Context, lane store.Lane, from uint64, resolve resolver) (uint64, error) {
	unsent := func(e store.Entry) bool { return in.better(resolve, e) && !in.bound(e) }
	gone := map[uint64]bool{}
	reached, err := in.each(ctx, lane, from, unsent, func(w *work, e store.Entry) error {
		gone[e.Seq] = true
		return w.rerouteBy(resolve, e)
	})
	if lane == store.LaneDeferred && len(gone) > 0 {
		in.deferred.forget(gone)
	}
	return reached, err
}

func (w *work) rerouteBy(resolve resolver, e store.Entry) error {
	m, err := w.in.store.Message(e.MessageID)
	if errors.Is(err, store.ErrNotFound) {
		// It cannot be helped here, and must not keep the rest from moving. The audit tells of it too.
		w.in.log.Error("a message that waits is not in the store", "message_id", e.MessageID, "lane", e.Lane, "sequence", e.Seq)
		return nil
	}
	if err != nil {
		return fmt.Errorf("intake: message %s of lane %s: %w", e.MessageID, e.Lane, err)
	}
	_, err = w.follow(m, e, w.in.replan(resolve, m, e, false))
	return err
}
