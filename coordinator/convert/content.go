package convert

import (
	"fmt"
	"io"

	"sidegate/internal/mail"
)

// pieces is the content of a message, taken apart.
type pieces struct {
	body       []byte
	enclosures []enclosure
	original   []byte
}

// readContent reads all content into memory. A message whose sizes do not fit its content is refused.
func readContent(d *mail.Delivery) (*pieces, error) {
	m := d.Message
	if sum, ok := contentSize(m); !ok || d.Content == nil && sum > 0 || d.Content != nil && sum != d.Content.Size() {
		return nil, refuse(ReasonContent, "the sizes in the message do not fit its content")
	}
	if d.Content == nil {
		return takeApart(m, nil), nil
	}
	r, err := d.Content.Open()
	if err != nil {
		return nil, fmt.Errorf("convert: open content: %w", err)
	}
	defer r.Close()
	all := make([]byte, d.Content.Size())
	if _, err := io.ReadFull(r, all); err != nil {
		return nil, fmt.Errorf("convert: read content: %w", err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil { // the hash is checked at the end
		return nil, fmt.Errorf("convert: read content: %w", err)
	}
	return takeApart(m, all), nil
}

// contentSize adds the sizes of all parts up; it is false if one is impossible.
func contentSize(m *mail.Message) (sum int64, ok bool) {
	ok = true
	add := func(n int64) {
		if sum += n; n < 0 || sum < 0 {
			ok = false
		}
	}
	add(m.BodySize)
	for i := range m.Attachments {
		add(m.Attachments[i].Size)
		if f := m.Attachments[i].Mac; f != nil {
			add(f.ResourceSize)
		}
	}
	if m.Original != nil {
		add(m.Original.Size)
	}
	return sum, ok
}

func takeApart(m *mail.Message, all []byte) *pieces {
	take := func(n int64) []byte {
		part := all[:n:n]
		all = all[n:]
		return part
	}
	p := &pieces{body: take(m.BodySize)}
	for _, a := range m.Attachments {
		e := enclosure{Attachment: a, data: take(a.Size)}
		if a.Mac != nil {
			e.resource = take(a.Mac.ResourceSize)
		}
		p.enclosures = append(p.enclosures, e)
	}
	if m.Original != nil {
		p.original = take(m.Original.Size)
	}
	return p
}
