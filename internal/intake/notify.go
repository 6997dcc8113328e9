package intake

import (
	"context"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Notify sends system mail that this end writes itself: nobody answers it, and no report is ever written about it. extra
// joins the commit. It is possible when the store is full: that is one of the things to be told.
func (in *Intake) Notify(ctx context.Context, from, to mail.Address, subject, body string, extra func(*store.Tx) error) (mail.ID, error) {
	var id mail.ID
	err := in.commit(ctx, "notify", true, func(w *work) error {
		var err error
		if id, err = w.compose(mail.Message{Class: mail.System, Sender: from, To: []mail.Address{to}, Subject: subject}, body); err != nil {
			return err
		}
		return extra(w.tx)
	})
	return id, err
}
