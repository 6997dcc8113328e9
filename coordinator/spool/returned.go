package spool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// ReasonRejected is why a message comes back that the half put into BADMAIL.
const ReasonRejected = "REJECTED_BY_LEGACY"

// see looks at BADMAIL: a file of ours there was refused by the half, and its sender is told, once. Files that come and go
// otherwise are a sign of somebody at work.
func (d *badDir) see(ctx context.Context, entries []Entry) error {
	names := make(map[string]int64, len(entries))
	for _, e := range entries {
		if !e.Regular() || isDropping(e.Name) {
			continue
		}
		names[e.Name] = e.Size
		if old, seen := d.names[e.Name]; seen && old == e.Size {
			continue
		}
		known, err := d.judge(ctx, e)
		if isDown(err) {
			d.s.shareFailed("scan", err)
			return nil
		}
		if err != nil {
			return err
		}
		if !known {
			delete(names, e.Name) // to be looked at again
		}
		if d.names != nil && !ownBadName(e.Name) {
			d.s.sign()
		}
	}
	for name := range d.names {
		if _, still := names[name]; !still && !ownBadName(name) {
			d.s.sign()
		}
	}
	d.names = names
	return nil
}

func ownBadName(name string) bool {
	upper := strings.ToUpper(name)
	return len(upper) == len("BAD00001.MSG") && strings.HasPrefix(upper, "BAD") && (strings.HasSuffix(upper, ".MSG") || strings.HasSuffix(upper, ".TXT"))
}

// sign notes a sign of life.
func (s *Spool) sign() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.other = time.Now()
}

// judge compares a new file with what we wrote. It reports false when the file could not be read now.
func (d *badDir) judge(ctx context.Context, e Entry) (bool, error) {
	b := d.s.out
	if b == nil || !d.mayBeOurs(e.Size) {
		return true, nil
	}
	path := join(d.dir, e.Name)
	data, _, err := readCapped(d.s.fs, path, d.s.o.MaxRead)
	if err != nil {
		if isGone(err) || isBusy(err) || errors.Is(err, errTooLong) {
			return false, nil
		}
		return false, fmt.Errorf("spool: read %s: %w", path, err)
	}
	if string(data) == string(d.s.o.Handshake) {
		if !d.s.mayTouch() {
			return false, nil
		}
		if err := d.s.fs.Remove(path); err != nil && !isGone(err) {
			d.s.log.Warn("our handshake could not be removed from BADMAIL", "file", path, "error", err)
		}
		return true, b.rejected(ctx, path)
	}
	return true, b.returned(ctx, path, data)
}

// mayBeOurs reports whether anything of ours has that size, so that files of others are not read.
func (d *badDir) mayBeOurs(size int64) bool {
	if size == int64(len(d.s.o.Handshake)) {
		return true
	}
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	for _, e := range d.s.out.entries {
		if e.Size == size && e.State != entryReturned {
			return true
		}
	}
	for _, list := range d.s.out.past {
		if list[0].Size == size {
			return true
		}
	}
	return false
}

// returned tells the sender of a file of ours that the half refused it.
func (b *outbox) returned(ctx context.Context, path string, data []byte) error {
	e := b.match(hashOf(data))
	if e == nil {
		return nil
	}
	part := part{reason: ReasonRejected, explanation: fmt.Sprintf("%s refused the message; the file is %s. Look at the length of its subject and the names of its attachments (KB Q117581, Q122779).",
		strings.ToUpper(b.s.o.half()[:1])+b.s.o.half()[1:], b.s.fs.Path(path))}
	m, content := b.s.badMessage(part, data)
	m.ID, m.OriginStore, m.Class, m.Sender, m.To, m.Subject, m.Submitted = e.MessageID, e.Origin, e.Class, e.Sender, e.Recipients, e.Subject, e.Submitted
	m.Origin = mail.FromEnd
	failures := failuresOf(m, part)
	now := b.s.store.Now()
	err := b.s.step("returned.journal", func() error {
		return b.s.journal.commit(ctx, func(tx *store.Tx) error {
			if err := b.s.o.Intake.Return(tx, &mail.Delivery{Message: m, Recipients: e.Recipients, Content: content}, failures); err != nil {
				return err
			}
			n := *e
			n.State, n.Time = entryReturned, now
			record(tx, tableEntries, e.key(), &n)
			dropBytes(tx, e)
			return nil
		})
	})
	if err != nil {
		return err
	}
	b.s.log.Warn("the half refused a message", "message_id", e.MessageID, "file", path)
	b.tell(e, "returned", part.explanation, now)
	b.s.mu.Lock()
	e.State, e.Time = entryReturned, now
	b.retire(e)
	b.s.state.counts.Returned++
	b.s.state.other = time.Now()
	b.s.changed()
	b.s.mu.Unlock()
	wake(b.s.toWrite)
	return nil
}

// match finds the entry with these bytes that has not been returned: each is returned once.
func (b *outbox) match(h sum) *entry {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	for _, e := range b.sorted() {
		if e.SHA256 == h && (e.State == entryPublished || e.State == entryDoubtful) {
			return e
		}
	}
	for _, e := range b.past[h] {
		if e.State == entryConsumed {
			return e
		}
	}
	return nil
}

// logNames are the logs of the old programs; ours is not among those of the half behind us. KB Q76091, Q130066.
var logNames = map[Role][]string{RolePC: {"MMACGATE.LOG"}, RoleMac: {"MSGATE.LOG", "MACGATE.LOG"}}

// lookLogs measures the half's logs, wherever they are.
func (s *Spool) lookLogs() map[string]int64 {
	sizes := map[string]int64{}
	for _, dir := range []string{"", s.layout.Misc, s.layout.INI} {
		for _, name := range logNames[s.o.Role] {
			for _, n := range []string{name, strings.ToLower(name)} {
				if e, err := s.fs.Lstat(join(dir, n)); err == nil && e.Regular() {
					sizes[join(dir, n)] = e.Size
				}
			}
		}
	}
	return sizes
}

// watchLogs takes a log that grew for a sign of life.
func (s *Spool) watchLogs(sizes map[string]int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, size := range sizes {
		if old, seen := s.logs[name]; seen && size != old {
			s.state.other = time.Now()
		}
	}
	s.logs = sizes
}
