package wire_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"sidegate/internal/bounds"
	"sidegate/internal/mail"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// FuzzUnmarshal: a record of a message is refused, or can be written and read again, whatever damage it has taken.
func FuzzUnmarshal(f *testing.F) {
	for _, p := range []*pb.Message{{}, {MessageId: id}, message()} {
		b, err := proto.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var m *mail.Message
		var err error
		bounds.Allocation(t, len(b), func() { m, err = wire.Unmarshal(b) })
		if err != nil {
			return
		}
		again, err := wire.Unmarshal(wire.Marshal(m))
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		if !proto.Equal(wire.Message(again), wire.Message(m)) {
			t.Fatalf("%+v comes back as %+v", m, again)
		}
	})
}
