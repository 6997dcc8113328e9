package spool

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sort"
	"time"

	"sidegate/internal/store"
)

// maxAttempts is how often one file is tried before it is put away as bad mail.
const maxAttempts = 5

// repeatTime is the time within which a third equal file is held back: something sends it again and again. KB Q119022.
const repeatTime = 10 * time.Minute

func hashOf(data []byte) sum {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// importLoop reads mail. It is apart from the scans, so that a message that takes long never keeps a handshake waiting.
func (s *Spool) importLoop(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.toRead:
		}
		for _, b := range s.in {
			if err := b.read(ctx); err != nil {
				return err
			}
		}
	}
}

// read goes once over everything that is to be done: claims first, then new files. Only a failure of the store, or the
// end of ctx, is an error; what is wrong with one file stays with that file.
func (b *inbox) read(ctx context.Context) error {
	for _, c := range b.open() {
		if !b.s.mayTouch() {
			return nil
		}
		if err := b.sort(ctx, nil, b.advance(ctx, c)); err != nil {
			return err
		}
	}
	for _, g := range b.candidates(time.Now()) {
		if !b.s.mayTouch() || !b.s.o.Room() || !b.s.mayClaim() || b.heldUp() {
			break
		}
		if !b.begin(g) {
			continue
		}
		if err := b.sort(ctx, g, b.take(ctx, g)); err != nil {
			return err
		}
	}
	return b.flush(ctx)
}

// open are the claims that are due, oldest first. Lingering ones are the scanner's.
func (b *inbox) open() []*claim {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	var list []*claim
	for _, c := range b.claims {
		if c.State != claimLingering && !time.Now().Before(c.next) {
			list = append(list, c)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].N < list[j].N })
	return list
}

// sort tells the failures that end us from those of one file, which is tried again later.
func (b *inbox) sort(ctx context.Context, g *sighting, err error) error {
	if g != nil {
		later := time.Duration(0)
		if err != nil {
			later = b.backoff(g.tries)
		}
		b.end(g, later)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrFailed) || ctx.Err() != nil:
		return err
	case isDown(err):
		b.s.shareFailed("read", err)
	case errors.Is(err, store.ErrFull):
		b.s.log.Debug("no room", "error", err)
	default:
		b.s.log.Warn("a file has to wait", "error", err)
		b.s.oldLog(b.name).Trouble(fileTrouble(err))
	}
	return nil
}

// take reads one new file.
func (b *inbox) take(ctx context.Context, g *sighting) error {
	path := join(b.dir, g.Name)
	data, e, err := readCapped(b.s.fs, path, b.s.o.MaxRead)
	if isGone(err) {
		b.absent(g)
		return nil
	}
	long := errors.Is(err, errTooLong)
	if err != nil && !long {
		return fmt.Errorf("spool: read %s: %w", path, err)
	}
	if !e.same(g.Entry) && e.Size != g.Size {
		return nil // it has changed since the listing: the next one will tell
	}
	if g.ext == extDone {
		return b.remnant(ctx, g, data)
	}
	c := &claim{Dir: b.name, Name: g.Name, Claimed: claimedName(g), Size: e.Size, SHA256: hashOf(data), State: claimReading,
		Attempts: 1, Time: b.s.store.Now()}
	var out parsed
	switch {
	case long:
		out = tooLong(e.Size, b.s.o.MaxRead)
	case b.suspects[c.SHA256] >= 2:
		out = poison()
	default:
		c.Parsing = true
	}
	if err := b.s.step("claim.journal", func() error { return b.enter(ctx, c) }); err != nil {
		return err
	}
	if c.Parsing {
		out = b.s.parse(ctx, data)
		c.Parsing = false
	}
	if out.incomplete && g.age(time.Now()) < b.s.o.Incomplete {
		b.s.log.Info("a file is incomplete", "file", path, "bytes", e.Size)
		b.mark(g, func() { g.cut = true })
		return b.withdraw(ctx, c, true)
	}
	if err := b.claim(g, c, data, long); err != nil {
		return errors.Join(err, b.withdraw(ctx, c, true))
	}
	b.gone(g)
	b.s.claimed()
	return b.settle(ctx, c, out, data)
}

func (b *inbox) mark(g *sighting, change func()) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	change()
}
