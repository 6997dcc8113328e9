package spool

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"sidegate/coordinator/mmff"
	"sidegate/internal/bounds"
)

// FuzzLease: a lease that is read names an owner and is read again as it is written, in the one length all leases have.
func FuzzLease(f *testing.F) {
	f.Add(lease{Owner: "01993c2e-0000-7000-8000-000000000000", Epoch: 3, Counter: 1 << 60}.bytes())
	f.Add([]byte(`{"owner":"x","epoch":-1}`))
	f.Add([]byte(`{"owner":"x","epoch":1}{"owner":"y"}`))
	f.Add([]byte("\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var l lease
		var err error
		bounds.Allocation(t, len(data), func() { l, err = parseLease(data) })
		if err != nil {
			return
		}
		written := l.bytes()
		if again, err := parseLease(written); err != nil || again != l || l.Owner == "" {
			t.Fatalf("%q is the lease %+v, and that reads as %+v (%v)", data, l, again, err)
		}
		if len(l.Owner) == 36 && uuid.Validate(string(l.Owner)) == nil && len(written) != leaseLength {
			t.Fatalf("a lease of %d bytes: %q", len(written), written)
		}
	})
}

// FuzzMarker: a marker that is read is one UUID in its usual spelling.
func FuzzMarker(f *testing.F) {
	f.Add([]byte(markerHead + "01993c2e-0000-7000-8000-000000000000\r\n"))
	f.Add([]byte("{01993C2E-0000-7000-8000-000000000000}"))
	f.Add([]byte("urn:uuid:01993c2e-0000-7000-8000-000000000000"))
	f.Add([]byte(markerHead))
	f.Fuzz(func(t *testing.T, data []byte) {
		var id string
		var err error
		bounds.Allocation(t, len(data), func() { id, err = parseMarker(data) })
		if err != nil {
			return
		}
		if uuid.Validate(id) != nil || len(id) != 36 || id != strings.ToLower(id) {
			t.Fatalf("%q is the marker %q", data, id)
		}
	})
}

// FuzzFile: whatever lies in a slot, every message of it is sound or has a reason for bad mail that a person can read, and
// only what may still be written is left for later.
func FuzzFile(f *testing.F) {
	for _, s := range []string{"VERSION:3.00\r\nTO:N/P/A\r\nFROM:a@b\r\nTEXT:2\r\nhi", "VERSION:3.00\r\nTO:N/P/A\r\nFROM:a@b\r\nTEXT:9\r\nhi",
		"VERSION:3.00\r\nTO:N/P/A\r\nTEXT:0\r\n", "TO:N/P/A\r\n", "PK\x03\x04", strings.Repeat("VERSION:3.00\nTO:N/P/A\nFROM:a@b\nTEXT:0\n", 3)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var p parsed
		bounds.Allocation(t, len(data), func() { p = parse(data) })
		kind := mmff.Classify(data)
		if len(p.parts) == 0 || p.incomplete != (kind == mmff.KindIncomplete) {
			t.Fatalf("%d messages of a file that is %s, incomplete %v", len(p.parts), kind, p.incomplete)
		}
		sound := 0
		for _, part := range p.parts {
			if part.reason == "" {
				sound++
			}
			if (part.reason == "") != (part.explanation == "") || part.reason == "" && (part.message == nil || part.message.Partial) ||
				strings.ContainsAny(part.explanation, "\r\x00\x1b") {
				t.Fatalf("%+v", part)
			}
		}
		if (kind == mmff.KindMail) != (sound == len(p.parts)) {
			t.Fatalf("%d of %d messages of a file that is %s are sound", sound, len(p.parts), kind)
		}
	})
}
