package store

import (
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"sidegate/internal/mail"
)

// Options sets a store up. The zero value works.
type Options struct {
	Log hclog.Logger     // nil: silent
	Now func() time.Time // wall clock for records; nil: time.Now
	// Elapsed is how long the process has run, which no clock that is set can change; nil: the monotonic clock.
	Elapsed func() time.Duration
	// End is the name that trace records of this store carry when they have none.
	End string
	// InlineLimit is the largest content kept beside its message instead of in a file of its own. Default 64 KiB.
	InlineLimit int64
	// Retention is how long traces, request IDs and the memory of deleted messages are kept, in time that the store was
	// running, over all its starts. Default 7 days.
	Retention time.Duration
	// RememberBytes is the most that the memory of deleted messages and request IDs may take; beyond it the oldest go before
	// their time. Default 1 GiB.
	RememberBytes int64
	// ReserveBytes is the free space below which nothing new is taken. Default 64 MiB.
	ReserveBytes uint64
	// Fault is called with the name of each durable step just before and after it, for tests that die there.
	Fault func(point string)
	// NewID makes message IDs; nil: UUID version 7.
	NewID func() mail.ID
	// OnFailure is called once when the store has failed, so that the process can end. It must not block.
	OnFailure func(error)
}

// FaultPoints are the names Options.Fault is called with, in the order of one message's life.
var FaultPoints = []string{
	"store.open.before-epoch",
	"store.open.after-epoch",
	"store.open.after-scrub",
	"store.content.after-write",
	"store.content.after-sync",
	"store.content.after-directory-sync",
	"store.commit.before-apply",
	"store.commit.after-apply",
	"store.commit.after-sync",
	"store.content.before-remove",
	"store.content.after-remove",
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Elapsed == nil {
		started := time.Now()
		o.Elapsed = func() time.Duration { return time.Since(started) }
	}
	if o.InlineLimit == 0 {
		o.InlineLimit = 64 << 10
	}
	if o.Retention == 0 {
		o.Retention = 7 * 24 * time.Hour
	}
	if o.RememberBytes == 0 {
		o.RememberBytes = 1 << 30
	}
	if o.ReserveBytes == 0 {
		o.ReserveBytes = 64 << 20
	}
	if o.Fault == nil {
		o.Fault = func(string) {}
	}
	if o.NewID == nil {
		o.NewID = func() mail.ID { return mail.ID(uuid.Must(uuid.NewV7()).String()) }
	}
	if o.OnFailure == nil {
		o.OnFailure = func(error) {}
	}
	return o
}
