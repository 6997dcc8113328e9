package intake

import (
	"context"
	"fmt"
	"io"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// RetryBad submits a piece of bad mail once more, as a new message that names the old one in RetryOf, for the
// recipients that could not be reached. Unless again is set, a piece that was tried before is refused with ErrRetried.
// The piece stays until it is discarded.
func (in *Intake) RetryBad(ctx context.Context, id string, again bool) (mail.ID, error) {
	bad, err := in.store.Bad(id)
	if err != nil {
		return "", fmt.Errorf("intake: bad mail %s: %w", id, err)
	}
	if len(bad.Recipients) == 0 {
		return "", fmt.Errorf("intake: bad mail %s: %w", id, ErrNoRecipients)
	}
	draft, err := in.copyContent(bad.Message.ID, bad.Message.Size)
	if err != nil {
		return "", fmt.Errorf("intake: bad mail %s: %w", id, err)
	}
	defer draft.Discard()
	m := in.secondTry(bad.Message)
	in.ready(ctx)
	err = in.commit(ctx, "operator", true, func(w *work) error {
		now, err := in.store.Bad(id)
		if err != nil {
			return err
		}
		if now.RetriedAs != "" && !again {
			return fmt.Errorf("as %s: %w", now.RetriedAs, ErrRetried)
		}
		w.trace(now.Message, mail.Address{}, EventRetried, retriedDetail(m.ID))
		w.trace(m, mail.Address{}, EventSubmitted, submittedDetail(m))
		if err := w.tx.Keep(m, draft); err != nil {
			return err
		}
		if err := w.place(m, now.Recipients); err != nil {
			return err
		}
		return w.tx.MarkRetried(id, m.ID)
	})
	if err != nil {
		return "", fmt.Errorf("intake: bad mail %s: %w", id, err)
	}
	in.log.Info("bad mail tried again", "bad_mail_id", id, "message_id", m.ID)
	return m.ID, nil
}

// secondTry is the message made of one that failed: new to every end, and on its way from here.
func (in *Intake) secondTry(m *mail.Message) *mail.Message {
	second := *m
	second.ID, second.RetryOf = in.store.NewID(), m.ID
	second.OriginStore, second.Hops = in.store.ID(), nil
	return in.withHop(&second)
}

// copyContent makes a draft of stored content, so that nothing large is copied inside a commit. Its hash is checked.
func (in *Intake) copyContent(id mail.ID, size int64) (*store.Draft, error) {
	content, err := in.store.Content(id)
	if err != nil {
		return nil, err
	}
	r, err := content.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	draft := in.store.NewDraft(max(size, content.Size()))
	if _, err = io.Copy(draft, r); err == nil {
		err = draft.Seal()
	}
	if err != nil {
		draft.Discard()
		return nil, err
	}
	return draft, nil
}

// DiscardBad removes a piece of bad mail for good. Only the trace and the log tell of it.
func (in *Intake) DiscardBad(ctx context.Context, id, reason string) error {
	err := in.commit(ctx, "operator", true, func(w *work) error {
		bad, err := in.store.Bad(id)
		if err != nil {
			return err
		}
		w.trace(bad.Message, mail.Address{}, EventDeleted, "bad mail discarded by an operator: "+reason)
		return w.tx.DropBad(id)
	})
	if err != nil {
		return fmt.Errorf("intake: discard bad mail %s: %w", id, err)
	}
	in.log.Info("bad mail discarded", "bad_mail_id", id, "reason", reason)
	return nil
}
