package link

import (
	"bytes"
	"fmt"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// Bounds on one chunk of a directory.
const (
	chunkEntries = 500
	chunkBytes   = 128 << 10
)

// Directory knows who has an address at which end.
type Directory interface {
	// Own is who this end tells its peers of.
	Own() directory.List
	// Watch returns a channel that is closed when Own may have changed. It is asked for again after that.
	Watch() <-chan struct{}
	// Held is the digest of what is held of a peer, all zeros if nothing is.
	Held(peer mail.StoreID) [32]byte
	// Heard takes note that a session with a peer has begun.
	Heard(peer mail.StoreID)
	// Replace makes a list, told with this digest, take the place of everything the peer told before. An error says that
	// it is not kept.
	Replace(peer mail.StoreID, end string, l directory.List, digest [32]byte) error
}

// telling is what a session has told of this end's directory. It belongs to the goroutine that speaks.
type telling struct {
	changed    <-chan struct{} // of the directory
	stale      bool            // it may not be what the peer holds
	held       [32]byte        // what the peer holds, or will when everything is sent
	generation uint64
	rest       []directory.Entry // not sent yet
	last       bool              // the last chunk is not sent yet
}

// watchDirectory makes the next beat look at the directory. It is called first when the session begins, and then when the
// directory has changed.
func (s *session) watchDirectory() {
	if s.l.o.Directory == nil {
		return
	}
	s.telling.changed, s.telling.stale = s.l.o.Directory.Watch(), true
}

// beginTelling looks whether the peer holds what the directory says now, and begins to tell it if not. It is called at
// every beat, so that many changes cost one telling; one that has begun is finished first.
func (s *session) beginTelling() {
	t := &s.telling
	if !t.stale || t.last {
		return
	}
	t.stale = false
	var own []directory.Entry
	for e := range s.l.o.Directory.Own().All() {
		own = append(own, e)
	}
	if d := directory.Digest(own); d != t.held {
		t.held, t.rest, t.last = d, own, true
		t.generation = s.p.nextTelling(s.l.o.Store.Epoch())
	}
}

// toTell returns a channel that can be received from while there is something to send.
func (s *session) toTell() <-chan struct{} {
	if s.telling.last {
		return always
	}
	return nil
}

var always = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// tellOn sends the next chunk of the directory.
func (s *session) tellOn(st pulseStream) error {
	t := &s.telling
	c := &pb.DirectoryChunk{Generation: t.generation}
	for bytes := 0; len(t.rest) > 0 && len(c.Entries) < chunkEntries && bytes < chunkBytes; t.rest = t.rest[1:] {
		e := &pb.DirectoryEntry{Name: t.rest[0].Name, Address: t.rest[0].Address.String()}
		bytes += len(e.Name) + len(e.Address)
		c.Entries = append(c.Entries, e)
	}
	if c.Last = len(t.rest) == 0; c.Last {
		t.rest, t.last = nil, false
		c.Digest = digestBytes(t.held)
	}
	return st.Send(pulse{directory: c})
}

// digestBytes is a digest on the wire: nothing for the digest of nothing.
func digestBytes(d [32]byte) []byte {
	if d == ([32]byte{}) {
		return nil
	}
	return d[:]
}

// nextTelling counts the directories that the peer is told: it rises with every one, and with every start.
func (p *peer) nextTelling(epoch uint64) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.telling = max(p.telling, epoch<<32) + 1
	return p.telling
}

// hearing is a directory of which not all chunks have come. One that cannot be used is dropped and waited out.
type hearing struct {
	generation uint64
	entries    []directory.Entry
	bytes      int
	refused    bool
}

// hearDirectory collects chunks; with the last one they replace what the peer told before, as a whole. What is wrong with a
// directory costs the directory and not the session, since mail does not depend on it.
func (s *session) hearDirectory(c *pb.DirectoryChunk) {
	if s.l.o.Directory == nil {
		return
	}
	in := s.hearing
	if in == nil || in.generation != c.GetGeneration() {
		in = &hearing{generation: c.GetGeneration()}
	}
	if s.hearing = in; c.GetLast() {
		s.hearing = nil
	}
	if in.refused {
		return
	}
	err := in.add(c.GetEntries())
	if err == nil && c.GetLast() {
		err = s.replaceDirectory(in, c.GetDigest())
	}
	if err != nil {
		in.refused, in.entries = true, nil
		s.l.o.Log.Warn("a directory is not used; the former one stays", "peer", s.p.name(), "generation", in.generation, "error", err)
	}
}

// add takes entries in the one form in which they are told.
func (in *hearing) add(entries []*pb.DirectoryEntry) error {
	for _, p := range entries {
		in.bytes += len(p.GetName()) + len(p.GetAddress())
		if len(in.entries) == directory.MaxEntries || in.bytes > directory.MaxBytes {
			return fmt.Errorf("link: a directory of more than %d entries or %d bytes", directory.MaxEntries, directory.MaxBytes)
		}
		e, err := directory.NewEntry(p.GetName(), p.GetAddress())
		if err == nil && (e.Name != p.GetName() || e.Address.String() != p.GetAddress()) {
			err = fmt.Errorf("should be written %q, %s", e.Name, e.Address)
		}
		if err != nil {
			return fmt.Errorf("link: entry %d of a directory: %w", len(in.entries)+1, err)
		}
		in.entries = append(in.entries, e)
	}
	return nil
}

func (s *session) replaceDirectory(in *hearing, digest []byte) error {
	told := directory.Digest(in.entries)
	if !bytes.Equal(digestBytes(told), digest) {
		return fmt.Errorf("link: a directory of %d entries that does not match its digest", len(in.entries))
	}
	l, err := directory.NewList(in.entries)
	if err != nil {
		return err
	}
	name := s.p.name()
	if err := s.p.whileLive(s, func() error { return s.l.o.Directory.Replace(s.p.id, name, l, told) }); err != nil {
		return err
	}
	s.l.o.Log.Info("directory received", "peer", name, "entries", l.Len(), "generation", in.generation)
	return nil
}

// whileLive does something unless the session was replaced. What the next one says it holds is looked up when it is live,
// so nothing an older one has heard comes behind that.
func (p *peer) whileLive(s *session, do func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live != s {
		return fmt.Errorf("link: the session was replaced")
	}
	return do()
}
