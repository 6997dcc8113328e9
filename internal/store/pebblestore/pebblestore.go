// Package pebblestore is the engine of a store on one machine: a Pebble database and a directory of content files.
//
//	DIR/db       the database
//	DIR/content  content files
//	DIR/ballast  room kept for the day on which the disk is full
//
// It assumes that a flush which has succeeded survives a power cut, and that the directory belongs to one process;
// the database's lock sees to the latter on a local disk.
//
// The first write, flush or close that fails breaks the engine: from then on nothing more is written, created,
// renamed or removed, as if the process had ended there, and no flush is ever tried again. The process has to end,
// and the next start recovers from what is on disk.
package pebblestore

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hashicorp/go-hclog"

	"sidegate/internal/store"
)

// Engine is an open store.Engine.
type Engine struct {
	dir     string
	log     hclog.Logger
	guard   *guard
	lock    *pebble.Lock
	db      *pebble.DB
	files   *files
	ballast *ballast
	used    usedBytes
	// abandoned is closed when a broken engine is let go of. Its database can no longer be closed: a goroutine of it
	// may rest for ever.
	abandoned chan struct{}

	// mu guards readers and closing, so that nobody reads from a database that is closed.
	mu      sync.Mutex
	idle    sync.Cond
	readers int
	closing bool
}

var _ store.Engine = (*Engine)(nil)
var _ store.Watched = (*Engine)(nil)

// Open opens the engine in a directory, making it on first use.
func Open(dir string, o Options) (*Engine, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	dir = filepath.Clean(dir)
	log := o.Log.Named("pebblestore")
	if err := makeDirs(o.FS, dir); err != nil {
		return nil, fmt.Errorf("pebblestore: open %s: %w", dir, err)
	}
	b := newBallast(o.FS, dir, o.BallastBytes, log)
	e, err := open(dir, o, log, b.prepare)
	if isFull(err) && b.release() {
		e, err = open(dir, o, log, func() error { return nil })
	}
	if errors.Is(err, syscall.EAGAIN) {
		err = fmt.Errorf("another process has it open: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("pebblestore: open %s: %w", dir, err)
	}
	e.ballast = b
	return e, nil
}

// open locks the directory before it does anything else in it, so that a second process disturbs nothing; then it prepares
// the disk, and opens what is there. The guard gives the lock back.
func open(dir string, o Options, log hclog.Logger, prepare func() error) (_ *Engine, err error) {
	e := &Engine{dir: dir, log: log, guard: newGuard(o.FS, dir), abandoned: make(chan struct{})}
	e.idle.L = &e.mu
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("database: %v", p)
		}
		if err != nil {
			e.guard.fail(err)
			e.guard.freeze()
			close(e.abandoned)
		}
	}()
	dbDir := e.guard.PathJoin(dir, "db")
	if e.lock, err = pebble.LockDirectory(dbDir, e.guard); err != nil {
		return nil, err
	}
	if err := prepare(); err != nil {
		return nil, err
	}
	version := format
	desc, err := pebble.Peek(dbDir, o.FS)
	if err != nil {
		return nil, err
	}
	if desc.Exists {
		version = desc.FormatMajorVersion
	} else if err := e.begin(dbDir, o); err != nil {
		return nil, err
	}
	if e.db, err = pebble.Open(dbDir, e.options(o, version)); err == nil {
		e.files, err = openFiles(e.guard, e.guard.PathJoin(dir, "content"))
	}
	if broken := e.guard.failure(); broken != nil {
		return nil, broken // whatever came of it
	}
	if err != nil {
		return nil, err
	}
	if version < format {
		log.Warn("database is in an older format", "format", uint64(version), "newest", uint64(format))
	}
	return e, nil
}

// begin makes the database, so that it is opened only in its final format. A new one starts in the oldest, and its first
// log is in that: it does not tell how far it was flushed, and rot in the middle of it would pass for its torn end.
func (e *Engine) begin(dbDir string, o Options) error {
	db, err := pebble.Open(dbDir, e.options(o, format))
	if err == nil {
		err = db.Close()
	}
	if broken := e.guard.failure(); broken != nil {
		return broken
	}
	return err
}

// OnFailure names a function that is called once the engine is broken; at once if it is already.
func (e *Engine) OnFailure(fn func(error)) { e.guard.onFailure(fn) }

// Upgrade brings the database into the newest format this program writes. Earlier programs cannot open it any more.
func (e *Engine) Upgrade() error {
	if e.db.FormatMajorVersion() >= format {
		return nil
	}
	if err := e.db.RatchetFormatMajorVersion(format); err != nil {
		return fmt.Errorf("pebblestore: upgrade: %w", err)
	}
	return e.guard.failure()
}

// Close flushes and closes. A broken engine is only let go of: nothing more is written.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closing {
		e.mu.Unlock()
		return nil
	}
	e.closing = true
	for e.readers > 0 {
		e.idle.Wait()
	}
	e.mu.Unlock()
	e.ballast.close()
	if err := e.guard.failure(); err != nil {
		e.guard.freeze()
		close(e.abandoned)
		return fmt.Errorf("pebblestore: close: %w", err)
	}
	err := errors.Join(e.files.close(), e.closeDB(), e.guard.failure())
	e.guard.freeze()
	if err != nil {
		return fmt.Errorf("pebblestore: close: %w", err)
	}
	return nil
}

func (e *Engine) closeDB() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = e.guard.fail(fmt.Errorf("close database: %v", p))
		}
	}()
	return e.db.Close()
}

// enter lets a reader in unless the engine is closing; leave lets it out.
func (e *Engine) enter() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closing {
		return store.ErrClosed
	}
	e.readers++
	return nil
}

func (e *Engine) leave() {
	e.mu.Lock()
	if e.readers--; e.readers == 0 {
		e.idle.Broadcast()
	}
	e.mu.Unlock()
}

// logger takes the database's messages. Fatal ones break the engine instead of ending the process: what was begun
// goes on in the database, but nothing it does reaches the disk any more.
type logger struct{ e *Engine }

func (l logger) Infof(format string, args ...any) {
	if l.e.log.IsTrace() {
		l.e.log.Trace("database", "text", fmt.Sprintf(format, args...))
	}
}

func (l logger) Errorf(format string, args ...any) {
	l.e.log.Warn("database", "text", fmt.Sprintf(format, args...))
}

func (l logger) Fatalf(format string, args ...any) {
	l.e.log.Debug("database has given up", "stack", string(debug.Stack()))
	l.e.guard.fail(fmt.Errorf("database: "+format, args...))
}
