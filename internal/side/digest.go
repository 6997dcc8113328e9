package side

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"time"

	"sidegate/internal/mail"
)

// digest is over everything a caller can say of a message, so that the same request ID with anything else is found
// out. It does not depend on how messages are encoded elsewhere, because it is compared for a week.
func digest(m *mail.Message, bcc []mail.Address) [32]byte {
	d := digester{sha256.New()}
	d.numbers(int64(m.Class), int64(m.Priority), m.BodySize, m.Size)
	if m.ReadReceipt {
		d.numbers(1)
	}
	d.strings(m.Sender.String(), m.Subject, string(m.Regarding), string(m.SHA256[:]))
	for _, list := range [][]mail.Address{m.To, m.Cc, bcc} {
		d.numbers(int64(len(list)))
		for _, a := range list {
			d.strings(a.String())
		}
	}
	d.numbers(int64(len(m.Attachments)))
	for _, a := range m.Attachments {
		d.strings(a.Name, string(a.SHA256[:]))
		d.numbers(a.Size)
		if f := a.Mac; f != nil {
			d.strings(string(f.Type[:]), string(f.Creator[:]), string(f.Comment))
			d.numbers(int64(f.FinderFlags), f.ResourceSize, unix(f.Created), unix(f.Modified))
		}
	}
	// What came later counts only where it is said, so that requests of before it keep their digests.
	if m.InReplyTo != "" {
		d.strings("in reply to", string(m.InReplyTo))
	}
	if r := m.Receipt; r != nil {
		d.strings("receipt", r.Reader.String(), r.Subject)
		d.numbers(unix(r.Submitted), unix(r.Read))
		if r.NotRead {
			d.numbers(1)
		}
	}
	return [32]byte(d.h.Sum(nil))
}

type digester struct{ h hash.Hash }

func (d digester) numbers(ns ...int64) {
	for _, n := range ns {
		_ = binary.Write(d.h, binary.BigEndian, n)
	}
}

func (d digester) strings(ss ...string) {
	for _, s := range ss {
		d.numbers(int64(len(s)))
		d.h.Write([]byte(s))
	}
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}
