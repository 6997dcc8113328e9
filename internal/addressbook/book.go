package addressbook

import (
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/go-hclog"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Bounds on what peers tell: how many of them are listened to, and how much they may say together.
const (
	maxPeers = 64
	maxTold  = 64 << 20 // bytes of names and addresses
)

// Options sets a Book up. Store and End are needed.
type Options struct {
	Store *store.Store
	End   string       // own name
	Log   hclog.Logger // nil: silent
	// Fault is called at every one of FaultPoints, for tests that die there.
	Fault func(point string)
}

// FaultPoints lists where Options.Fault is called: just before and just after each commit.
var FaultPoints = []string{
	"addressbook.import.before", "addressbook.import.after",
	"addressbook.remember.before", "addressbook.remember.after",
	"addressbook.forget.before", "addressbook.forget.after",
}

// Book is the directory of one end. Its methods may be called from several goroutines.
type Book struct {
	o   Options
	log hclog.Logger

	importing   sync.Mutex // held over the commit of an import
	remembering sync.Mutex // held over a commit about what peers told

	mu        sync.Mutex                 // guards what follows
	mailboxes map[string]directory.Entry // by key of the address
	imported  directory.List
	peers     map[mail.StoreID]told
	own       *directory.List // made of mailboxes and imported when it is asked for
	view      *View           // likewise, of everything
	changed   chan struct{}   // closed when what is told to peers changes
	heard     chan struct{}   // has one when something a peer told is not remembered yet
}

// Open reads what is remembered.
func Open(o Options) (*Book, error) {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Fault == nil {
		o.Fault = func(string) {}
	}
	b := &Book{
		o: o, log: o.Log.Named("directory"), mailboxes: map[string]directory.Entry{}, peers: map[mail.StoreID]told{},
		changed: make(chan struct{}), heard: make(chan struct{}, 1),
	}
	var err error
	if b.mailboxes, err = b.readEntries(mailboxTable); err != nil {
		return nil, fmt.Errorf("addressbook: names of mailboxes: %w", err)
	}
	imported, err := b.readEntries(importTable)
	if err == nil {
		b.imported, err = directory.NewList(values(imported))
	}
	if err != nil {
		return nil, fmt.Errorf("addressbook: imported entries: %w", err)
	}
	b.loadPeers()
	return b, nil
}

func values(m map[string]directory.Entry) []directory.Entry {
	out := make([]directory.Entry, 0, len(m))
	for _, e := range m {
		out = append(out, e)
	}
	return out
}

// Own is what this end tells its peers: its named mailboxes and what was imported, as far as one list can hold them.
func (b *Book) Own() directory.List {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ownList()
}

// ownList is Own with b.mu held.
func (b *Book) ownList() directory.List {
	if b.own == nil {
		all := directory.Merge(values(b.mailboxes), slices.Collect(b.imported.All()))
		l, err := directory.NewList(slices.Collect(all.All()))
		if err != nil {
			l, _ = directory.NewList(values(b.mailboxes)) // nobody, if they alone are too many
			b.log.Error("the directory of this end is too large; at most its mailboxes are told to others", "entries", all.Len(), "told", l.Len(), "error", err)
		}
		b.own = &l
	}
	return *b.own
}

// Imported is what was imported here.
func (b *Book) Imported() directory.List {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.imported
}

// Watch returns a channel that is closed when Own changes. Call it before Own.
func (b *Book) Watch() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

// ownChanged takes note that own entries have changed. b.mu is held.
func (b *Book) ownChanged() {
	b.own, b.view = nil, nil
	close(b.changed)
	b.changed = make(chan struct{})
}

// Find returns everybody, here or at a peer, whose friendly name or mailbox name is name.
func (b *Book) Find(name string) []directory.Entry { return b.View().Find(name) }
