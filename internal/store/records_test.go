package store

import (
	"bytes"
	"errors"
	"sort"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sidegate/internal/bounds"
	"sidegate/internal/mail"
)

func TestIDsInKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.OneOf(
			rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`),
			rapid.StringMatching(`[0-9A-F]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`),
			rapid.StringMatching(`[^\x00]{0,40}`),
		).Draw(t, "id")
		rest := rapid.SliceOf(rapid.Byte()).Draw(t, "rest")
		got, left, ok := cutID(append(appendID(nil, id), rest...))
		if !ok || got != id || !bytes.Equal(left, rest) {
			t.Fatalf("%q with %x is read as %q with %x, %v", id, rest, got, left, ok)
		}
	})
}

func TestEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.SliceOfN(rapid.Byte(), 1, 4).Draw(t, "prefix")
		key := append(bytes.Clone(prefix), rapid.SliceOf(rapid.Byte()).Draw(t, "rest")...)
		upper := end(prefix)
		if upper != nil && bytes.Compare(key, upper) >= 0 {
			t.Fatalf("%x is not below %x", key, upper)
		}
		if upper != nil && bytes.HasPrefix(upper, prefix) {
			t.Fatalf("%x begins with %x", upper, prefix)
		}
	})
}

func TestNumbersSort(t *testing.T) {
	prefix := idKey(tableEntry, "lane")
	var keys []string
	for _, n := range []uint64{0, 1, 255, 256, 1 << 40, ^uint64(0)} {
		keys = append(keys, string(numberKey(prefix, n)))
	}
	if !sort.StringsAreSorted(keys) {
		t.Fatalf("keys are not in the order of their numbers: %q", keys)
	}
}

func TestRecordsReadBack(t *testing.T) {
	at := time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)
	a := mail.MustAddress("NET/PO/ann")
	entry := Entry{
		Lane: "l", Seq: 7, MessageID: "m", Recipients: []mail.Address{a}, Queued: at, Attempts: 3, Due: time.Unix(0, 0).UTC(),
		From: "f", Reason: "r", Bytes: 1 << 40, Sender: a,
	}
	account := &Inbound{
		Sender: "s", Through: 9, Beyond: []Range{{11, 12}, {14, ^uint64(0)}},
		Exceptions: []OpenException{{10, mail.Exception{Recipients: []mail.Address{a}, Kind: mail.NotServed, Reason: "r", RetryAfter: time.Hour}}},
	}
	box := boxRecord{address: a, owners: []string{"a", ""}, created: at, reserved: 77, aliases: []mail.Address{a, mail.MustAddress("b@c")}}
	compare := func(want, got any, err error) {
		t.Helper()
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(boxRecord{})); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	gotEntry, err := parseEntry("l", 7, putEntry(nil, &entry))
	compare(entry, gotEntry, err)
	gotAccount, err := parseInbound("s", putInbound(nil, account))
	compare(account, gotAccount, err)
	gotBox, err := parseBox(putBox(nil, box))
	compare(box, gotBox, err)
	box.aliases = nil
	older := putBox(nil, box)
	gotBox, err = parseBox(older[:len(older)-1]) // the record of a version that knew no aliases
	compare(box, gotBox, err)
}

// FuzzRecords shows that no bytes make a reader of records fail otherwise than with an error, or take much memory.
func FuzzRecords(f *testing.F) {
	a := mail.MustAddress("NET/PO/ann")
	f.Add(putEntry(nil, &Entry{MessageID: "m", Recipients: []mail.Address{a}}))
	f.Add(putInbound(nil, &Inbound{Through: 1, Beyond: []Range{{3, 4}}}))
	f.Add(putBox(nil, boxRecord{address: a, owners: []string{"o"}, aliases: []mail.Address{a}}))
	f.Add(putBad(nil, &Bad{Message: &mail.Message{ID: "m"}}))
	f.Add([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		var errs []error
		note := func(_ any, err error) { errs = append(errs, err) }
		for _, parse := range []func([]byte) (any, error){
			func(b []byte) (any, error) { return parseEntry("l", 1, b) },
			func(b []byte) (any, error) { return parseInbound("s", b) },
			func(b []byte) (any, error) { return parseBox(b) },
			func(b []byte) (any, error) { return parseBoxEntry(b) },
			func(b []byte) (any, error) { return parseBoxIndex(b) },
			func(b []byte) (any, error) { return parseBad("b", b) },
			func(b []byte) (any, error) { return parseTrace("m", b) },
			func(b []byte) (any, error) { return parseAnswer(b) },
			func(b []byte) (any, error) { return parseLane(b) },
		} {
			bounds.Allocation(t, len(b), func() { note(parse(b)) })
		}
		for _, err := range errs {
			if err != nil && !errors.Is(err, errRecord) {
				t.Errorf("unexpected error %v", err)
			}
		}
		if id, rest, ok := cutID(b); ok && b[0] == 'u' && !bytes.Equal(append(appendID(nil, id), rest...), b) {
			t.Errorf("id %q of %x is written differently", id, b)
		}
	})
}
