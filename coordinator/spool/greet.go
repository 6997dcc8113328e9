package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"sidegate/coordinator/handshake"
	"sidegate/internal/store"
)

// small reports whether a file can be a handshake.
func (g *sighting) small() bool { return g.Size <= handshake.MaxSize }

// greet consumes the half's handshakes. It runs with the scans and needs neither room nor a free reader, so that the half
// gets its answer within two of them whatever else is stuck. A file in any slot is looked into before anything reads it as
// mail.
func (b *inbox) greet(ctx context.Context) error {
	if !b.s.mayTouch() {
		return nil
	}
	if err := b.linger(ctx); err != nil {
		return err
	}
	for _, g := range b.greetable(time.Now()) {
		if !b.begin(g) {
			continue
		}
		err := b.greetOne(ctx, g)
		if err := b.sort(ctx, g, err); err != nil {
			return err
		}
	}
	return nil
}

// greetable are the small files that nobody has looked into.
func (b *inbox) greetable(now time.Time) []*sighting {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	claimed := b.spokenFor()
	var list []*sighting
	for _, g := range b.seen {
		if g.ext != extWrite && !g.working && !g.plain && g.small() && !claimed[g.Name] && !now.Before(g.next) && g.stable(b.s.o.Scan, now) {
			list = append(list, g)
		}
	}
	slices.SortFunc(list, func(x, y *sighting) int {
		return cmp.Or(cmp.Compare(rank(x.ext), rank(y.ext)), cmp.Compare(x.first, y.first), cmp.Compare(x.slot, y.slot), strings.Compare(x.Name, y.Name))
	})
	return list
}

func (b *inbox) greetOne(ctx context.Context, g *sighting) error {
	path := join(b.dir, g.Name)
	data, e, err := readCapped(b.s.fs, path, handshake.MaxSize)
	if isGone(err) {
		b.absent(g)
		return nil
	}
	if errors.Is(err, errTooLong) || err == nil && e.Size != g.Size {
		return nil // it grew: the next listing tells
	}
	if err != nil {
		return fmt.Errorf("spool: read %s: %w", path, err)
	}
	rule, ok := handshake.RecogniseLike(b.s.o.Handshake, data)
	if !ok {
		b.mark(g, func() { g.plain = true })
		return nil
	}
	if b.left() {
		return nil
	}
	return b.consume(ctx, g, data, rule)
}

// left reports whether handshakes are to stay where they are: nothing could be taken here, and nobody is there to take it,
// so the half's own watch should say so. It asks only whether intake is open; a stuck reader or a slow disk never shows.
func (b *inbox) left() bool {
	left := b.s.o.Truthful && !b.s.o.Room() && b.s.o.EndsDown()
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.s.state.left = left
	return left
}

// consume takes a handshake away. It stays as .DEL for a while: should it have been a mail that was still being written,
// it grows there and is taken back.
func (b *inbox) consume(ctx context.Context, g *sighting, data []byte, rule handshake.Rule) error {
	from, mid, to := join(b.dir, g.Name), join(b.dir, withExt(g.Name, extRead)), join(b.dir, withExt(g.Name, extDone))
	if g.ext == extMail {
		err := b.s.step("handshake.claim", func() error { return b.s.move(from, mid, g.Size) })
		if err != nil {
			return fmt.Errorf("spool: consume %s: %w", from, err)
		}
		if again, _, err := readCapped(b.s.fs, mid, handshake.MaxSize); err != nil || string(again) != string(data) {
			return fmt.Errorf("spool: consume %s: %w", from, errors.Join(errChanged, err, b.s.move(mid, from, -1)))
		}
	}
	b.gone(g)
	c := &claim{Dir: b.name, Name: g.Name, Claimed: withExt(g.Name, extDone), Size: g.Size, SHA256: hashOf(data), State: claimLingering,
		Time: b.s.store.Now(), since: time.Now(), Reason: string(rule)}
	if b.s.volume.ids {
		c.ID = g.ID
	}
	if err := b.s.step("handshake.record", func() error { return b.copied(ctx, c, data, rule) }); err != nil {
		// H3: it is consumed all the same. What fails here is the memory of it.
		b.s.log.Warn("a handshake could not be recorded", "error", err)
		if ctx.Err() != nil || errors.Is(err, store.ErrFailed) {
			return err
		}
	}
	b.s.noteHandshake()
	b.s.log.Debug("handshake consumed", "file", b.s.fs.Path(from), "rule", rule)
	if g.ext == extDone {
		return nil
	}
	if err := b.clear(to); err != nil {
		return err
	}
	return b.s.step("handshake.rename", func() error { return b.s.move(mid, to, g.Size) })
}

// clear removes the .DEL of a former handshake, which the half has outrun.
func (b *inbox) clear(name string) error {
	data, _, err := readCapped(b.s.fs, name, handshake.MaxSize)
	if isGone(err) {
		return nil
	}
	if _, ok := handshake.RecogniseLike(b.s.o.Handshake, data); err != nil || !ok {
		return fmt.Errorf("spool: %s stands in the way: %w", name, errors.Join(fs.ErrExist, err))
	}
	return ignoreGone(b.s.fs.Remove(name))
}

func (s *Spool) noteHandshake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.counts.HandshakesConsumed++
	s.state.produced = time.Now()
	s.state.taken = time.Now()
}

// copied records a handshake and the watch over its remains, which replaces a former one in that slot.
func (b *inbox) copied(ctx context.Context, c *claim, data []byte, rule handshake.Rule) error {
	var former []*claim
	b.s.mu.Lock()
	for _, old := range b.claims {
		if old.State == claimLingering && strings.EqualFold(old.Claimed, c.Claimed) {
			former = append(former, old)
			delete(b.claims, old.N)
		}
	}
	b.s.lastClaim++
	c.N = b.s.lastClaim
	b.claims[c.N] = c
	b.s.mu.Unlock()
	return b.s.journal.commit(ctx, func(tx *store.Tx) error {
		for _, old := range former {
			tx.Put(tableClaims, old.key(), nil)
		}
		record(tx, tableClaims, c.key(), c)
		record(tx, tableHandshakes, number(c.N), copyRecord{Name: c.Name, Dir: c.Dir, Time: c.Time, Content: data, Rule: string(rule)})
		return nil
	})
}

// linger watches what is left of handshakes: an empty one for T, any other for two scans.
func (b *inbox) linger(ctx context.Context) error {
	b.s.mu.Lock()
	var list []*claim
	for _, c := range b.claims {
		if c.State == claimLingering {
			list = append(list, c)
		}
	}
	b.s.mu.Unlock()
	for _, c := range list {
		if err := b.sort(ctx, nil, b.lingerOne(ctx, c)); err != nil {
			return err
		}
	}
	return nil
}

func (b *inbox) lingerOne(ctx context.Context, c *claim) error {
	path := join(b.dir, c.Claimed)
	e, err := b.s.fs.Lstat(path)
	switch {
	case isGone(err):
		return b.lingered(ctx, c)
	case err != nil:
		return fmt.Errorf("spool: look at %s: %w", path, err)
	case c.ID != 0 && e.ID != c.ID || b.doomed(c.Claimed):
		return b.lingered(ctx, c) // another file has the name; ours is gone
	case e.Size != c.Size:
		// It was a mail, after all, and its writer has gone on. As a claimed file it is read once it is stable.
		back := join(b.dir, withExt(c.Claimed, extRead))
		b.s.log.Info("what looked like a handshake grew; it is mail", "file", b.s.fs.Path(path), "bytes", e.Size)
		if err := b.s.step("handshake.restore", func() error { return b.s.move(path, back, -1) }); err != nil {
			return fmt.Errorf("spool: take %s back: %w", path, err)
		}
		return b.lingered(ctx, c)
	}
	wait := 2 * b.s.o.Scan
	if c.Size == 0 {
		wait = b.s.T()
	}
	if time.Since(c.since) < wait {
		return nil
	}
	if err := b.s.step("handshake.unlink", func() error { return ignoreGone(b.s.fs.Remove(path)) }); err != nil {
		return fmt.Errorf("spool: remove %s: %w", path, err)
	}
	return b.lingered(ctx, c)
}

// doomed reports whether a .DEL is the rest of a mail.
func (b *inbox) doomed(name string) bool {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	for _, c := range b.claims {
		if c.State != claimLingering && doneName(c.Claimed) == name {
			return true
		}
	}
	return false
}

// lingered ends the watch. The record of it goes with a commit of its own: it is small, and handshakes are rare.
func (b *inbox) lingered(ctx context.Context, c *claim) error {
	b.s.mu.Lock()
	delete(b.claims, c.N)
	b.s.mu.Unlock()
	return b.s.journal.commit(ctx, func(tx *store.Tx) error { tx.Put(tableClaims, c.key(), nil); return nil })
}
