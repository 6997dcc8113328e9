// Package store keeps everything an end must not lose: messages, the lanes they wait in, mailboxes, bad mail, what
// came from which sender, and small records of other packages.
//
// The promise: a change is a Commit, which happens as a whole or not at all, and when it has returned nil the change
// survives a power cut. Whoever follows lanes, mailboxes or the account of a sender never sees anything that could
// still be lost. Counting and applying are one step: numbers become visible in the order in which they were given.
// After the first error of the disk nothing is committed any more; the process has to end, and the next start
// continues from what is on disk.
//
// The store holds all rules; under it lies an Engine, an ordered durable map with files beside it for large content.
// The keys are listed in keys.go.
package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/internal/mail"
)

// The errors a caller acts on.
var (
	// ErrFenced says that a change came from a session that is no longer current.
	ErrFenced = errors.New("session is no longer current")
	// ErrFull says that the store takes nothing new until there is room.
	ErrFull = errors.New("store is full")
	// ErrFailed says that the disk failed and the process has to restart. Nothing can be committed any more.
	ErrFailed = errors.New("store has failed")
	// ErrConflict says that a request ID was used before for other content.
	ErrConflict = errors.New("request ID was used for other content")
	// ErrCorrupt says that bytes on disk do not match their hash.
	ErrCorrupt = errors.New("stored bytes do not match their hash")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("store is closed")
	// ErrTooLarge says that content is larger than its draft allows.
	ErrTooLarge = errors.New("content is too large")
	// ErrExceptions says that a sender has as many exceptions open as it may.
	ErrExceptions = errors.New("too many numbers of this sender are open")
)

// Store keeps everything an end must not lose. Its methods may be called from several goroutines. Reads see what is
// applied; Commit returns when it is durable.
type Store struct {
	engine Engine
	o      Options
	log    hclog.Logger
	id     mail.StoreID
	epoch  uint64

	// mu is held while a commit is built and applied, and by nothing that waits for the disk to flush.
	mu       sync.Mutex
	closed   bool           // guarded by mu
	running  sync.WaitGroup // commits that are applied and wait to be durable
	counts   counters       // guarded by mu
	sweeping sweepMarks     // guarded by mu
	observed observed       // guarded by mu

	// state guards what readers see. It changes under mu and state together, so a commit reads it under mu alone;
	// only what the ledger shows changes under state alone.
	state      sync.RWMutex
	lanes      map[Lane]*lane
	boxes      map[string]*box   // by address key
	aliases    map[string]string // of mailboxes: by address key the key of the mailbox
	senders    map[mail.StoreID]*sender
	files      map[mail.ID]string  // content files by message
	leaving    map[string]struct{} // content files of messages that were let go, as long as they are there
	bad        int
	remembered Remembered
	ledger     ledger

	removals removals
	space    space

	failOnce sync.Once
	failure  atomic.Pointer[error]
	failed   chan struct{} // closed with the first failure
	done     chan struct{} // closed by Close
}

// counters give out numbers that are never used again. They are durable by the epoch, or by a record of their own.
type counters struct {
	trace   uint64 // within the epoch
	session uint64 // since the start
	bad     uint64 // durable
}

// ID is the store's UUID.
func (s *Store) ID() mail.StoreID { return s.id }

// Epoch is the durable count of starts.
func (s *Store) Epoch() uint64 { return s.epoch }

// NewID makes a message ID.
func (s *Store) NewID() mail.ID { return s.o.NewID() }

// Now is the wall clock that the store stamps records with.
func (s *Store) Now() time.Time { return s.o.Now() }

// Close waits for running commits and closes the engine. Whoever waits for a lane or a mailbox gets ErrClosed.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.running.Wait()
	close(s.done)
	if err := s.engine.Close(); err != nil {
		return s.fail(err)
	}
	return nil
}

// fail makes the store fail for good and returns the error that says so. The first cause is the one that is kept.
func (s *Store) fail(cause error) error {
	s.failOnce.Do(func() {
		s.failure.Store(&cause)
		close(s.failed)
		s.log.Error("store has failed", "error", cause)
		s.o.OnFailure(cause)
	})
	return s.failedError()
}

// failedError is the error of a store that has failed, or nil.
func (s *Store) failedError() error {
	if cause := s.failure.Load(); cause != nil {
		return &failureError{*cause}
	}
	return nil
}

// failureError wraps ErrFailed and the cause.
type failureError struct{ cause error }

func (e *failureError) Error() string   { return ErrFailed.Error() + ": " + e.cause.Error() }
func (e *failureError) Unwrap() []error { return []error{ErrFailed, e.cause} }

// await blocks until changed is closed. It fails when ctx ends, the store fails, or it is closed.
func (s *Store) await(ctx context.Context, changed <-chan struct{}) error {
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.failed:
		return s.failedError()
	case <-s.done:
		return ErrClosed
	}
}
