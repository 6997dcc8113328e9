package addressbook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// peerTable holds one record for each peer that told of anybody, under the UUID of its store.
const peerTable = "directory/peer"

// remembered is what a peer told, as a record.
type remembered struct {
	End     string      `json:"end"`
	Digest  []byte      `json:"digest"`
	Entries [][2]string `json:"entries"` // name and address
}

func (b *Book) loadPeers() {
	err := b.o.Store.Records(peerTable, func(peer string, value []byte) bool {
		t, err := parseTold(value)
		if err != nil {
			b.log.Warn("a remembered directory cannot be read and is left out", "peer", peer, "error", err)
			return true
		}
		b.peers[mail.StoreID(peer)] = t
		return true
	})
	if err != nil {
		b.log.Error("remembered directories cannot be read", "error", err)
	}
}

func parseTold(value []byte) (told, error) {
	var r remembered
	if err := json.Unmarshal(value, &r); err != nil {
		return told{}, err
	}
	if len(r.Digest) != 32 {
		return told{}, fmt.Errorf("a digest of %d bytes", len(r.Digest))
	}
	entries := make([]directory.Entry, len(r.Entries))
	for i, pair := range r.Entries {
		var err error
		if entries[i], err = directory.NewEntry(pair[0], pair[1]); err != nil {
			return told{}, err
		}
	}
	l, err := directory.NewList(entries)
	return told{end: r.End, digest: [32]byte(r.Digest), list: l, saved: true}, err
}

func (t told) record() ([]byte, error) {
	if t.list.Len() == 0 {
		return nil, nil
	}
	r := remembered{End: t.end, Digest: t.digest[:], Entries: make([][2]string, 0, t.list.Len())}
	for e := range t.list.All() {
		r.Entries = append(r.Entries, [2]string{e.Name, e.Address.String()})
	}
	return json.Marshal(r)
}

// again is how long Run waits before it tries to remember once more what it could not.
const again = 10 * time.Second

// Run remembers what peers tell, until ctx ends. It fails only with the store.
func (b *Book) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.heard:
		}
		if err := b.rememberAtLast(ctx); err != nil {
			return err
		}
	}
}

// rememberAtLast tries until it is done or ctx ends. What keeps it from that is told of once: a full store may stay so for days.
func (b *Book) rememberAtLast(ctx context.Context) error {
	for tries := 1; ; tries++ {
		err := b.remember(ctx)
		switch {
		case errors.Is(err, store.ErrFailed):
			return err
		case err == nil || ctx.Err() != nil:
			return nil
		case tries == 1:
			b.log.Warn("what peers told of their people could not be remembered yet", "error", err)
		}
		wait := time.NewTimer(again)
		select {
		case <-ctx.Done():
		case <-wait.C:
		}
		wait.Stop()
	}
}

// Forget drops what a peer told, for good: for one that will never come back.
func (b *Book) Forget(ctx context.Context, peer mail.StoreID) error {
	b.remembering.Lock()
	defer b.remembering.Unlock()
	b.o.Fault("addressbook.forget.before")
	err := b.o.Store.CommitCustody(ctx, func(tx *store.Tx) error {
		tx.Put(peerTable, string(peer), nil)
		return nil
	})
	if err != nil {
		return fmt.Errorf("addressbook: forget what %s told: %w", peer, err)
	}
	b.o.Fault("addressbook.forget.after")
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.peers, peer)
	b.view = nil
	return nil
}

// remember writes what is not written yet.
func (b *Book) remember(ctx context.Context) error {
	b.remembering.Lock()
	defer b.remembering.Unlock()
	b.mu.Lock()
	fresh := map[mail.StoreID]told{}
	for id, t := range b.peers {
		if !t.saved {
			fresh[id] = t
		}
	}
	b.mu.Unlock()
	if len(fresh) == 0 {
		return nil
	}
	b.o.Fault("addressbook.remember.before")
	err := b.o.Store.Commit(ctx, func(tx *store.Tx) error {
		for _, id := range slices.Sorted(maps.Keys(fresh)) {
			value, err := fresh[id].record()
			if err != nil {
				return err
			}
			tx.Put(peerTable, string(id), value)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("addressbook: remember what peers told: %w", err)
	}
	b.o.Fault("addressbook.remember.after")
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, t := range fresh {
		now := b.peers[id]
		if now.digest != t.digest || now.end != t.end {
			continue
		}
		if now.saved = true; now.list.Len() == 0 {
			delete(b.peers, id)
			continue
		}
		b.peers[id] = now
	}
	return nil
}
