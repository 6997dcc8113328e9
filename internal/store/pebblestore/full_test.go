package pebblestore_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
	"sidegate/internal/store/storetest"
)

const mib = 1 << 20

// fullDisk is a disk that takes nothing below a directory while it is full, or while its ballast is there and it is
// tight.
type fullDisk struct {
	*vfs.MemFS
	tight atomic.Bool
}

func (d *fullDisk) fs() vfs.FS {
	return errorfs.Wrap(d.MemFS, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileWrite && d.tight.Load() && d.hasBallast() {
			return syscall.ENOSPC
		}
		return nil
	}))
}

func (d *fullDisk) hasBallast() bool {
	_, err := d.Stat("data/ballast")
	return err == nil
}

func (d *fullDisk) free(bytes uint64) {
	d.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: bytes, TotalBytes: 1 << 40, UsedBytes: 1<<40 - bytes})
}

func (d *fullDisk) open(t *testing.T) *store.Store {
	t.Helper()
	e, err := pebblestore.Open("data", pebblestore.Options{FS: d.fs(), BallastBytes: 16 * mib})
	if err != nil {
		t.Fatal(err)
	}
	return storetest.Open(t, e, store.Options{ReserveBytes: 16 * mib})
}

// TestFullDisk goes the whole way: intake closes before the disk is full; a write that finds no room ends the store;
// the next start gives the ballast up and finishes what is in custody; with room again, all is as before.
func TestFullDisk(t *testing.T) {
	ctx := context.Background()
	disk := &fullDisk{MemFS: vfs.NewMem()}
	disk.free(1 << 30)
	record := func(tx *store.Tx) error { tx.Put("t", "k", []byte("v")); return nil }
	classIs := func(s *store.Store, want store.Class) {
		t.Helper()
		if class, why := s.Class(); class != want {
			t.Fatalf("class %d instead of %d: %s", class, want, why)
		}
	}

	s := disk.open(t)
	classIs(s, store.ClassOK)
	if !disk.hasBallast() {
		t.Fatal("no ballast was made")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	disk.free(15 * mib) // below the reserve
	s = disk.open(t)
	classIs(s, store.ClassRefusing)
	if err := s.Commit(ctx, record); !errors.Is(err, store.ErrFull) {
		t.Fatalf("something new on a full disk: %v", err)
	}
	if err := s.CommitCustody(ctx, record); err != nil {
		t.Fatalf("custody on a full disk: %v", err)
	}
	disk.tight.Store(true)
	if err := s.CommitCustody(ctx, record); !errors.Is(err, store.ErrFailed) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("a write that finds no room: %v", err)
	}
	classIs(s, store.ClassFailed)
	if err := s.Close(); !errors.Is(err, store.ErrFailed) {
		t.Fatalf("close after the failure: %v", err)
	}

	s = disk.open(t)
	if disk.hasBallast() {
		t.Fatal("the ballast is still there")
	}
	disk.free(31 * mib) // what it gave up is to come back: it is not free
	classIs(s, store.ClassRefusing)
	if err := s.CommitCustody(ctx, record); err != nil {
		t.Fatalf("custody after the ballast was given up: %v", err)
	}
	disk.tight.Store(false)
	disk.free(1 << 30)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	e, err := pebblestore.Open("data", pebblestore.Options{FS: disk.fs(), BallastBytes: 16 * mib})
	if err != nil {
		t.Fatal(err)
	}
	s = storetest.Open(t, e, store.Options{ReserveBytes: 16 * mib})
	classIs(s, store.ClassOK)
	if !disk.hasBallast() {
		t.Fatal("the ballast was not made again")
	}
}

// TestBallastComesBack makes room while the store is open.
func TestBallastComesBack(t *testing.T) {
	disk := &fullDisk{MemFS: vfs.NewMem()}
	disk.free(20 * mib) // no room for a ballast
	s := disk.open(t)
	if disk.hasBallast() {
		t.Fatal("a ballast was made although there is no room for it")
	}
	if class, _ := s.Class(); class != store.ClassRefusing {
		t.Fatalf("class %d", class)
	}
	disk.free(1 << 30)
	if class, why := s.Class(); class != store.ClassOK { // asks, and so has the ballast made
		t.Fatalf("class %d: %s", class, why)
	}
	if err := s.Close(); err != nil { // waits for it
		t.Fatal(err)
	}
	if !disk.hasBallast() {
		t.Fatal("the ballast was not made again")
	}
}

func TestLock(t *testing.T) {
	for name, fs := range map[string]vfs.FS{"memory": vfs.NewMem(), "disk": vfs.Default} {
		dir := "data"
		if name == "disk" {
			dir = t.TempDir()
		}
		e, err := pebblestore.Open(dir, options(fs))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pebblestore.Open(dir, options(fs)); err == nil {
			t.Errorf("%s: a directory was opened twice", name)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Errorf("%s: closed twice: %v", name, err)
		}
		if _, err := e.Get([]byte("k")); !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s: read after close: %v", name, err)
		}
	}
}

// TestSecondOpen: whoever tries to open what another one has open finds that out before anything is changed. On a full disk
// it would give up the ballast of the one that is at work, which would not know of it.
func TestSecondOpen(t *testing.T) {
	disk := &fullDisk{MemFS: vfs.NewMem()}
	disk.free(1 << 30)
	disk.open(t)
	disk.tight.Store(true)
	if _, err := pebblestore.Open("data", pebblestore.Options{FS: disk.fs(), BallastBytes: 16 * mib}); err == nil || errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a second one: %v", err)
	}
	if !disk.hasBallast() {
		t.Error("a second one gave the ballast up")
	}
}

// TestFormat shows that a database in an older format stays in it until it is upgraded.
func TestFormat(t *testing.T) {
	fs := vfs.NewMem()
	old := pebble.FormatColumnarBlocks
	db, err := pebble.Open("data/db", &pebble.Options{FS: fs, FormatMajorVersion: old, Logger: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	format := func() pebble.FormatMajorVersion {
		desc, err := pebble.Peek("data/db", fs)
		if err != nil {
			t.Fatal(err)
		}
		return desc.FormatMajorVersion
	}
	e, err := pebblestore.Open("data", options(fs))
	if err != nil {
		t.Fatal(err)
	}
	if format() != old {
		t.Errorf("opening raised the format to %d", format())
	}
	if err := e.Upgrade(); err != nil {
		t.Fatal(err)
	}
	if format() <= old {
		t.Errorf("the upgrade left the format at %d", format())
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

type quiet struct{}

func (quiet) Infof(string, ...any)           {}
func (quiet) Errorf(string, ...any)          {}
func (quiet) Fatalf(format string, _ ...any) { panic(format) }

// TestCheckpoint takes a copy while mail comes and goes, and opens it.
func TestCheckpoint(t *testing.T) {
	for name, c := range map[string]struct {
		fs   vfs.FS
		root string
	}{"memory": {vfs.NewMem(), ""}, "disk": {vfs.Default, t.TempDir()}} {
		t.Run(name, func(t *testing.T) {
			dir, backup := c.fs.PathJoin(c.root, "data"), c.fs.PathJoin(c.root, "backups", "one")
			e, err := pebblestore.Open(dir, options(c.fs))
			if err != nil {
				t.Fatal(err)
			}
			s := storetest.Open(t, e, store.Options{})
			body := strings.Repeat("large", 20_000)
			m, d := storetest.Message(t, s, body)
			kept := func(tx *store.Tx) error {
				if err := tx.Keep(m, d); err != nil {
					return err
				}
				_, err := tx.AddBad(store.Bad{Message: m})
				return err
			}
			if err := s.Commit(context.Background(), kept); err != nil {
				t.Fatal(err)
			}
			stop, done := make(chan struct{}), make(chan error)
			go func() { done <- churn(s, stop) }()
			if err := s.Checkpoint(backup); err != nil {
				t.Fatal(err)
			}
			if err := s.Checkpoint(backup); err == nil {
				t.Error("a checkpoint was written over another one")
			}
			close(stop)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			copied, err := pebblestore.Open(backup, options(c.fs))
			if err != nil {
				t.Fatal(err)
			}
			restored := storetest.Open(t, copied, store.Options{})
			findings, err := restored.Audit()
			if err != nil || len(findings) > 0 {
				t.Fatalf("audit of the copy: %q, %v", findings, err)
			}
			got, err := restored.Content(m.ID)
			if err != nil || storetest.ReadAll(t, got) != body || restored.ID() != s.ID() {
				t.Fatalf("the copy is another store: %v", err)
			}
		})
	}
}

// TestCheckpointOfABrokenEngine lets a flush of the database fail while the copy is made: the copy may lack what the database
// was only told to be on the disk.
func TestCheckpointOfABrokenEngine(t *testing.T) {
	var armed atomic.Bool
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSyncData && strings.HasPrefix(op.Path, "data/") && armed.Load() {
			return syscall.EIO
		}
		return nil
	}))
	s, err := openStore(t, fs, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	armed.Store(true)
	if err := s.Checkpoint("backup"); !errors.Is(err, syscall.EIO) {
		t.Errorf("checkpoint: %v", err)
	}
	if _, err := fs.Stat("backup"); err == nil {
		t.Error("what was made of the copy is left")
	}
}

// churn keeps large messages and lets them go until it is stopped.
func churn(s *store.Store, stop chan struct{}) error {
	for seq := uint64(4); ; seq += 4 {
		select {
		case <-stop:
			return nil
		default:
		}
		d, err := draft(s, content("churn", seq))
		if err != nil {
			return err
		}
		var at uint64
		if err := s.Commit(context.Background(), func(tx *store.Tx) error {
			id, err := keep(tx, d, "churn", seq)
			if err != nil {
				return err
			}
			at, err = tx.Enqueue("churn", store.Entry{MessageID: id, Recipients: []mail.Address{ann}})
			return err
		}); err != nil {
			return err
		}
		if err := s.Commit(context.Background(), func(tx *store.Tx) error { _, err := tx.Release("churn", at, nil); return err }); err != nil {
			return err
		}
	}
}
