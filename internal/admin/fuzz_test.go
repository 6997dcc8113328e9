package admin

import (
	"testing"

	"sidegate/internal/bounds"
	"sidegate/internal/store"
)

// FuzzQueueToken: a page goes on where the one before it ended, and a token of anybody else is refused or names some place
// in the queue; none of them costs more than it may.
func FuzzQueueToken(f *testing.F) {
	f.Add("unrouted", uint64(7), "")
	f.Add("a lane with blanks", uint64(1)<<63, "unrouted 7")
	f.Add("x", uint64(0), " 7")
	f.Add("x", uint64(0), "x 18446744073709551616")
	f.Fuzz(func(t *testing.T, lane string, seq uint64, garbage string) {
		if lane != "" {
			token := queueToken(store.Entry{Lane: store.Lane(lane), Seq: seq})
			if p, err := parseQueueToken(token); err != nil || p.lane != store.Lane(lane) || p.seq != seq {
				t.Fatalf("%q is read as %+v, %v", token, p, err)
			}
		}
		bounds.Allocation(t, len(garbage), func() {
			if p, err := parseQueueToken(garbage); err == nil && garbage != "" && p.lane == "" {
				t.Fatalf("%q was taken and names no lane", garbage)
			}
		})
	})
}
