package intake

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// ReasonDamaged: the content of the message is not on the disk any more as it was stored.
const ReasonDamaged = "CONTENT_DAMAGED"

// SetAside takes a message whose content is damaged out of everything that holds it: it waits nowhere and lies in no mailbox
// any more. What the disk still has of it rests in bad mail, as a message of its own that names the damaged one in RetryOf, and
// its sender is told of every recipient who has not had it. Recipients to whom it may have been sent are left alone. It
// returns what was done, one sentence; empty if nothing could be.
func (in *Intake) SetAside(ctx context.Context, m *mail.Message, damage error) (string, error) {
	draft, err := in.salvage(m)
	if err != nil {
		return "", fmt.Errorf("intake: set %s aside: %w", m.ID, err)
	}
	defer draft.Discard()
	rests := in.remains(m, draft)
	waiting, boxes, err := in.holders(m.ID)
	if err != nil {
		return "", fmt.Errorf("intake: set %s aside: %w", m.ID, err)
	}
	done := ""
	err = in.commit(ctx, "operator", true, func(w *work) error {
		a := &aside{w: w, m: m}
		for _, e := range waiting {
			if err := a.takeEntry(e); err != nil {
				return err
			}
		}
		for _, box := range boxes {
			if err := a.takeBox(box); err != nil {
				return err
			}
		}
		if done = a.text(); a.taken() == 0 {
			return nil
		}
		if err := w.tx.Keep(rests, draft); err != nil {
			return err
		}
		w.trace(m, mail.Address{}, EventBadMail, "its content is damaged; what is left of it is message "+string(rests.ID))
		return a.rest(rests, damage)
	})
	if err != nil {
		return "", fmt.Errorf("intake: set %s aside: %w", m.ID, err)
	}
	in.log.Error("a damaged message was set aside", "message_id", m.ID, "rests_as", rests.ID, "done", done, "damage", damage)
	return done, nil
}

// salvage copies what the disk still has.
func (in *Intake) salvage(m *mail.Message) (*store.Draft, error) {
	r, err := in.store.Damaged(m)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	draft := in.store.NewDraft(m.Size)
	// A read that fails ends the copy: what came before it is all there is.
	if _, err = io.Copy(draft, io.LimitReader(readable{r}, m.Size)); err == nil {
		err = draft.Seal()
	}
	if err != nil {
		draft.Discard()
		return nil, err
	}
	return draft, nil
}

// readable ends where its reader fails.
type readable struct{ io.Reader }

func (r readable) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

// remains is the message that carries what is left: its head, and the bytes as they are.
func (in *Intake) remains(m *mail.Message, draft *store.Draft) *mail.Message {
	n := *m
	n.ID, n.RetryOf, n.OriginStore, n.Hops = in.store.NewID(), m.ID, in.store.ID(), nil
	n.Attachments, n.BodySize = nil, 0
	n.Size, n.SHA256 = draft.Size(), draft.SHA256()
	n.Original = &mail.Original{Format: "damaged", Size: draft.Size(), SHA256: draft.SHA256(), Digest: sha256.Sum256(nil)}
	if draft.Size() == 0 {
		n.Original = nil
	}
	return in.withHop(&n)
}

// holders are the entries and mailboxes that hold a message.
func (in *Intake) holders(id mail.ID) (waiting []store.Entry, boxes []mail.Address, err error) {
	if waiting, err = in.store.EntriesOf(id); err != nil {
		return nil, nil, err
	}
	for after := ""; ; {
		list, err := in.store.Mailboxes(after, page)
		if err != nil {
			return nil, nil, err
		}
		for _, b := range list {
			if _, err := in.store.MailboxEntry(b.Address, id); err == nil {
				boxes = append(boxes, b.Address)
			}
			after = b.Address.Key()
		}
		if len(list) < page {
			return waiting, boxes, nil
		}
	}
}

// aside is what one commit takes away from those who hold a damaged message.
type aside struct {
	w        *work
	m        *mail.Message
	untold   []mail.Address // who have not had it
	read     []mail.Address // who acknowledged it
	bound    int            // entries left alone
	boxes    int
	waitings int
}

func (a *aside) taken() int { return a.boxes + a.waitings }

func (a *aside) takeEntry(e store.Entry) error {
	e, there, err := a.w.current(e)
	switch {
	case err != nil || !there:
		return err
	case a.w.in.bound(e):
		a.bound++
		return nil
	}
	a.waitings++
	a.untold = append(a.untold, e.Recipients...)
	return a.w.tx.Remove(e.Lane, e.Seq, e.Recipients)
}

func (a *aside) takeBox(box mail.Address) error {
	e, err := a.w.in.store.MailboxEntry(box, a.m.ID)
	if err != nil {
		return nil // a reader was faster
	}
	if there, err := a.w.tx.Delete(box, a.m.ID); err != nil || !there {
		return err
	}
	a.boxes++
	if e.Acknowledged {
		a.read = append(a.read, box)
	} else {
		a.untold = append(a.untold, box)
	}
	return nil
}

// rest puts what is left into bad mail, with a report about those who have not had it.
func (a *aside) rest(remains *mail.Message, damage error) error {
	explanation := fmt.Sprintf("The message %s was damaged on the disk of %s (%v).", a.m.ID, a.w.in.o.End, damage)
	if len(a.untold) > 0 {
		return a.w.giveBack(remains, failAll(unique(a.untold), ReasonDamaged, "%s", explanation))
	}
	_, err := a.w.tx.AddBad(store.Bad{Message: remains, Recipients: a.read, Reason: ReasonDamaged,
		Explanation: explanation + " Its readers had acknowledged it."})
	return err
}

// text says what was done.
func (a *aside) text() string {
	text := ""
	if a.taken() > 0 {
		text = fmt.Sprintf("set aside into bad mail, out of %d mailboxes and %d waiting places", a.boxes, a.waitings)
		if len(a.untold) > 0 {
			text += fmt.Sprintf("; its sender is told of %d recipients", len(unique(a.untold)))
		}
	}
	if a.bound > 0 {
		if text != "" {
			text += "; "
		}
		text += "left where it may have been sent already"
	}
	return text
}
