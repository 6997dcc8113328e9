package spool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sidegate/internal/store"
)

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
