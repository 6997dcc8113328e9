package admin

import (
	"testing"

	"sidegate/internal/store"
)

// TestWearIsToldAtOnce: whoever reads the counts before and after some work must find what that work has cost the disk.
func TestWearIsToldAtOnce(t *testing.T) {
	srv, s := newServer(t)
	before := srv.Status().GetStore()
	for _, key := range []string{"first", "second"} {
		if err := s.Commit(t.Context(), func(tx *store.Tx) error { tx.Put("table", key, make([]byte, 1000)); return nil }); err != nil {
			t.Fatal(err)
		}
		after := srv.Status().GetStore()
		if after.Flushes != before.Flushes+1 || after.WrittenBytes < before.WrittenBytes+1000 {
			t.Errorf("%s commit: %d flushes and %d bytes after %d and %d", key, after.Flushes, after.WrittenBytes, before.Flushes, before.WrittenBytes)
		}
		before = after
	}
}
