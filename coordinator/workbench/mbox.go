package workbench

import (
	"bytes"
	"io"
	"time"

	"github.com/emersion/go-mbox"
	"github.com/emersion/go-message/mail"

	"sidegate/internal/cli"
)

// Mailbox begins a mailbox file.
func (Files) Mailbox(w io.Writer) cli.MMFFMailbox { return &mailbox{w: mbox.NewWriter(w)} }

type mailbox struct{ w *mbox.Writer }

// Add adds one message under the date in its header.
func (b *mailbox) Add(eml []byte) error {
	r, err := mail.CreateReader(bytes.NewReader(eml))
	if err != nil && !odd(err) {
		return err
	}
	at, err := r.Header.Date()
	if err != nil || at.IsZero() {
		at = time.Unix(0, 0)
	}
	out, err := b.w.CreateMessage("MAILER-DAEMON", at)
	if err != nil {
		return err
	}
	_, err = out.Write(bytes.ReplaceAll(eml, []byte("\r\n"), []byte("\n")))
	return err
}

// Close ends the file.
func (b *mailbox) Close() error { return b.w.Close() }
