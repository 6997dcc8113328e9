package link

import (
	"context"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Arrival is one number that came in on a link.
type Arrival struct {
	Seq  uint64
	Void bool // the number carries nothing (any more)
	// Delivery is what the number carries, nil for a void. Its Content is a sealed *store.Draft of the taker's store,
	// which the taker may keep; the link discards it afterwards.
	Delivery *mail.Delivery
}

// Taker takes what arrived on a link, in one commit with the link's books: tx.Take, tx.TakeVoid or tx.Except for
// every number, under the session.
type Taker interface {
	// Take returns one outcome per arrival, in order; that of a void is empty. After an error that wraps
	// store.ErrFenced the session has ended; after any other error nothing was taken by it that the peer may count
	// on, and the session is ended and resumed later: what was durable all the same is recognised by its number.
	Take(ctx context.Context, s store.Session, as []Arrival) ([]mail.Outcome, error)
}

// Window is what a Taker may offer besides: how much more it can hold. A Taker without it is limited by the link's
// own bounds alone.
type Window interface {
	// Window is how many more messages and content bytes from the peer the taker can hold now, beyond what it has
	// taken already. Neither is negative; fewer than 512 KiB count as that many, so that what has begun can end. The link
	// asks before each grant of credit.
	Window(peer mail.StoreID) (messages int, bytes int64)
	// Changed is signalled after a window may have grown. One signal may stand for many.
	Changed() <-chan struct{}
}
