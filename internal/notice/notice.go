// Package notice tells an administrator by mail what is wrong with an end.
//
// The old gateway mailed a notice for every file it could not read and for every message that grew old, and when it took
// handshakes for mail, or two clocks differed, notices came by the hundred (KB Q152477, Q134757). So the promises are:
//
//   - A trouble is told of when it has lasted for a minute, once, and then once a day while it lasts. It is told of again
//     an hour later at the earliest, however often it comes and goes.
//   - Whatever is wrong at the time is in one mail, and one mail follows another after five minutes at the earliest.
//   - That a trouble is over is told in the next mail, or, if there is none, in one of its own an hour after it was told of.
//     An end that was started has a quarter of an hour to find a trouble again before it is held to be over.
//   - Bad mail that has arrived is counted, not listed: one mail in an hour, by reasons.
//   - What was told is recorded in the commit that sends the mail, so that a restart repeats nothing.
//   - A notice is system mail: no report answers it, and one that cannot be delivered is no trouble to be told of.
package notice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// The times of notices.
const (
	look    = 10 * time.Second // between two looks
	settle  = time.Minute      // how long something must be so before it is told of
	relearn = 15 * time.Minute // how long an end may take after its start to find out again what is wrong
	gap     = 5 * time.Minute  // between two mails
	period  = time.Hour        // between two mails about one trouble
	remind  = 24 * time.Hour   // between two mails about one that lasts
)

// Trouble is something that is wrong now.
type Trouble struct {
	// Key tells it from others and stays the same while it lasts.
	Key string
	// Text is one sentence for a person.
	Text string
	// Asleep says that it cannot be found out now whether it lasts, as outside the connect times of a half: it stays what it was.
	Asleep bool
}

// Writer is what notices need of intake.Intake.
type Writer interface {
	// Notify sends system mail that the end writes itself. extra joins the commit.
	Notify(ctx context.Context, from, to mail.Address, subject, body string, extra func(*store.Tx) error) (mail.ID, error)
}

// Options sets Notices up. All but Log are required.
type Options struct {
	Store  *store.Store
	Writer Writer
	End    string // whose notices they are
	From   mail.Address
	To     mail.Address
	// Troubles is what is wrong now. It is asked often and must not block.
	Troubles func() []Trouble
	Log      hclog.Logger // nil: silent
}

// Notices tells of the troubles of one end.
type Notices struct {
	o      Options
	log    hclog.Logger
	ledger *ledger
	bad    *badMail
	sent   uint64    // in all, over all starts
	last   time.Time // when the last one was sent; zero: long ago
}

// New reads what was told before.
func New(o Options) (*Notices, error) {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	n := &Notices{o: o, log: o.Log.Named("notices")}
	var err error
	if n.ledger, err = loadLedger(o.Store); err != nil {
		return nil, err
	}
	if n.bad, err = loadBadMail(o.Store); err != nil {
		return nil, err
	}
	var c count
	if _, err := get(o.Store, tableNotices, countKey, &c); err != nil {
		return nil, err
	}
	n.sent, n.last = c.Sent, before(o.Store, c.Last)
	return n, nil
}

// Run looks and tells until ctx ends. An error means that the store has failed.
func (n *Notices) Run(ctx context.Context) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		err := n.look(ctx)
		switch {
		case errors.Is(err, store.ErrFailed):
			return fmt.Errorf("notice: %w", err)
		case err != nil && ctx.Err() == nil:
			n.log.Warn("a notice could not be sent, trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look compares what is wrong with what was told, and sends a mail if one is due.
func (n *Notices) look(ctx context.Context) error {
	if err := n.bad.begin(ctx, n.o.Store); err != nil {
		return err
	}
	now := time.Now()
	n.ledger.see(n.o.Troubles(), now, n.o.Store.Now())
	if err := n.bad.see(n.o.Store, now); err != nil {
		return err
	}
	if !n.last.IsZero() && now.Sub(n.last) < gap || !n.ledger.due(now) && !n.bad.due(now) {
		return nil
	}
	return n.send(ctx, now)
}

// send tells of everything there is to tell, in one commit with the record that it was told.
func (n *Notices) send(ctx context.Context, now time.Time) error {
	l := letter{end: n.o.End, number: n.sent + 1, time: n.o.Store.Now(), begun: n.ledger.begun(now), lasting: n.ledger.lasting(now), over: n.ledger.over(now)}
	if n.bad.mayTell(now) {
		l.bad = n.bad.reasons
	}
	id, err := n.o.Writer.Notify(ctx, n.o.From, n.o.To, l.subject(), l.body(), func(tx *store.Tx) error {
		put(tx, tableNotices, countKey, count{Sent: l.number, Last: tx.Now()})
		n.ledger.record(tx, l)
		if l.bad != nil {
			n.bad.record(tx)
		}
		return nil
	})
	if err != nil {
		return err
	}
	n.sent, n.last = l.number, now
	n.ledger.told(l, now)
	if l.bad != nil {
		n.bad.told(now)
	}
	n.log.Info("notice sent", "message_id", id, "number", l.number, "begun", len(l.begun), "lasting", len(l.lasting), "over", len(l.over))
	return nil
}
