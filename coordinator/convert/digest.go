package convert

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"sidegate/internal/mail"
)

// Digest is over everything a reader of the message sees, its content included: what Original.Digest holds. Identity, hops,
// origin and the envelope do not count, so that crossing ends changes nothing.
func Digest(m *mail.Message) [32]byte {
	d := digester{sha256.New()}
	d.text("sidegate message 1")
	d.number(int64(m.Class))
	d.address(m.Sender)
	d.addresses(m.To)
	d.addresses(m.Cc)
	d.text(m.Subject)
	d.number(int64(m.Priority))
	d.flag(m.ReadReceipt)
	d.number(m.Submitted.Unix())
	d.number(int64(len(m.Legacy)))
	for _, f := range m.Legacy {
		d.text(f.Name)
		d.text(string(f.Value))
	}
	d.number(m.BodySize)
	d.number(int64(len(m.Attachments)))
	for i := range m.Attachments {
		d.attachment(&m.Attachments[i])
	}
	if o := m.Original; o != nil {
		d.text(o.Format)
		d.number(o.Size)
		d.text(string(o.SHA256[:]))
	}
	d.number(m.Size)
	d.text(string(m.SHA256[:]))
	return [32]byte(d.Sum(nil))
}

// digester hashes values with their lengths, so that no two messages run together into one.
type digester struct{ hash.Hash }

func (d digester) number(n int64) {
	d.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

func (d digester) text(s string) {
	d.number(int64(len(s)))
	d.Write([]byte(s))
}

func (d digester) flag(b bool) {
	if b {
		d.number(1)
		return
	}
	d.number(0)
}

func (d digester) address(a mail.Address) {
	d.text(a.Type)
	d.text(a.Value)
}

func (d digester) addresses(as []mail.Address) {
	d.number(int64(len(as)))
	for _, a := range as {
		d.address(a)
	}
}

func (d digester) attachment(a *mail.Attachment) {
	d.text(a.Name)
	d.number(a.Size)
	d.text(string(a.SHA256[:]))
	d.flag(a.Mac != nil)
	if f := a.Mac; f != nil {
		d.text(string(f.Type[:]))
		d.text(string(f.Creator[:]))
		d.number(int64(f.FinderFlags))
		d.number(f.Created.Unix())
		d.number(f.Modified.Unix())
		d.number(f.ResourceSize)
		d.text(string(f.Comment))
	}
}
