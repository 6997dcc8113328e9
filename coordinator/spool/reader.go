package spool

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"
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
		if !b.s.mayTouch() || !b.s.o.Room() {
			break
		}
		if !b.s.mayClaim() {
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

// claimedName is what a file is called once it is claimed. One that a predecessor claimed keeps its name (KB Q148768).
func claimedName(g *sighting) string {
	if g.ext == extRead {
		return g.Name
	}
	return withExt(g.Name, extRead)
}

// enter records a claim that is about to be made, together with those that are over.
func (b *inbox) enter(ctx context.Context, c *claim) error {
	b.s.mu.Lock()
	b.s.lastClaim++
	c.N = b.s.lastClaim
	over := b.forget
	b.s.mu.Unlock()
	err := b.s.store.Commit(ctx, func(tx *store.Tx) error {
		record(tx, tableClaims, c.key(), c)
		for _, o := range over {
			record(tx, tableClaims, o.key(), o)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("spool: claim %s: %w", c.Name, err)
	}
	b.forget = b.forget[len(over):]
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.claims[c.N] = c
	return nil
}

// withdraw forgets a claim of a file that stays as it is; and, if it was parsed without harm, that it was ever suspected.
func (b *inbox) withdraw(ctx context.Context, c *claim, harmless bool) error {
	b.s.mu.Lock()
	delete(b.claims, c.N)
	b.s.mu.Unlock()
	return b.s.step("claim.forget", func() error {
		return b.s.journal.commit(ctx, func(tx *store.Tx) error {
			tx.Put(tableClaims, c.key(), nil)
			if harmless {
				tx.Put(tableSuspects, c.SHA256, nil)
			}
			return nil
		})
	})
}

var errChanged = errors.New("it changed while it was being read")

// claim renames the file and makes sure that it is still what was read.
func (b *inbox) claim(g *sighting, c *claim, data []byte, long bool) error {
	from, to := join(b.dir, g.Name), join(b.dir, c.Claimed)
	if from != to {
		err := b.s.step("claim.rename", func() error { return b.s.move(from, to, g.Size) })
		if err != nil {
			return fmt.Errorf("spool: claim %s: %w", from, err)
		}
	}
	again, _, err := readCapped(b.s.fs, to, b.s.o.MaxRead)
	if err != nil && !(long && errors.Is(err, errTooLong)) {
		if from == to || b.s.move(to, from, g.Size) != nil {
			return fmt.Errorf("spool: read %s again: %w", to, err)
		}
		return fmt.Errorf("spool: read %s again: %w", from, err)
	}
	if hashOf(again) == hashOf(data) {
		return nil
	}
	if from != to {
		if err := b.s.move(to, from, int64(len(again))); err != nil {
			return fmt.Errorf("spool: give %s back: %w", from, err)
		}
	}
	return fmt.Errorf("spool: claim %s: %w", from, errChanged)
}

// move renames and settles doubtful answers by looking at both names: volumes lose replies, and the rename may have been
// done all the same. What went without a trace of the new name is not ours to call done.
func (s *Spool) move(from, to string, size int64) error {
	err := s.fs.Rename(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	_, old := s.fs.Lstat(from)
	if e, found := s.fs.Lstat(to); isGone(old) && found == nil && (size < 0 || e.Size == size) {
		s.log.Debug("a rename was done and reported as failed", "file", to, "error", err)
		return nil
	}
	return err
}

// advance goes on with a claim: after a start, or when something failed before.
func (b *inbox) advance(ctx context.Context, c *claim) error {
	err := b.resume(ctx, c)
	if err != nil {
		c.waits++
		c.next = time.Now().Add(b.backoff(c.waits))
	}
	if err != nil && !passing(err) {
		c.Attempts++
	}
	return err
}

// passing reports an error that is no fault of the file: a store without room, a volume that fails, somebody who has it open.
func passing(err error) bool {
	return errors.Is(err, store.ErrFull) || errors.Is(err, context.Canceled) || isDown(err) || isBusy(err) || isFull(err)
}

func (b *inbox) resume(ctx context.Context, c *claim) error {
	// What is settled only has to go. The name may be another claim's by now: both look for their own bytes.
	switch c.State {
	case claimImported:
		return b.finish(ctx, c)
	case claimBad:
		return b.finishBad(ctx, c)
	}
	path := join(b.dir, c.Claimed)
	data, _, err := readCapped(b.s.fs, path, b.s.o.MaxRead)
	long := errors.Is(err, errTooLong)
	if err != nil && !isGone(err) && !long {
		return fmt.Errorf("spool: read %s: %w", path, err)
	}
	found := err == nil || long
	if found && hashOf(data) != c.SHA256 {
		// Another file under the name of ours: what we claimed is gone, and this one is judged on its own.
		b.s.log.Info("a claimed file was replaced", "file", path)
		return b.over(ctx, c)
	}
	if !found {
		return b.missing(ctx, c)
	}
	var out parsed
	switch {
	case long:
		out = tooLong(c.Size, b.s.o.MaxRead)
	case b.suspects[c.SHA256] >= 2:
		out = poison()
	case c.Attempts > maxAttempts:
		out = failing(c.Attempts, c.Explanation)
	default:
		c.Parsing = true
		if err := b.s.journal.put(ctx, tableClaims, c.key(), c); err != nil {
			return err
		}
		out = b.s.parse(ctx, data)
		c.Parsing = false
	}
	return b.settle(ctx, c, out, data)
}

// missing decides on a claim without a file: the rename never happened, or somebody took the file from us.
func (b *inbox) missing(ctx context.Context, c *claim) error {
	if _, err := b.s.fs.Lstat(join(b.dir, c.Name)); err == nil {
		return b.withdraw(ctx, c, false)
	} else if !isGone(err) {
		return err
	}
	if c.absent++; c.absent < 2 {
		c.next = time.Now().Add(b.s.o.Scan)
		return nil
	}
	b.s.strike("claim", fmt.Sprintf("%s, which we had claimed, was taken away", b.s.fs.Path(join(b.dir, c.Claimed))))
	return b.over(ctx, c)
}

// remnant deals with a .DEL that no claim names: the rest of one of ours, or of another gateway's.
func (b *inbox) remnant(ctx context.Context, g *sighting, data []byte) error {
	path := join(b.dir, g.Name)
	b.s.mu.Lock()
	known := len(b.done[hashOf(data)]) > 0
	b.s.mu.Unlock()
	if known {
		if err := b.s.fs.Remove(path); err != nil && !isGone(err) {
			return fmt.Errorf("spool: remove %s: %w", path, err)
		}
		b.gone(g)
		return nil
	}
	b.s.alarm("del", fmt.Sprintf("%s is deleted by nobody we know: a sign of several gateways if there are more (KB Q130066)", b.s.fs.Path(path)))
	c := &claim{Dir: b.name, Name: g.Name, Claimed: g.Name, Size: g.Size, SHA256: hashOf(data), State: claimReading, Attempts: 1, Time: b.s.store.Now()}
	if err := b.s.step("claim.journal", func() error { return b.enter(ctx, c) }); err != nil {
		return err
	}
	b.gone(g)
	return b.settle(ctx, c, stray(strings.ToUpper(g.Name)), data)
}
