// Package forward is the loop of every hop: take a batch of loans, offer them, settle each.
//
// What settling means is the lender's affair; what taking means is the taker's. The loop promises that every loan it takes is
// settled with what Accept said of it, or given back untouched by ending: a lender lends again what was never settled. Loans
// are settled in the order in which they were lent.
package forward

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/internal/mail"
)

// Options sets a loop up. Source and Acceptor are required.
type Options struct {
	Name     string // of the hop, for logs
	Source   mail.Source
	Acceptor mail.Acceptor
	Max      int              // loans at a time; default 64
	First    time.Duration    // wait after the first failure; default 0.5 s, doubled each time
	Cap      time.Duration    // longest wait; default 30 s
	Final    func(error) bool // reports errors after which trying again is of no use; nil: none
	Log      hclog.Logger     // nil: silent
}

// Run moves mail until ctx ends, which is no error, or until an error is final.
func Run(ctx context.Context, o Options) error {
	o = o.withDefaults()
	for {
		loans, err := o.Source.Next(ctx, o.Max)
		if err == nil {
			err = o.deliver(ctx, loans)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			if o.Final(err) {
				return fmt.Errorf("forward: %s: %w", o.Name, err)
			}
			o.Log.Warn("cannot go on for now", "error", err)
			if !o.wait(ctx, 0) {
				return nil
			}
		}
	}
}

func (o Options) withDefaults() Options {
	if o.Max <= 0 {
		o.Max = 64
	}
	if o.First <= 0 {
		o.First = 500 * time.Millisecond
	}
	if o.Cap <= 0 {
		o.Cap = 30 * time.Second
	}
	if o.Final == nil {
		o.Final = func(error) bool { return false }
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	o.Log = o.Log.Named("forward").With("hop", o.Name)
	return o
}

var errOutcomes = errors.New("the taker did not answer for every delivery")

// deliver offers the same loans until they are answered for, then settles them.
func (o *Options) deliver(ctx context.Context, loans []mail.Loan) error {
	ds := make([]*mail.Delivery, len(loans))
	for i, l := range loans {
		ds[i] = l.Delivery()
	}
	for try := 0; ; try++ {
		outcomes, err := o.Acceptor.Accept(ctx, ds)
		if err == nil && len(outcomes) != len(loans) {
			return errOutcomes
		}
		if err == nil {
			return o.settle(ctx, loans, outcomes)
		}
		if ctx.Err() != nil || o.Final(err) {
			return err
		}
		o.Log.Warn("nothing was taken", "deliveries", len(ds), "attempt", try+1, "error", err)
		if !o.wait(ctx, try) {
			return ctx.Err()
		}
	}
}

// settle ends every loan. One that cannot be settled does not keep the others from it: the lender lends it again, and the
// taker recognises it.
func (o *Options) settle(ctx context.Context, loans []mail.Loan, outcomes []mail.Outcome) error {
	var failed error
	for i, l := range loans {
		if err := l.Settle(ctx, outcomes[i]); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// wait backs off, with jitter, and reports whether ctx is still alive.
func (o *Options) wait(ctx context.Context, try int) bool {
	d := min(o.First<<min(try, 16), o.Cap)
	t := time.NewTimer(d - rand.N(d/5+1))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
