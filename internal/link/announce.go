package link

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// Bounds on announcements: what one chunk holds, and what a whole set may hold, in addresses and in bytes of text.
const (
	chunkAddresses = 500
	setAddresses   = 100_000
	setBytes       = 8 << 20
)

// announcementDigest is the SHA-256 of a whole set: of every pattern and then of every exception, each as its length in
// eight bytes, big endian, and its text; between both, and at the end, eight bytes of ones; last the largest message.
func announcementDigest(patterns, except []string, most uint32) [32]byte {
	h := sha256.New()
	word := func(n uint64) { h.Write(binary.BigEndian.AppendUint64(nil, n)) }
	for _, texts := range [][]string{patterns, except} {
		for _, t := range texts {
			word(uint64(len(t)))
			h.Write([]byte(t))
		}
		word(^uint64(0))
	}
	word(uint64(most))
	return [32]byte(h.Sum(nil))
}

// announcement returns a channel that is closed when what this end announces may have changed. The first one is closed
// already, so that a session begins with an announcement.
func (s *session) announcement() <-chan struct{} {
	if s.l.o.Routes == nil {
		return nil
	}
	if !s.announcing {
		s.announcing = true
		now := make(chan struct{})
		close(now)
		return now
	}
	return s.l.o.Routes.Watch()
}

// announce sends what this end serves, if the peer was not told the same in this session.
func (s *session) announce(st pulseStream) error {
	patterns, except := s.l.o.Routes.Announced(s.p.id)
	var ps, es []string
	for _, p := range patterns {
		ps = append(ps, p.String())
	}
	for _, a := range except {
		es = append(es, a.String())
	}
	most := uint32(min(s.l.o.MaxMessageBytes, 1<<32-1))
	digest := announcementDigest(ps, es, most)
	generation, changed := s.p.nextGeneration(digest, s.l.o.Store.Epoch())
	if !changed && s.told == generation {
		return nil
	}
	s.told = generation
	for {
		c := &pb.AnnouncementChunk{Generation: generation, MaxMessageBytes: most}
		n := min(len(ps), chunkAddresses)
		c.Patterns, ps = ps[:n], ps[n:]
		n = min(len(es), chunkAddresses-n)
		c.Except, es = es[:n], es[n:]
		if c.Last = len(ps)+len(es) == 0; c.Last {
			c.Digest = digest[:]
		}
		if err := st.Send(pulse{announcement: c}); err != nil || c.Last {
			return err
		}
	}
}

// nextGeneration counts what the peer is told: it rises with every change, and with every start.
func (p *peer) nextGeneration(digest [32]byte, epoch uint64) (generation uint64, changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.generation != 0 && p.digest == digest {
		return p.generation, false
	}
	p.generation = max(p.generation, epoch<<32) + 1
	p.digest = digest
	return p.generation, true
}

// incoming is an announcement of which not all chunks have come.
type incoming struct {
	generation       uint64
	patterns, except []string
	bytes            int
}

// hearAnnouncement collects chunks; with the last one the set replaces what the peer announced before, as a whole.
func (s *session) hearAnnouncement(c *pb.AnnouncementChunk) error {
	in := s.incoming
	if in == nil || in.generation != c.GetGeneration() {
		in = &incoming{generation: c.GetGeneration()}
	}
	s.incoming = in
	in.patterns = append(in.patterns, c.GetPatterns()...)
	in.except = append(in.except, c.GetExcept()...)
	for _, t := range slices.Concat(c.GetPatterns(), c.GetExcept()) {
		in.bytes += len(t)
	}
	if len(in.patterns)+len(in.except) > setAddresses || in.bytes > setBytes {
		return violation("an announcement of more than %d addresses or %d bytes", setAddresses, setBytes)
	}
	if !c.GetLast() {
		return nil
	}
	s.incoming = nil
	if d := announcementDigest(in.patterns, in.except, c.GetMaxMessageBytes()); !bytes.Equal(d[:], c.GetDigest()) {
		return violation("an announcement that does not match its digest")
	}
	return s.replaceAnnouncement(in, c)
}

func (s *session) replaceAnnouncement(in *incoming, c *pb.AnnouncementChunk) error {
	address, _ := s.l.dialled(s.p)
	a := Announcement{
		Peer: s.p.id, End: s.p.name(), Address: address,
		Generation: in.generation, MaxMessageBytes: int64(c.GetMaxMessageBytes()),
	}
	for _, text := range in.patterns {
		p, err := mail.ParsePattern(text)
		if err != nil {
			return violation("an announcement: %s", err)
		}
		a.Patterns = append(a.Patterns, p)
	}
	for _, text := range in.except {
		e, err := mail.ParseAddress(text)
		if err != nil {
			return violation("an announcement: %s", err)
		}
		a.Except = append(a.Except, e)
	}
	if s.l.o.Routes != nil {
		if err := s.p.whileLive(s, func() error { s.l.o.Routes.Replace(a); return nil }); err != nil {
			return err
		}
	}
	s.l.o.Log.Info("announcement received", "peer", a.End, "patterns", len(a.Patterns), "except", len(a.Except), "generation", a.Generation)
	return nil
}
