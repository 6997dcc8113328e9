package spool

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"sidegate/coordinator/convert"
	"sidegate/coordinator/legacylog"
	"sidegate/internal/intake"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
)

// settle brings every message of a claimed file to its place, one by one, each in one commit with the claim. What was
// settled before is not touched again.
func (b *inbox) settle(ctx context.Context, c *claim, out parsed, data []byte) error {
	held := b.repeated(c)
	for i := len(c.Settled); i < len(out.parts); i++ {
		p, last := out.parts[i], i == len(out.parts)-1
		err := b.settleOne(ctx, c, p, data, held, last)
		if errors.Is(err, errLookAgain) {
			return b.await(ctx, c)
		}
		if err != nil {
			c.Explanation = "The last attempt failed: " + err.Error()
			return fmt.Errorf("spool: import %s, message %d: %w", join(b.dir, c.Claimed), i+1, err)
		}
	}
	if c.State == claimBad {
		return b.finishBad(ctx, c)
	}
	return b.finish(ctx, c)
}

// repeated counts equal files. Two are two mails; the third within a while is what a gateway sends that cannot remove its
// own message (KB Q119022), and is held for an operator. A claim counts once, however often it is tried.
func (b *inbox) repeated(c *claim) bool {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	if c.counted {
		return c.repeated
	}
	now := time.Now()
	times := slices.DeleteFunc(b.recent[c.SHA256], func(t time.Time) bool { return now.Sub(t) > repeatTime })
	if len(c.Settled) == 0 {
		times = append(times, now)
	}
	b.recent[c.SHA256] = times[max(0, len(times)-3):]
	c.counted, c.repeated = true, len(times) >= 3
	return c.repeated
}

// settleOne settles one message. The claim is changed only when the commit is durable.
func (b *inbox) settleOne(ctx context.Context, c *claim, p part, data []byte, held, last bool) error {
	if p.reason != "" {
		return b.settleBad(ctx, c, p, data, last)
	}
	m, outside, err := b.gather(c, p.message)
	draft := b.s.store.NewDraft(draftLimit(c.Size + outside))
	defer draft.Discard()
	var in *convert.Import
	if err == nil {
		in, err = b.s.o.Converter.FromMMFF(m, draft)
	}
	var refusal *convert.Refusal
	if errors.As(err, &refusal) {
		p.reason, p.explanation = refusal.Reason, refusal.Explanation
		return b.settleBad(ctx, c, p, data, last)
	}
	if err != nil {
		return err
	}
	if err := draft.Seal(); err != nil {
		return err
	}
	if c.Attempts > maxAttempts {
		p.reason, p.explanation = ReasonAttempts, c.Explanation
		return b.settleBad(ctx, c, p, data, last)
	}
	b.s.regard(in)
	prints := b.s.recognise(in)
	var next *claim
	join := func(tx *store.Tx, id mail.ID) error {
		for key, known := range prints {
			known.Returns++
			record(tx, tablePrints, key, known)
		}
		next = settled(tx, c, id, true, last)
		return nil
	}
	switch {
	case held && len(p.message.References()) == 0: // equal files that name others need not be equal mail
		err = b.hold(ctx, in, draft, join)
	case len(in.Recipients) == 0:
		err = b.refuse(ctx, in, draft, join)
	default:
		err = b.submit(ctx, in, draft, join)
	}
	var field *wire.FieldError
	if errors.As(err, &field) {
		p.reason, p.explanation = ReasonRefused, field.Error()
		return b.settleBad(ctx, c, p, data, last)
	}
	if err != nil {
		return err
	}
	b.adopt(c, next)
	c.outside = outsideLooks{bytes: c.outside.bytes + outside}
	b.s.oldLog(b.name).Message(legacylog.Message{ToMac: b.name == PCToMac, Sender: in.Message.Sender, Time: in.Message.Submitted,
		Subject: in.Message.Subject, File: c.Name})
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.s.state.counts.Imported++
	b.s.state.taken = time.Now()
	return nil
}

// adopt takes what a commit made durable into memory. The bytes are no longer suspect: who drops them again means it.
func (b *inbox) adopt(c, next *claim) {
	delete(b.suspects, c.SHA256)
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	c.State, c.Settled, c.Good, c.BadName, c.Reason, c.Explanation = next.State, next.Settled, next.Good, next.BadName, next.Reason, next.Explanation
}

// draftLimit is the most that the content of a message can take that has so many bytes in all files: every byte of the text as
// four of UTF-8, the rest as it is, and the message file itself once more.
func draftLimit(size int64) int64 { return 6*size + 64<<10 }

// submit hands a message to the intake. Recipients that could not be read are returned in the same commit; the others do
// not suffer (KB Q122779).
func (b *inbox) submit(ctx context.Context, in *convert.Import, draft *store.Draft, join func(*store.Tx, mail.ID) error) error {
	return b.s.step("import", func() error {
		_, err := b.s.o.Intake.Submit(ctx, intake.Submission{Message: in.Message, Recipients: in.Recipients, Content: draft,
			Extra: func(tx *store.Tx, id mail.ID) error {
				if len(in.Failures) > 0 {
					m := *in.Message
					m.ID, m.OriginStore = id, b.s.store.ID()
					if err := b.s.o.Intake.Return(tx, &mail.Delivery{Message: &m}, in.Failures); err != nil {
						return err
					}
				}
				return join(tx, id)
			}})
		return err
	})
}

// refuse returns a message none of whose recipients can be read.
func (b *inbox) refuse(ctx context.Context, in *convert.Import, draft *store.Draft, join func(*store.Tx, mail.ID) error) error {
	m := b.identify(in.Message)
	return b.s.step("import", func() error {
		return b.s.journal.commit(ctx, func(tx *store.Tx) error {
			if err := b.s.o.Intake.Return(tx, &mail.Delivery{Message: m, Content: draft}, in.Failures); err != nil {
				return err
			}
			return join(tx, m.ID)
		})
	})
}

// hold puts a message where only an operator moves it on.
func (b *inbox) hold(ctx context.Context, in *convert.Import, draft *store.Draft, join func(*store.Tx, mail.ID) error) error {
	m := b.identify(in.Message)
	reason := fmt.Sprintf("the third equal file within %v (KB Q119022)", repeatTime)
	err := b.s.step("hold", func() error {
		return b.s.store.Commit(ctx, func(tx *store.Tx) error {
			if err := tx.Keep(m, draft); err != nil {
				return err
			}
			if _, err := tx.Enqueue(store.LaneHeld, store.Entry{MessageID: m.ID, Recipients: in.Recipients, Queued: tx.Now(),
				From: store.LaneUnrouted, Reason: reason, Bytes: m.Size, Sender: m.Sender}); err != nil {
				return err
			}
			tx.AddTrace(store.Trace{MessageID: m.ID, End: b.s.o.End, Event: "held", Detail: reason})
			return join(tx, m.ID)
		})
	})
	if err == nil {
		b.s.alarm("repeated", fmt.Sprintf("%s writes the same message again and again; from the third on they are held", b.s.o.half()))
	}
	return err
}

// identify gives a message that does not pass through Submit what Submit would give it.
func (b *inbox) identify(m *mail.Message) *mail.Message {
	n := *m
	if n.ID == "" {
		n.ID, n.OriginStore = b.s.store.NewID(), b.s.store.ID()
	}
	if n.Priority == 0 {
		n.Priority = 3
	}
	n.Hops = append(slices.Clone(n.Hops), mail.Hop{Store: b.s.store.ID(), End: b.s.o.End, Time: b.s.store.Now()})
	return &n
}

// settled records, within the commit, that one more message of the file is settled, and returns the claim as it will be.
func settled(tx *store.Tx, c *claim, id mail.ID, good, last bool) *claim {
	n := *c
	n.Settled = append(slices.Clone(c.Settled), id)
	if good {
		n.Good++
	}
	if last {
		n.State = claimImported
		if n.Good == 0 {
			n.State = claimBad
		}
	}
	record(tx, tableClaims, n.key(), &n)
	tx.Put(tableSuspects, n.SHA256, nil)
	return &n
}

// recognise looks whether a text was published here and has come back. Nothing but its words can tell: the format carries
// no ID. It then keeps its ID and the hops it had, so that a loop ends as one.
func (s *Spool) recognise(in *convert.Import) map[string]print {
	found := map[string]print{}
	for _, f := range in.Fingerprints {
		key := hex.EncodeToString(f[:])
		var p print
		if ok, err := s.journal.get(tablePrints, key, &p); err != nil || !ok {
			continue
		}
		found[key] = p
		m := in.Message
		m.ID, m.OriginStore, m.Hops = p.MessageID, p.Origin, slices.Clone(p.Hops)
		if p.Returns > 0 {
			// The second time round is a loop, whatever way it took: one more hop here makes the intake see it.
			m.Hops = append(m.Hops, mail.Hop{Store: s.store.ID(), End: s.o.End, Time: s.store.Now()})
		}
	}
	return found
}
