package addressbook

import (
	"fmt"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
)

// told is what one peer told.
type told struct {
	end    string
	digest [32]byte
	list   directory.List
	heard  bool // since the start
	saved  bool
}

// Held is the digest of what is held of a peer, all zeros for nothing.
func (b *Book) Held(peer mail.StoreID) [32]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.peers[peer].digest
}

// Heard takes note that a peer is alive and has no more to tell than what is held of it.
func (b *Book) Heard(peer mail.StoreID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t, known := b.peers[peer]; known && !t.heard {
		t.heard = true
		b.peers[peer] = t
		b.view = nil
	}
}

// Replace makes a list, whose digest as it was told is given, the whole of what a peer told. It refuses what is too much.
func (b *Book) Replace(peer mail.StoreID, end string, l directory.List, digest [32]byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	bytes := size(l)
	for id, t := range b.peers {
		if id != peer {
			bytes += size(t.list)
		}
	}
	_, known := b.peers[peer]
	if l.Len() > 0 && (!known && len(b.peers) >= maxPeers || bytes > maxTold) {
		return fmt.Errorf("addressbook: the directory of %s is one too many: %d are held, and all together have %d bytes", end, len(b.peers), bytes)
	}
	b.peers[peer] = told{end: end, digest: digest, list: l, heard: true}
	b.view = nil
	select {
	case b.heard <- struct{}{}:
	default:
	}
	return nil
}

func size(l directory.List) int {
	n := 0
	for e := range l.All() {
		n += len(e.Name) + len(e.Address.Value)
	}
	return n
}
