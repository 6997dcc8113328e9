package mmff

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
)

// hostile are inputs built to cost memory or time. The number is roughly their size.
func hostile(n int) map[string][]byte {
	repeat := func(s string) []byte { return bytes.Repeat([]byte(s), n/len(s)) }
	head := []byte(lines("\n", envelope...))
	return map[string][]byte{
		"recipients":       append(head, repeat("TO:a\n")...),
		"bad recipients":   append(head, repeat("TO:WARP:\n")...),
		"fields":           append(head, repeat("A:\n")...),
		"attachments":      append(head, repeat("ATTACHMENT:x 0\n")...),
		"references":       append(head, repeat("XATTACH:x\n")...),
		"references empty": append(head, repeat("XATTACH:\n")...),
		"ext":              append(head, repeat("EXT:I:2:X\n1\n")...),
		"ext window":       append(head, repeat("EXT:I:60000:X\nx\n")...),
		"ext far":          append(head, repeat("EXT:I:60000:X\n"+strings.Repeat("y:\n", 1000))...),
		"repeats":          append(head, repeat("SUBJECT:\n")...),
		"blank lines":      append(head, repeat("\n")...),
		"no colons":        append(head, repeat("xyz\n")...),
		"unknown tokens":   append(head, repeat("\x80:\n")...),
		"versions":         repeat("VERSION:\n"),
		"messages":         repeat("VERSION:3.00\nTO:a/b/c\nFROM:d/e/f\nTEXT:0\n"),
		"one line":         append(head, repeat("x")...),
		"long lines":       append(head, repeat(strings.Repeat("x", 70000)+":y\n")...),
		"longest lines":    append(head, repeat(strings.Repeat("x", 65000)+":y\n")...),
		"nuls":             repeat("\x00"),
		"line ends":        repeat("\r"),
		"body overrun":     append(append(head, "TEXT:9223372036854775807\n"...), repeat("x\n")...),
		"body left over":   append(append(head, "TEXT:1\n"...), repeat("x\r\n")...),
		"mixed line ends":  append([]byte("VERSION:3.00\r\nTO:"), repeat("x\n")...),
		"one mail":         []byte(mailText("\n", envelope, string(repeat("x")))),
	}
}

// TestAllocation holds the promise of Limits: eight times the input and a mebibyte.
func TestAllocation(t *testing.T) {
	for _, size := range []int{1 << 12, 1 << 16, 1 << 20, 4 << 20} {
		for name, data := range hostile(size) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			kind, _, _ := Parser{}.Inspect(data)
			runtime.ReadMemStats(&after)
			if got, most := after.TotalAlloc-before.TotalAlloc, uint64(8*len(data)+1<<20); got > most {
				t.Errorf("%s of %d bytes (%s): allocated %d, at most %d allowed", name, len(data), kind, got, most)
			}
		}
	}
}

// TestLinear counts how many bytes the parser looks at, those it looks at twice counted twice. Whatever the input, that is a
// small multiple of its size: work that grows with the square of it would be thousands of times as much.
func TestLinear(t *testing.T) {
	const most = 6
	for _, size := range []int{1 << 12, 1 << 18, 1 << 21} {
		for name, data := range hostile(size) {
			// Without limits, which end most of these early.
			p := Parser{Limits: Limits{MaxSize: 1 << 30, MaxMessages: 1 << 30, MaxRecipients: 1 << 30, MaxFields: 1 << 30, MaxLine: 1 << 30}}
			for limited, p := range map[bool]Parser{true: {}, false: p} {
				if looked := lookedAt(p, data); looked > most*len(data)+1<<10 {
					t.Errorf("%s of %d bytes, limited %v: %d bytes looked at", name, len(data), limited, looked)
				}
			}
		}
	}
}

func lookedAt(p Parser, data []byte) int {
	r := p.reader(data)
	r.read()
	return r.looked + r.content.looked
}

// TestEveryByteIsLookedAt keeps the count honest: a header is looked at whole, a content by its counts alone.
func TestEveryByteIsLookedAt(t *testing.T) {
	header := lines("\n", with(envelope, "TEXT:5000")...)
	if looked := lookedAt(Parser{}, []byte(header+strings.Repeat("x", 5000))); looked < len(header) || looked > 6*len(header) {
		t.Errorf("%d bytes looked at, the header has %d", looked, len(header))
	}
	if cut := header + strings.Repeat("x", 4000); lookedAt(Parser{}, []byte(cut)) < len(cut) {
		t.Error("counts that do not fit are measured without looking at the content")
	}
}

func BenchmarkParse(b *testing.B) {
	data := []byte(mailText("\r\n", with(full, "ATTACHMENT:a 100000"), strings.Repeat("text\r\n", 500), strings.Repeat("x", 100000)))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}
