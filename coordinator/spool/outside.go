package spool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sidegate/coordinator/convert"
	"sidegate/coordinator/mmff"
	"sidegate/internal/store"
)

// Content outside of a message. XTEXT and XATTACH name files that the writer of a message left elsewhere. One is read if
// it lies in the spool, where findOutside looks for it, and two looks find it equal, as with the message itself. It is
// never changed and never removed: several messages may name it, and only its writer knows when it is through. A message
// that names anything else is bad mail, and its sender is told.

// maxOutside bounds the files outside of one message: a text, and as many attachments as a message may have.
const maxOutside = 1 + 64

// errLookAgain says that files outside have to be looked at once more.
var errLookAgain = errors.New("spool: a file outside is looked at once more")

// outsideLooks is what this process knows of the files outside of the message of a claim that is to be settled next.
type outsideLooks struct {
	looks  int
	since  time.Time        // of the first look
	seen   map[string]Entry // as the last look found them, by path
	missed int              // looks that could not find or open one of them
	bytes  int64            // of those that messages before it in the file named
}

// holdsUp reports whether mail behind this claim waits: for the one look that a message with files outside takes longer,
// so that it is not overtaken. What takes more looks holds nobody up.
func (c *claim) holdsUp() bool { return c.State == claimReading && c.outside.looks == 1 }

// heldUp reports whether new files wait for a claim.
func (b *inbox) heldUp() bool {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	for _, c := range b.claims {
		if c.holdsUp() {
			return true
		}
	}
	return false
}

// gather returns a message with the content of its files outside, and how many bytes those have. The error is a
// *convert.Refusal, errLookAgain, or that of the volume.
func (b *inbox) gather(c *claim, m *mmff.Message) (*mmff.Message, int64, error) {
	refs := m.References()
	if len(refs) == 0 {
		return m, 0, nil
	}
	if len(refs) > maxOutside {
		return nil, 0, outsideRefusal(m, refs[maxOutside], "the message names %d files, at most %d are read", len(refs), maxOutside)
	}
	if c.outside.looks++; c.outside.seen == nil {
		c.outside.since, c.outside.seen = time.Now(), map[string]Entry{}
	}
	steady := true
	for _, ref := range refs {
		same, err := b.look(c, ref)
		if isGone(err) || isBusy(err) {
			if c.outside.missed++; c.outside.missed >= maxAttempts {
				return nil, 0, outsideRefusal(m, ref, "%d looks failed: %s", maxAttempts, problem(err))
			}
			return nil, 0, errLookAgain
		}
		if err != nil {
			return nil, 0, b.refused(m, ref, err)
		}
		steady = steady && same
	}
	if !steady {
		return nil, 0, errLookAgain
	}
	return b.inline(c, m, refs)
}

// look looks once at one file outside, and reports whether it is as the look before found it.
func (b *inbox) look(c *claim, ref mmff.Reference) (same bool, err error) {
	path, e, err := b.findOutside(ref)
	if err != nil {
		return false, err
	}
	last, known := c.outside.seen[path]
	c.outside.seen[path] = e
	if same = known && last.same(e); !same && known && time.Since(c.outside.since) >= b.s.o.Incomplete {
		return false, unfit("it was still changing after %v", b.s.o.Incomplete)
	}
	return same, nil
}

// inline reads the files, which were found steady.
func (b *inbox) inline(c *claim, m *mmff.Message, refs []mmff.Reference) (*mmff.Message, int64, error) {
	contents, size := make([][]byte, len(refs)), int64(0)
	for i, ref := range refs {
		path, _, err := b.findOutside(ref)
		if err != nil {
			return nil, 0, errLookAgain // it was there a moment ago
		}
		left := max(0, b.s.o.MaxRead-c.Size-c.outside.bytes-size)
		data, e, err := readCapped(b.s.fs, path, left)
		switch {
		case errors.Is(err, errTooLong):
			return nil, 0, outsideRefusal(m, ref, "the file and those it names have more than %d bytes together", b.s.o.MaxRead)
		case isGone(err), isBusy(err), err == nil && !e.same(c.outside.seen[path]):
			return nil, 0, errLookAgain
		case err != nil:
			return nil, 0, fmt.Errorf("spool: read %s: %w", path, err)
		}
		contents[i] = data
		size += int64(len(data))
	}
	return m.Inline(contents), size, nil
}

// await puts a claim off until the next look. That its file was parsed without harm is recorded: whatever stops us
// meanwhile, it was not that.
func (b *inbox) await(ctx context.Context, c *claim) error {
	c.next = time.Now().Add(b.s.o.Scan)
	return b.s.step("claim.await", func() error {
		delete(b.suspects, c.SHA256)
		return b.s.journal.commit(ctx, func(tx *store.Tx) error {
			record(tx, tableClaims, c.key(), c)
			tx.Put(tableSuspects, c.SHA256, nil)
			return nil
		})
	})
}

// refused tells what is wrong with a reference from what is wrong with the volume.
func (b *inbox) refused(m *mmff.Message, ref mmff.Reference, err error) error {
	var u unfitError
	if errors.As(err, &u) {
		return outsideRefusal(m, ref, "%s", u)
	}
	return fmt.Errorf("spool: look at the file of %s, line %d: %w", ref.Token, ref.Line, err)
}

// problem is what keeps a file from being read.
func problem(err error) string {
	if isGone(err) {
		return "it is not in the spool"
	}
	return err.Error()
}

// outsideRefusal words a refusal as the old programs numbered it. KB Q85043.
func outsideRefusal(m *mmff.Message, ref mmff.Reference, why string, args ...any) *convert.Refusal {
	return &convert.Refusal{Reason: convert.ReasonOutside, Explanation: m.OpenError(ref, fmt.Sprintf(why, args...)).Error()}
}
