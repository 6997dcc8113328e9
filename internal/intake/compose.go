package intake

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"

	"sidegate/internal/mail"
)

// compose makes, keeps and places a message that this end writes itself: a report, a receipt, a notice. m has everything
// but what is set here. Should its recipient be unreachable it rests in bad mail, and nobody is told: it is no note.
func (w *work) compose(m mail.Message, body string) (mail.ID, error) {
	in, content := w.in, newText(body)
	m.ID, m.OriginStore, m.Origin, m.Priority, m.Submitted = in.store.NewID(), in.store.ID(), mail.FromEnd, 3, w.tx.Now()
	m.BodySize, m.Size, m.SHA256 = content.Size(), content.Size(), content.SHA256()
	placed := in.withHop(&m)
	w.trace(placed, mail.Address{}, EventSubmitted, submittedDetail(placed))
	if err := w.tx.Keep(placed, content); err != nil {
		return "", fmt.Errorf("intake: write to %s: %w", m.To, err)
	}
	if err := w.place(placed, m.To); err != nil {
		return "", fmt.Errorf("intake: write to %s: %w", m.To, err)
	}
	return m.ID, nil
}

// text is content that an end wrote itself.
type text struct {
	bytes []byte
	hash  [32]byte
}

func newText(body string) text { return text{[]byte(body), sha256.Sum256([]byte(body))} }

// Open returns a reader of the text.
func (t text) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(t.bytes)), nil }

// Size is the length in bytes.
func (t text) Size() int64 { return int64(len(t.bytes)) }

// SHA256 is the hash of the bytes.
func (t text) SHA256() [32]byte { return t.hash }
