package store

import (
	"fmt"

	"github.com/google/uuid"

	"sidegate/internal/mail"
)

// formatVersion is the version of the keys and records. A store of a later version is not opened.
const formatVersion = 1

// Watched is an Engine that can fail between calls, such as while it rearranges its files.
type Watched interface {
	// OnFailure names a function that is called at most once, when the engine has failed. It must not block.
	OnFailure(func(error))
}

// Open opens the store in an engine, making it on first use, and raises its epoch durably. Content files that no
// record names are removed. After an error the engine is the caller's to close; otherwise it is the store's.
func Open(e Engine, o Options) (*Store, error) {
	s := &Store{
		engine: e, o: o.withDefaults(),
		lanes: make(map[Lane]*lane), boxes: make(map[string]*box), aliases: make(map[string]string), senders: make(map[mail.StoreID]*sender), files: make(map[mail.ID]string),
		leaving: make(map[string]struct{}),
		failed:  make(chan struct{}), done: make(chan struct{}),
	}
	s.log = s.o.Log.Named("store")
	s.observed = newObserved(s.o.Elapsed, s.o.Retention)
	if w, ok := e.(Watched); ok {
		w.OnFailure(func(err error) { _ = s.fail(err) }) // the engine has been told already
	}
	for _, step := range []func() error{s.loadMeta, s.loadLanes, s.loadEntries, s.loadBoxes, s.loadBoxEntries, s.loadSenders, s.loadFiles, s.loadRemembered, s.scrub} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("store: open: %w", err)
		}
	}
	s.ledger.last = s.o.Now()
	s.log.Info("store is open", "store_id", s.id, "epoch", s.epoch)
	return s, nil
}

// loadMeta reads who the store is, or makes it, and raises the epoch.
func (s *Store) loadMeta() error {
	var b Batch
	id, err := s.engine.Get(metaKey(metaUUID))
	switch {
	case absent(err):
		id = []byte(uuid.NewString())
		b.Put(metaKey(metaUUID), id)
		b.Put(metaKey(metaVersion), putUint(nil, formatVersion))
	case err != nil:
		return err
	default:
		version, err := s.number(metaVersion)
		if err != nil {
			return err
		}
		if version > formatVersion {
			return fmt.Errorf("the store is of version %d, this program reads up to %d", version, formatVersion)
		}
	}
	s.id = mail.StoreID(id)
	if s.epoch, err = s.number(metaEpoch); err != nil {
		return err
	}
	if s.counts.bad, err = s.number(metaBad); err != nil {
		return err
	}
	if err := s.loadObserved(&b); err != nil {
		return err
	}
	s.epoch++
	b.Put(metaKey(metaEpoch), putUint(nil, s.epoch))
	s.o.Fault("store.open.before-epoch")
	wait, err := s.engine.Apply(&b)
	if err != nil {
		return err
	}
	if err := wait(); err != nil {
		return err
	}
	s.o.Fault("store.open.after-epoch")
	return nil
}

// number reads a number of the store itself; 0 if it is not there.
func (s *Store) number(name string) (uint64, error) {
	value, err := s.engine.Get(metaKey(name))
	if absent(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	r := record{b: value}
	n := r.uint()
	return n, r.err()
}

// scrub removes the content files that no record names: drafts that were never kept, and files whose removal was cut
// short.
func (s *Store) scrub() error {
	names, err := s.engine.Files().List()
	if err != nil {
		return err
	}
	wanted := make(map[string]mail.ID, len(s.files))
	for id, name := range s.files {
		wanted[name] = id
	}
	orphans := 0
	for _, name := range names {
		if _, ok := wanted[name]; ok {
			delete(wanted, name)
			continue
		}
		if err := s.engine.Files().Remove(name); err != nil {
			return fmt.Errorf("remove content file %s: %w", name, err)
		}
		orphans++
	}
	for name, id := range wanted {
		s.log.Error("content file is missing", "file", name, "message_id", id)
	}
	if orphans > 0 {
		s.log.Info("content files that nothing names were removed", "count", orphans)
		if err := s.engine.Files().Sync(); err != nil {
			return err
		}
	}
	s.o.Fault("store.open.after-scrub")
	return nil
}
