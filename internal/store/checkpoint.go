package store

import "fmt"

// Checkpoint writes a consistent copy of the store, content files included, into dir, which must not exist. To
// restore it, open that directory; the copy has the same UUID, so peers notice when it is behind.
func (s *Store) Checkpoint(dir string) error {
	if err := s.failedError(); err != nil {
		return err
	}
	s.removals.mu.Lock()
	s.removals.paused++
	s.removals.mu.Unlock()
	defer s.resumeRemovals()
	if err := s.engine.Checkpoint(dir, s.contentFiles); err != nil {
		return fmt.Errorf("store: checkpoint into %s: %w", dir, err)
	}
	return nil
}

// contentFiles names every content file that a record of a moment ago may name: those of messages that were let go since,
// too, durably or not.
func (s *Store) contentFiles() []string {
	s.state.RLock()
	defer s.state.RUnlock()
	names := make([]string, 0, len(s.files)+len(s.leaving))
	for _, name := range s.files {
		names = append(names, name)
	}
	for name := range s.leaving {
		names = append(names, name)
	}
	return names
}

func (s *Store) resumeRemovals() {
	s.removals.mu.Lock()
	s.removals.paused--
	var names []string
	if s.removals.paused == 0 {
		names, s.removals.later = s.removals.later, nil
	}
	s.removals.mu.Unlock()
	_ = s.removeFiles(names) // a failure is the store's, and noted there
}
