package spool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// leaseName is the file in the root of a spool that says who owns it. It is not in the mail directories: the legacy halves
// never see it.
const leaseName = "GWOWNER.LCK"

// The lease is renewed by raising its counter, and may be taken over once the counter has stood still for leaseTime of
// the observer's own running time. File times play no part.
const (
	leaseRenew = 15 * time.Second
	leaseTime  = 60 * time.Second
	leaseFresh = leaseTime / 2 // an older proof than this allows no publishing
	leaseBlock = 4             // beats that the store allows at once, so that an idle spool costs one write a minute
)

// lease is what the file holds: one line of JSON, padded to a fixed length so that it can be replaced in one write.
type lease struct {
	Owner   mail.StoreID `json:"owner"`
	Epoch   uint64       `json:"epoch"`
	Counter uint64       `json:"counter"`
}

const leaseLength = 160

var errLease = errors.New("cannot be read as a lease")

func readLease(v FS) (lease, error) {
	data, _, err := readCapped(v, leaseName, 1024)
	if err != nil {
		return lease{}, err
	}
	return parseLease(data)
}

func parseLease(data []byte) (lease, error) {
	var l lease
	if json.Unmarshal(data, &l) != nil || l.Owner == "" {
		return lease{}, errLease
	}
	return l, nil
}

func (l lease) bytes() []byte {
	b, err := json.Marshal(l)
	if err != nil {
		panic(err) // three plain fields
	}
	for len(b) < leaseLength-1 {
		b = append(b, ' ')
	}
	return append(b, '\n')
}

// leaseRecord is what the store knows of the lease: up to which beat it is ours. Until a new start's first beat is written,
// the file still holds the last beat of the start before; whoever dies between the two has to know that one as well.
type leaseRecord struct {
	beats
	Before *beats `json:"before,omitempty"`
}

// beats are those of one start.
type beats struct {
	Epoch   uint64 `json:"epoch"`
	From    uint64 `json:"from"`
	Through uint64 `json:"through"`
}

func (b beats) covers(l lease) bool {
	return b.Epoch == l.Epoch && b.From <= l.Counter && l.Counter <= b.Through
}

// ours reports whether a lease of this store is one that it allowed.
func (r leaseRecord) ours(l lease) bool { return r.covers(l) || r.Before != nil && r.Before.covers(l) }

// keeper takes and keeps the lease of one spool. Only its own goroutine writes; others ask fresh.
type keeper struct {
	s    *Spool
	held lease // what we wrote last and found there
	next lease // what we wrote last, found there or not

	seen  lease     // somebody else's, while waiting
	still time.Time // since when it has stood still
}

// owner refuses a spool that another store owns, unless it is to be adopted.
func (k *keeper) owner() error {
	l, err := readLease(k.s.fs)
	switch {
	case isGone(err) || errors.Is(err, errLease):
		return nil
	case err != nil:
		return fmt.Errorf("spool: read %s: %w", k.s.fs.Path(leaseName), err)
	case l.Owner != k.s.store.ID() && !k.s.o.Adopt:
		return fmt.Errorf("spool: %s belongs to the store %s (lease %s); stop that coordinator and start this one with --adopt",
			k.s.fs.Path("."), l.Owner, k.s.fs.Path(leaseName))
	}
	return nil
}

// take waits until the lease is ours.
func (k *keeper) take(ctx context.Context) error {
	for {
		ok, err := k.tryTake(ctx)
		if ok {
			return nil
		}
		if final(ctx, err) {
			return err
		}
		if err != nil {
			k.s.shareFailed("lease", err)
		}
		if !sleep(ctx, k.s.o.Scan) {
			return ctx.Err()
		}
	}
}

// tryTake looks once and takes the lease if it is free, ours, or has stood still long enough.
func (k *keeper) tryTake(ctx context.Context) (bool, error) {
	now := time.Now()
	l, err := readLease(k.s.fs)
	switch {
	case isGone(err):
		return k.write(ctx, lease{Owner: k.s.store.ID(), Epoch: k.s.store.Epoch(), Counter: 1}, true)
	case errors.Is(err, errLease):
		l = lease{} // half written: judged like any other that stands still
	case err != nil:
		return false, err
	}
	var known leaseRecord
	if _, err := k.s.journal.get(tableSpool, "lease", &known); err != nil {
		return false, err
	}
	if l.Owner == k.s.store.ID() && known.ours(l) {
		k.held = l
		return k.write(ctx, lease{Owner: l.Owner, Epoch: k.s.store.Epoch(), Counter: l.Counter + 1}, false)
	}
	if l != k.seen || k.still.IsZero() {
		k.seen, k.still = l, now
	}
	k.s.leaseAwaited(l.Owner, now.Sub(k.still))
	if now.Sub(k.still) < leaseTime {
		return false, nil
	}
	return k.write(ctx, lease{Owner: k.s.store.ID(), Epoch: k.s.store.Epoch(), Counter: l.Counter + 1}, false)
}

// write writes the lease and reads it back. The store allows the beat beforehand, so that after a crash what lies on the
// share is known to be ours.
func (k *keeper) write(ctx context.Context, l lease, fresh bool) (bool, error) {
	var known leaseRecord
	if _, err := k.s.journal.get(tableSpool, "lease", &known); err != nil {
		return false, err
	}
	if !known.covers(l) {
		k.s.fault("spool.lease.allow.before")
		next := leaseRecord{beats: beats{Epoch: l.Epoch, From: l.Counter, Through: l.Counter + leaseBlock}}
		if k.held.Owner == l.Owner {
			next.Before = &beats{Epoch: k.held.Epoch, From: k.held.Counter, Through: k.held.Counter}
		}
		err := k.s.journal.put(ctx, tableSpool, "lease", next)
		if err != nil {
			return false, err
		}
		k.s.fault("spool.lease.allow.after")
	}
	k.next = l
	if fresh {
		if err := writeNew(k.s.fs, leaseName, l.bytes()); err != nil {
			return false, err
		}
	} else if err := k.s.fs.Overwrite(leaseName, l.bytes()); err != nil {
		return false, err
	}
	if back, err := readLease(k.s.fs); err != nil || back != l {
		return false, err
	}
	k.held, k.still = l, time.Time{}
	k.s.leaseTaken(l)
	return true, nil
}

// run renews the lease until ctx ends.
func (k *keeper) run(ctx context.Context) error {
	for sleep(ctx, leaseRenew) {
		if err := k.renew(ctx); err != nil {
			return err
		}
	}
	return nil
}

// renew raises the counter. A lease that is not as we left it belongs to somebody who does not see us, or whom we did
// not see: we stop writing and stand in line.
func (k *keeper) renew(ctx context.Context) error {
	l, err := readLease(k.s.fs)
	switch {
	case err != nil && !isGone(err) && !errors.Is(err, errLease):
		k.s.shareFailed("lease", err)
		return nil
	case err == nil && (l == k.held || l == k.next):
		k.held = l
		next := l
		next.Counter++
		if _, err := k.write(ctx, next, false); final(ctx, err) {
			return err
		} else if err != nil {
			k.s.shareFailed("lease", err)
		}
		return nil
	case isGone(err):
		k.s.leaseLost("the lease file has vanished")
	default:
		k.s.leaseLost(fmt.Sprintf("the lease was changed by store %s, start %d, beat %d", l.Owner, l.Epoch, l.Counter))
	}
	k.s.strike("lease", "the lease was changed by somebody else")
	return k.take(ctx)
}

// final tells failures of ours, which end the work, from those of the volume, which pass.
func final(ctx context.Context, err error) bool {
	return errors.Is(err, store.ErrFailed) || err != nil && ctx.Err() != nil
}

// sleep waits and reports whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
