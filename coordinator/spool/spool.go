package spool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/coordinator/handshake"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Spool is one legacy directory, owned by one coordinator. Run does the work; the other methods may be called from
// several goroutines, before, while and after it runs.
type Spool struct {
	o       Options
	fs      FS
	store   *store.Store
	journal journal
	log     hclog.Logger
	layout  Layout
	marker  string
	volume  volume
	keeper  *keeper
	in      []*inbox
	out     *outbox // nil for drain
	bad     badDir

	mu        sync.Mutex // guards what follows, and the state of inboxes and outbox
	state     shared
	lastClaim uint64 // number of the last claim of any inbox
	pace      pace
	scanTimes map[string]*ScanTime     // by directory
	logs      map[string]int64         // sizes of the half's logs; the scanner's own
	carried   map[string]time.Duration // ages of files from before the start
	savedAges bool
	ready     bool          // recovery is over
	moved     chan struct{} // closed and replaced whenever anything above changed
	grown     chan struct{} // signalled when the window may have grown
	toRead    chan struct{} // wakes the reader
	toWrite   chan struct{} // wakes the writer
}

// shared is what the goroutines of a spool tell each other.
type shared struct {
	lease     string
	await     string    // why nothing is looked at yet: the lease is somebody else's
	renewed   time.Time // when the lease was proved ours last, zero if it is not
	shareWhy  string    // what is wrong with the volume
	shareFrom time.Time
	drops     int // times the volume was lost since the start
	full      time.Time
	scanned   time.Time // last whole look
	scans     uint64
	strikes   []string
	alarms    map[string]string

	produced, consumed, taken, other time.Time // signs, see handshake.Evidence
	cycle                            handshake.Cycle
	left                             bool // a handshake is left where it is, truthfully
	legs                             map[string]legMemory

	counts Counters
}

// Counters count since the start.
type Counters struct {
	HandshakesConsumed uint64
	BadMailFiles       uint64
	Imported           uint64 // messages
	Published          uint64 // files
	Consumed           uint64 // files
	Returned           uint64 // files of ours found in BADMAIL
	Strikes            uint64
}

// Open examines a spool and binds it to the store. It fails, with a sentence for the operator, when a part is missing, the
// volume cannot do what the protocol needs, the spool is not the one the store knows, or another store owns it.
func Open(ctx context.Context, o Options) (*Spool, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Spool{o: o, fs: o.FS, store: o.Store, journal: journal{o.Store}, log: o.Log.Named("spool"),
		moved: make(chan struct{}), grown: make(chan struct{}, 1), toRead: make(chan struct{}, 1), toWrite: make(chan struct{}, 1),
		scanTimes: map[string]*ScanTime{},
		state:     shared{lease: "not held", alarms: map[string]string{}, legs: map[string]legMemory{}}}
	s.keeper = &keeper{s: s}
	if err := s.bind(ctx); err != nil {
		return nil, err
	}
	if s.volume, err = selfTest(s.fs, s.layout, tag(s.store.ID())); err != nil {
		return nil, err
	}
	for _, f := range s.volume.findings {
		s.log.Info("volume", "finding", f)
	}
	s.bad = badDir{s: s, dir: s.layout.BadMail}
	macToPC, pcToMac := s.layout.MacToPC, s.layout.PCToMac
	switch o.Role {
	case RolePC:
		s.in = []*inbox{newInbox(s, MacToPC, macToPC)}
		s.out = newOutbox(s, PCToMac, pcToMac)
	case RoleMac:
		s.in = []*inbox{newInbox(s, PCToMac, pcToMac)}
		s.out = newOutbox(s, MacToPC, macToPC)
	default:
		s.in = []*inbox{newInbox(s, MacToPC, macToPC), newInbox(s, PCToMac, pcToMac)}
	}
	return s, nil
}

// tag tells our self-test from another's.
func tag(id mail.StoreID) string {
	t := strings.ReplaceAll(string(id), "-", "")
	return t[max(0, len(t)-6):]
}

// binding is the record of which spool belongs to the store.
type binding struct {
	Marker string `json:"marker"`
}

// bind finds the parts of the spool and makes sure that it is the right one.
func (s *Spool) bind(ctx context.Context) error {
	var known binding
	bound, err := s.journal.get(tableSpool, "binding", &known)
	if err != nil {
		return err
	}
	// What is missing of a spool that this store knows is a sign of another volume, or of none: it is never made again.
	// So the flag may stay where the service is configured.
	if s.o.Init && !bound {
		if err := initialise(s.fs); err != nil {
			return err
		}
	}
	if s.layout, err = locate(s.fs); err != nil {
		if s.o.Init && bound {
			return fmt.Errorf("%w; --spool-init does not make what is missing of the spool %s, which this store knows: is the volume mounted?", err, known.Marker)
		}
		return err
	}
	if err := s.keeper.owner(); err != nil {
		return err
	}
	s.marker, err = readMarker(s.fs)
	switch {
	case err != nil && !isGone(err):
		return err
	case err != nil && bound && !s.o.Adopt:
		return fmt.Errorf("spool: %s has no marker %s, but this store knows the spool %s: is the volume mounted? If this is another spool on purpose, start with --adopt",
			s.fs.Path("."), markerName, known.Marker)
	case err != nil:
		if s.marker, err = writeMarker(s.fs); err != nil {
			return err
		}
	case bound && s.marker != known.Marker && !s.o.Adopt:
		return fmt.Errorf("spool: %s is the spool %s, but this store knows the spool %s; if that is meant to be, start with --adopt",
			s.fs.Path("."), s.marker, known.Marker)
	}
	if bound && s.marker == known.Marker {
		return nil
	}
	return s.step("bind", func() error {
		return s.journal.put(ctx, tableSpool, "binding", binding{Marker: s.marker})
	})
}

// Run works until ctx ends or the store fails. It returns nil when ctx ends.
func (s *Spool) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := s.keeper.take(ctx); err != nil {
		return s.ended(ctx, err)
	}
	if err := s.recover(ctx); err != nil {
		return s.ended(ctx, err)
	}
	var group sync.WaitGroup
	for _, loop := range []func(context.Context) error{s.keeper.run, s.scanLoop, s.importLoop, s.publishLoop} {
		group.Go(func() {
			if err := loop(ctx); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	return s.ended(ctx, context.Cause(ctx))
}

// ended tells a failure from the end that was asked for.
func (s *Spool) ended(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return nil
	}
	return err
}

// recover reads the journal. What lies in the directories is judged by the ordinary scans: there is one set of rules.
func (s *Spool) recover(ctx context.Context) error {
	for _, b := range s.in {
		if err := b.load(ctx); err != nil {
			return err
		}
	}
	if s.out != nil {
		if err := s.out.load(); err != nil {
			return err
		}
	}
	if err := s.loadAges(); err != nil {
		return err
	}
	for s.out != nil {
		err := s.out.clear(ctx)
		if err == nil {
			break
		}
		if final(ctx, err) {
			return err
		}
		s.shareFailed("start", err)
		if !sleep(ctx, s.o.Scan) {
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = true
	s.changed()
	return nil
}

// changed wakes whoever waits for a change. s.mu is held.
func (s *Spool) changed() {
	close(s.moved)
	s.moved = make(chan struct{})
}

// wake signals a channel of size one.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
