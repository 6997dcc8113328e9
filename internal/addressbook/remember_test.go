package addressbook

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hashicorp/go-hclog"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

// fullDisk is an engine on a disk that has no room while full is set.
type fullDisk struct {
	*storetest.Memory
	full atomic.Bool
}

func (d *fullDisk) Usage() (store.Usage, error) {
	if d.full.Load() {
		return store.Usage{Total: 1 << 30}, nil
	}
	return d.Memory.Usage()
}

// A full store takes neither imports nor what peers tell. It is told of once, and made up for when there is room. That a peer
// is forgotten is possible all the same.
func TestFullStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &fullDisk{Memory: storetest.NewMemory()}
		disk.full.Store(true)
		s, err := store.Open(disk, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		b, err := Open(Options{Store: s, End: "here", Log: hclog.New(&hclog.LoggerOptions{Output: &log})})
		if err != nil {
			t.Fatal(err)
		}
		e := &end{Book: b, t: t}
		if _, _, err := e.Import(t.Context(), puts(t, "Bob=bob@Here"), false); err == nil {
			t.Error("a full store takes an import")
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx) }()
		for _, peer := range []string{"1", "2"} {
			if err := e.tell(peer, "end"+peer, list(t, "Dora=dora@There"+peer)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := strings.Count(log.String(), "could not be remembered"); n != 1 {
			t.Errorf("it was told of %d times in an hour", n)
		}
		if err := e.Forget(t.Context(), "1"); err != nil {
			t.Errorf("in a full store nobody can be forgotten: %v", err)
		}
		disk.full.Store(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if s, err = store.Open(disk.Crash(), store.Options{}); err != nil {
			t.Fatal(err)
		}
		if e.Book, err = Open(Options{Store: s, End: "here"}); err != nil {
			t.Fatal(err)
		}
		e.want("when there was room", e.all(), "Dora=dora@There2 end2/3")
	})
}

// A record that cannot be read, or stands where it does not belong, costs itself and nothing else.
func TestUnreadableRecords(t *testing.T) {
	e := fresh(t)
	e.name("ann@Here", "Ann")
	e.load(puts(t, "Bob=bob@Here")...)
	err := e.store.Commit(t.Context(), func(tx *store.Tx) error {
		for _, table := range []string{mailboxTable, importTable} {
			tx.Put(table, "MSMAIL:carl@here", []byte("Carl"))
			tx.Put(table, "MSMAIL:dora@here", []byte("Eve\neve@Here"))
			tx.Put(table, "MSMAIL:frank@here", []byte("Frank\nfrank"))
		}
		tx.Put(peerTable, "1", []byte("{"))
		tx.Put(peerTable, "2", []byte(`{"end":"there","digest":"AA==","entries":[["Gil","gil@There"]]}`))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	e.want("what is left", e.again().all(), "Ann=ann@Here here/1; Bob=bob@Here here/2")
}

// What a peer tells while something older is written is written, too.
func TestToldWhileRemembering(t *testing.T) {
	var e *end
	say := []directory.List{list(t, "Dora=dora@There"), {}, list(t, "Émile=e@There")}
	tell := func(string) {
		if len(say) > 0 {
			now := say[0]
			say = say[1:]
			if err := e.tell("1", "there", now); err != nil {
				t.Error(err)
			}
		}
	}
	e = open(t, vfs.NewCrashableMem(), func(point string) {
		if point == "addressbook.remember.after" {
			tell(point)
		}
	})
	tell("")
	for range 3 {
		if err := e.remember(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	e.want("in the end", e.all(), "Émile=e@There there/3")
	e.want("after a power cut", e.again().all(), "Émile=e@There there/3")
}

// All peers together have a bound, and what a peer told before does not count against what it tells now.
func TestPeersTellNoMoreThan(t *testing.T) {
	e := fresh(t)
	var es []directory.Entry
	for i := range 60_000 {
		es = append(es, directory.Entry{Name: strings.Repeat("x", 100), Address: mail.Address{Type: mail.TypePC, Value: fmt.Sprintf("NETWORK/POST/U%05d", i)}})
	}
	l, err := directory.NewList(es)
	if err != nil {
		t.Fatal(err)
	}
	room := maxTold / size(l)
	for i := range room {
		if err := e.tell(fmt.Sprint(i), fmt.Sprint("end", i), l); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.tell("more", "more", l); err == nil {
		t.Errorf("%d bytes are held", (room+1)*size(l))
	}
	if err := e.tell("0", "end0", l); err != nil {
		t.Errorf("a peer that tells the same again: %v", err)
	}
}
