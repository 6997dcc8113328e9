package mmff

import (
	"bytes"
	"strings"
	"testing"

	"sidegate/internal/bounds"
)

// seed gives a fuzzer the corpus.
func seed(f *testing.F) {
	for _, c := range corpus() {
		for _, s := range c.samples {
			if len(s.data) < 4096 {
				f.Add([]byte(s.data))
			}
		}
	}
}

// FuzzParse: no panic, no byte lost, and every error in bounds.
func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var file *File
		var err error
		bounds.Allocation(t, len(data), func() { file, err = Parse(data) })
		if b, berr := file.Bytes(); berr != nil || !bytes.Equal(b, data) {
			t.Fatalf("the file does not repeat itself: %v\n%q", berr, b)
		}
		partial := 0
		for i, m := range file.Messages {
			raw, offset := m.Original()
			if m.Ordinal != i+1 || !bytes.Equal(raw, data[offset:offset+len(raw)]) {
				t.Fatalf("message %d is not at its place", i+1)
			}
			if m.Partial {
				partial++
			}
			m.PrintedHeader()
			checkSizes(t, m)
		}
		if err == nil && (partial > 0 || len(file.Messages) == 0) {
			t.Fatalf("no error, %d messages, %d partial", len(file.Messages), partial)
		}
		if err != nil {
			checkErrors(t, err.(Errors), data)
		}
		if _, err2 := (Parser{Strict: true}).Parse(data); err != nil && err2 == nil {
			t.Fatalf("a strict parser takes what a tolerant one refuses: %v", err)
		}
	})
}

func checkSizes(t *testing.T, m *Message) {
	for _, a := range m.Attachments {
		if !m.Partial && a.Size != int64(len(a.Content)) {
			t.Fatalf("%d bytes counted, %d there", a.Size, len(a.Content))
		}
	}
}

func checkErrors(t *testing.T, faults Errors, data []byte) {
	if len(faults) == 0 || len(faults) > 20+4 {
		t.Fatalf("%d errors", len(faults))
	}
	for _, e := range faults {
		if e.Offset < 0 || e.Offset > int64(len(data)) || e.Present > e.Promised || strings.ContainsAny(e.Error(), "\r\n\x00") || len(e.Error()) > 1000 {
			t.Fatalf("%+v", e)
		}
	}
}

// FuzzRoundTrip: whatever was read is refused by the writer, or reads back.
func FuzzRoundTrip(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data)
		if err != nil {
			return
		}
		for _, m := range file.Messages {
			for _, o := range []Options{{EOL: CR}, {EOL: LF, Extended: true}, {EOL: CRLF, Extended: true}, {}} {
				out, err := Marshal(m, o)
				if err != nil {
					if strings.Contains(err.Error(), "verify") {
						t.Fatalf("%+v: %v\n%q", o, err, data)
					}
					continue
				}
				if kind := Classify(out); kind != KindMail {
					t.Fatalf("written as %s", kind)
				}
			}
		}
	})
}

// FuzzClassify: the kind agrees with the parser, and neither a recipient nor a body is ever a handshake.
func FuzzClassify(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var kind Kind
		bounds.Allocation(t, len(data), func() { kind = Classify(data) })
		file, err := Parse(data)
		if (kind == KindMail) != (err == nil) {
			t.Fatalf("%s, but the parser says %v", kind, err)
		}
		if kind != KindHandshake && kind != KindForeign {
			return
		}
		if kind == KindHandshake && len(data) > handshakeSize {
			t.Fatalf("a handshake of %d bytes", len(data))
		}
		for _, m := range file.Messages {
			if len(m.To)+len(m.Cc)+len(m.Attachments)+len(m.XAttach)+len(m.Body) > 0 || m.XText != nil || kind == KindForeign {
				t.Fatalf("mail taken for a %s: %q", kind, data)
			}
		}
	})
}
