package store

import (
	"encoding/binary"
	"errors"
	"time"

	"sidegate/internal/mail"
)

// errRecord says that a record cannot be read. Records are covered by the engine's checksums, so this means a bug or
// a record of a later version.
var errRecord = errors.New("record is not in a form this version reads")

// Records are written as varints and texts with their length in front; a time is one more than its nanoseconds within
// the second, then its seconds since 1970, or just 0 for the zero time.

func putUint(b []byte, n uint64) []byte { return binary.AppendUvarint(b, n) }

func putInt(b []byte, n int64) []byte { return binary.AppendVarint(b, n) }

func putText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func putTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return putUint(b, 0)
	}
	return putInt(putUint(b, uint64(t.Nanosecond())+1), t.Unix())
}

func putAddress(b []byte, a mail.Address) []byte { return putText(putText(b, a.Type), a.Value) }

func putAddresses(b []byte, as []mail.Address) []byte {
	b = putUint(b, uint64(len(as)))
	for _, a := range as {
		b = putAddress(b, a)
	}
	return b
}

// record reads what the put functions wrote. After something was not there, every further value is zero and err says
// so.
type record struct {
	b      []byte
	failed bool
}

func (r *record) err() error {
	if r.failed {
		return errRecord
	}
	return nil
}

func (r *record) byte() byte {
	if len(r.b) == 0 {
		r.failed = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *record) uint() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.b, r.failed = nil, true
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *record) int() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.b, r.failed = nil, true
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *record) text() string { return string(r.bytes()) }

// bytes returns the next text as a part of the record.
func (r *record) bytes() []byte {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.b, r.failed = nil, true
		return nil
	}
	text := r.b[:n]
	r.b = r.b[n:]
	return text
}

// word is text for the few values that occur again and again.
func (r *record) word() string {
	b := r.bytes()
	switch string(b) {
	case mail.TypePC:
		return mail.TypePC
	case mail.TypeMac:
		return mail.TypeMac
	}
	return string(b)
}

func (r *record) time() time.Time {
	nanos := r.uint()
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(r.int(), int64(nanos)-1).UTC()
}

func (r *record) address() mail.Address { return mail.Address{Type: r.word(), Value: r.text()} }

func (r *record) addresses() []mail.Address {
	n := r.count()
	if n == 0 {
		return nil
	}
	as := make([]mail.Address, n)
	for i := range as {
		as[i] = r.address()
	}
	return as
}

// count reads the length of a list, which cannot be longer than the rest of the record.
func (r *record) count() int {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.b, r.failed = nil, true
		return 0
	}
	return int(n)
}
