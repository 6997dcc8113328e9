package spool

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Bad mail of a spool. The old programs moved a file they could not read into BADMAIL, and people took it from there,
// mended it and dropped it again under the name of a free slot (KB Q117581). So do we: the file goes to BADMAIL as
// BADnnnnn.MSG, n being the lowest free number, with BADnnnnn.TXT beside it saying where it came from and what is wrong.
// Both names are 8.3. The same bytes rest in the store's bad mail, and whoever sent them is told, if that can be read.
const (
	badPattern = "BAD%05d.MSG"
	maxBad     = 1000 // of ours; what is beyond rests in the store only
)

// settleBad stores one message as bad mail, with its report, in one commit with the claim.
func (b *inbox) settleBad(ctx context.Context, c *claim, p part, data []byte, last bool) error {
	m, content := b.s.badMessage(p, data)
	failures := failuresOf(m, p)
	name := c.BadName
	if last && c.Good == 0 {
		var err error
		if name, err = b.s.bad.free(); err != nil {
			return err
		}
	}
	var next *claim
	err := b.s.step("bad.journal", func() error {
		return b.s.journal.commit(ctx, func(tx *store.Tx) error {
			d := &mail.Delivery{Message: m, Content: content}
			for _, f := range failures {
				d.Recipients = append(d.Recipients, f.Recipient)
			}
			if err := b.s.o.Intake.Return(tx, d, failures); err != nil {
				return err
			}
			n := *c
			n.BadName, n.Reason, n.Explanation = name, p.reason, p.explanation
			next = settled(tx, &n, m.ID, false, last)
			return nil
		})
	})
	if err != nil {
		return err
	}
	b.adopt(c, next)
	b.s.oldLog(b.name).Trouble(badTrouble(c.Name, p))
	b.s.log.Warn("bad mail", "file", b.s.fs.Path(join(b.dir, c.Name)), "message_id", m.ID, "reason", p.reason)
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.s.state.taken = time.Now()
	return nil
}

// badMessage makes a message of whatever can be read of bytes that are none. The bytes are its original.
func (s *Spool) badMessage(p part, data []byte) (*mail.Message, mail.Content) {
	if p.message != nil {
		if own, _ := p.message.Original(); len(own) > 0 {
			data = own
		}
	}
	h := sha256.Sum256(data)
	m := &mail.Message{ID: s.store.NewID(), OriginStore: s.store.ID(), Class: mail.Note, Origin: mail.FromLegacy, Priority: 3,
		Submitted: s.store.Now(), Size: int64(len(data)), SHA256: h,
		Original: &mail.Original{Format: "mmff", Size: int64(len(data)), SHA256: h},
		Hops:     []mail.Hop{{Store: s.store.ID(), End: s.o.End, Time: s.store.Now()}}}
	if p.message != nil {
		m.Sender = readable(p.message.From)
		m.Subject = printable(p.message.Subject)
		for _, raw := range append(p.message.To, p.message.Cc...) {
			if a := readable(raw); !a.IsZero() && len(m.To) < 100 {
				m.To = append(m.To, a)
			}
		}
	}
	return m, rawContent{data, h}
}

// readable is an address if the text is one.
func readable(raw string) mail.Address {
	a, err := mail.ParseAddress(strings.TrimSpace(raw))
	if err != nil {
		return mail.Address{}
	}
	return a
}

// printable keeps what is plain in a subject whose bytes may be anything.
func printable(raw string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, raw[:min(len(raw), 200)])
}

// failuresOf says of every recipient that can be read, or of nobody by name, why the mail ended.
func failuresOf(m *mail.Message, p part) []mail.Failure {
	var fs []mail.Failure
	for _, a := range m.To {
		fs = append(fs, mail.Failure{Recipient: a, Reason: p.reason, Explanation: p.explanation})
	}
	if len(fs) == 0 {
		fs = append(fs, mail.Failure{Reason: p.reason, Explanation: p.explanation})
	}
	return fs
}

// rawContent is bytes as content.
type rawContent struct {
	data []byte
	hash [32]byte
}

func (c rawContent) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(c.data)), nil }
func (c rawContent) Size() int64                  { return int64(len(c.data)) }
func (c rawContent) SHA256() [32]byte             { return c.hash }

// finishBad moves a file whose bytes are in the store's bad mail into BADMAIL.
func (b *inbox) finishBad(ctx context.Context, c *claim) error {
	from := join(b.dir, c.Claimed)
	if c.BadName == "" {
		return b.finish(ctx, c)
	}
	to := join(b.s.bad.dir, c.BadName)
	if err := b.s.step("bad.reason", func() error { return b.s.bad.explain(b.s.fs.Path(join(b.dir, c.Name)), c) }); err != nil {
		return b.stuck(c, err)
	}
	there, err := b.s.holds(from, c)
	if err != nil {
		return b.stuck(c, fmt.Errorf("spool: move %s to BADMAIL: %w", from, err))
	}
	if there {
		err := b.s.step("bad.move", func() error { return b.s.bad.move(from, to, c) })
		if err != nil {
			return b.stuck(c, fmt.Errorf("spool: move %s to BADMAIL: %w", from, err))
		}
		b.s.mu.Lock()
		b.s.state.counts.BadMailFiles++
		b.s.mu.Unlock()
	}
	_ = b.s.fs.SyncDir(b.s.bad.dir) // the bytes are in the store; this copy is for people
	return b.over(ctx, c)
}

// badDir is BADMAIL.
type badDir struct {
	s     *Spool
	dir   string
	names map[string]int64 // as seen last, with sizes; nil before the first look. The scanner's own
}

// free finds the name for one more bad file, empty when there are too many of them.
func (d *badDir) free() (string, error) {
	entries, err := d.s.fs.ReadDir(d.dir)
	if err != nil {
		return "", fmt.Errorf("spool: list %s: %w", d.s.fs.Path(d.dir), err)
	}
	taken := make(map[string]bool, len(entries))
	for _, e := range entries {
		taken[strings.ToUpper(e.Name)] = true
	}
	for n := 1; n <= maxBad; n++ {
		name := fmt.Sprintf(badPattern, n)
		if !taken[name] && !taken[reasonName(name)] && !d.promised(name) {
			return name, nil
		}
	}
	d.s.alarm("badmail", fmt.Sprintf("%s holds %d files of ours; more of them rest in the store only", d.s.fs.Path(d.dir), maxBad))
	return "", nil
}

// promised reports whether a claim is about to use a name.
func (d *badDir) promised(name string) bool {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	for _, b := range d.s.in {
		for _, c := range b.claims {
			if c.BadName == name {
				return true
			}
		}
	}
	return false
}

func reasonName(name string) string { return strings.TrimSuffix(name, ".MSG") + ".TXT" }

// explain writes the reason file. It is there already after a crash.
func (d *badDir) explain(file string, c *claim) error {
	text := fmt.Sprintf("%s\r\n\r\nFile:    %s (%d bytes)\r\nTime:    %s\r\nReason:  %s\r\n\r\n%s\r\n\r\nTo try again, mend %s and rename it to a free MMFFn.MSG in that directory.\r\n",
		"Bad incoming message file", file, c.Size, d.s.store.Now().Format("2006-01-02 15:04 -0700"), c.Reason,
		strings.ReplaceAll(c.Explanation, "\n", "\r\n"), c.BadName)
	name := join(d.dir, reasonName(c.BadName))
	err := writeNew(d.s.fs, name, []byte(text))
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	// Half a reason is worse than none.
	return errors.Join(fmt.Errorf("spool: write %s: %w", name, err), ignoreGone(d.s.fs.Remove(name)))
}

func ignoreGone(err error) error {
	if isGone(err) {
		return nil
	}
	return err
}

// move renames into BADMAIL, or copies where that is another volume.
func (d *badDir) move(from, to string, c *claim) error {
	err := d.s.move(from, to, c.Size)
	if errors.Is(err, fs.ErrExist) {
		if copied, look := d.s.holds(to, c); copied || look != nil {
			err = look // copied before a crash
		}
	}
	if err == nil {
		return ignoreGone(d.s.fs.Remove(from))
	}
	if !isOtherVolume(err) {
		return err
	}
	data, _, err := readCapped(d.s.fs, from, d.s.o.MaxRead)
	if err != nil && !errors.Is(err, errTooLong) {
		return err
	}
	if err := writeNew(d.s.fs, to, data); err != nil {
		return errors.Join(err, ignoreGone(d.s.fs.Remove(to)))
	}
	return ignoreGone(d.s.fs.Remove(from))
}
