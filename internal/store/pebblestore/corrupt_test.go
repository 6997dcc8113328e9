package pebblestore_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
	"sidegate/internal/store/storetest"
)

// TestDamagedContent changes content files behind the store's back.
func TestDamagedContent(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(fs vfs.FS, path string) error
		want   error
		missed bool // the audit, which does not read content, sees it
	}{
		"one bit":   {flip, store.ErrCorrupt, false},
		"cut short": {cutShort, store.ErrCorrupt, false},
		"removed":   {func(fs vfs.FS, path string) error { return fs.Remove(path) }, store.ErrNotFound, true},
	} {
		t.Run(name, func(t *testing.T) {
			fs := vfs.NewMem()
			s, err := openStore(t, fs, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			m, d := storetest.Message(t, s, strings.Repeat("large", 20_000))
			if err := s.Commit(context.Background(), func(tx *store.Tx) error {
				if err := tx.Keep(m, d); err != nil {
					return err
				}
				_, err := tx.AddBad(store.Bad{Message: m})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			names, err := fs.List("data/content")
			if err != nil || len(names) != 1 {
				t.Fatalf("content files %q, %v", names, err)
			}
			if err := c.damage(fs, "data/content/"+names[0]); err != nil {
				t.Fatal(err)
			}
			content, err := s.Content(m.ID)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := readContent(content); !errors.Is(err, c.want) {
				t.Errorf("read: %v", err)
			}
			findings, err := s.Audit()
			if err != nil || (len(findings) > 0) != c.missed {
				t.Errorf("audit: %q, %v", findings, err)
			}
		})
	}
}

// TestDamagedLog changes a byte in the log of a store that has never been started again, as a disk may that goes bad, and
// then the power fails. What had been answered is behind that byte, so the store must not come up without it.
func TestDamagedLog(t *testing.T) {
	open := func(fs vfs.FS) (*store.Store, error) {
		o := options(fs)
		o.MemTableBytes = 0 // as in earnest: all of it stays in the first log
		e, err := pebblestore.Open("data", o)
		if err != nil {
			return nil, err
		}
		return store.Open(e, store.Options{})
	}
	fs := vfs.NewCrashableMem()
	s, err := open(fs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for range 40 {
		m, d := storetest.Message(t, s, strings.Repeat("small", 1000))
		if err := s.Commit(t.Context(), func(tx *store.Tx) error {
			if err := tx.Keep(m, d); err != nil {
				return err
			}
			_, err := tx.AddBad(store.Bad{Message: m})
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for name, part := range map[string]float64{"at the beginning": 0.001, "in the middle": 0.5, "towards the end": 0.75} {
		t.Run(name, func(t *testing.T) {
			after := fs.CrashClone(vfs.CrashCloneCfg{})
			names, err := after.List("data/db")
			if err != nil {
				t.Fatal(err)
			}
			var log string
			for _, n := range slices.Sorted(slices.Values(names)) {
				if strings.HasSuffix(n, ".log") {
					log = "data/db/" + n // the newest in the end
				}
			}
			if err := rewriteFile(after, log, func(b []byte) []byte {
				if len(b) < 4*32<<10 {
					t.Fatalf("%s has %d bytes; the end of a log is always in doubt", log, len(b))
				}
				b[int(part*float64(len(b)))] ^= 1
				return b
			}); err != nil {
				t.Fatal(err)
			}
			if s, err := open(after); err == nil {
				_ = s.Close()
				t.Error("the store came up without what it had answered")
			} else if !strings.Contains(err.Error(), "replaying WAL") {
				t.Errorf("it did not come up for another reason: %v", err)
			}
		})
	}
}

func readContent(c interface{ Open() (io.ReadCloser, error) }) (int64, error) {
	r, err := c.Open()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return io.Copy(io.Discard, r)
}

func flip(fs vfs.FS, path string) error {
	return rewriteFile(fs, path, func(b []byte) []byte {
		b[len(b)/2] ^= 1
		return b
	})
}

func cutShort(fs vfs.FS, path string) error {
	return rewriteFile(fs, path, func(b []byte) []byte { return b[:len(b)-1] })
}

func rewriteFile(fs vfs.FS, path string, change func([]byte) []byte) error {
	f, err := fs.Open(path)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	w, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if _, err := w.Write(change(b)); err != nil {
		return err
	}
	return errors.Join(w.Close(), f.Close())
}
