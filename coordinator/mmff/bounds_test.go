package mmff

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"
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

// TestLinear compares the time for an input with that for one eight times as large. Quadratic work takes 64 times as long.
func TestLinear(t *testing.T) {
	const small, factor = 1 << 18, 8
	large := hostile(factor * small)
	for name, data := range hostile(small) {
		least := fastest(data)
		if most := 3*factor*least + 20*time.Millisecond; fastest(large[name]) > most {
			t.Errorf("%s: %v for %d bytes, but more than %v for %d times as many", name, least, len(data), most, factor)
		}
	}
}

// fastest is the best of three, which leaves out what else the machine does.
func fastest(data []byte) time.Duration {
	best := time.Hour
	for range 3 {
		start := time.Now()
		Classify(data)
		best = min(best, time.Since(start))
	}
	return best
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
