package store

import (
	"errors"
	"fmt"
	"io"

	"sidegate/internal/mail"
)

// takeContent checks the content of a message to be kept, and copies it unless it is a draft of this store.
func (tx *Tx) takeContent(held *heldMessage, c mail.Content) error {
	m := held.message
	if c == nil {
		if m.Size != 0 {
			return fmt.Errorf("%d bytes of content are missing", m.Size)
		}
		return nil
	}
	d, ok := c.(*Draft)
	if ok && d.s == tx.s && !d.taken() {
		if d.err != nil {
			return d.err
		}
		if !d.sealed {
			return errors.New("draft is not sealed")
		}
	} else {
		var err error
		if d, err = tx.copyContent(c); err != nil {
			return err
		}
	}
	if d.size != m.Size || d.sum != m.SHA256 {
		return fmt.Errorf("%w: %d bytes with hash %x, but the message says %d with hash %x", ErrCorrupt, d.size, d.sum[:4], m.Size, m.SHA256[:4])
	}
	d.wanted = true
	held.content = d
	return nil
}

// taken reports whether the draft's file belongs to a message already. A file belongs to one message only.
func (d *Draft) taken() bool { return d.name != "" && (d.kept || d.wanted) }

// copyContent makes a draft of content from elsewhere.
func (tx *Tx) copyContent(c mail.Content) (*Draft, error) {
	r, err := c.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	d := tx.s.NewDraft(c.Size())
	tx.drafts = append(tx.drafts, d)
	if _, err := io.Copy(d, r); err != nil {
		return nil, err
	}
	return d, d.Seal()
}

// keepDrafts hands the drafts that the batch names over to the store.
func (tx *Tx) keepDrafts() {
	for _, held := range tx.messages {
		if d := held.content; d != nil {
			d.kept, d.wanted = held.written, false
		}
	}
	tx.discardDrafts()
}

// abandon undoes what building a commit did outside of it.
func (tx *Tx) abandon() {
	for _, held := range tx.messages {
		if held.content != nil {
			held.content.wanted = false
		}
	}
	tx.discardDrafts()
}

// discardDrafts removes the copies that were not needed after all.
func (tx *Tx) discardDrafts() {
	for _, d := range tx.drafts {
		d.Discard()
	}
}
