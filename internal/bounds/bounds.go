// Package bounds holds decoders to what they may cost.
//
// Bytes from outside may claim any length, so every decoder of the product promises that it allocates at most eight times
// its input and a mebibyte, whatever the input says of itself. The fuzzers of the decoders ask for that with Allocation.
package bounds

import (
	"runtime/metrics"
	"testing"
)

// Of an input of n bytes a decoder may make factor*n+slack bytes.
const (
	factor = 8
	slack  = 1 << 20
)

// tries is how often a decoder that was too expensive is measured again: the figure is that of the whole process, in which
// other goroutines work as well.
const tries = 3

// Allocation runs decode and fails the test if it allocated more than a decoder may for an input of so many bytes. decode
// is run again if it did, so it must not depend on how often it runs.
func Allocation(t testing.TB, input int, decode func()) {
	t.Helper()
	most := uint64(factor*input + slack)
	least := ^uint64(0)
	for range tries {
		before := allocated()
		decode()
		if least = min(least, allocated()-before); least <= most {
			return
		}
	}
	t.Errorf("%d bytes were allocated for %d bytes of input; at most %d are allowed", least, input, most)
}

// allocated is how many bytes the process has allocated since it began. Small objects are counted a page at a time, which
// the slack allows for; stopping the world for an exact figure would make a fuzzer many times as slow.
func allocated() uint64 {
	sample := [1]metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample[:])
	return sample[0].Value.Uint64()
}
