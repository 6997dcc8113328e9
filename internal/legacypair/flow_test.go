package legacypair

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPairCarriesAll: two sound halves, whole cycles in turn, empty every directory before it is filled again. Nothing is
// lost or doubled, every byte arrives, and order is kept whatever b is.
func TestPairCarriesAll(t *testing.T) {
	n := 2000
	if testing.Short() {
		n = 400 // two thousand take the race detector half a minute
	}
	for _, slots := range []int{1, 10, 99} {
		t.Run(fmt.Sprintf("b=%d", slots), func(t *testing.T) {
			fs, path := spool(t)
			o := Options{Slots: slots, Batch: 99}
			pc, mac := NewPCHalf(fs, o), NewMacHalf(fs, o)
			down, up := Generate(1, n, ToMac), Generate(2, n, ToPC)
			pc.Send(down...)
			mac.Send(up...)
			steps(n/slots+2, pc, mac)
			want(t, "PC to Mac", mac.Received(), down)
			want(t, "Mac to PC", pc.Received(), up)
			for _, dir := range []string{toMac, toPC, "BADMAIL"} {
				if left := files(t, path, dir); len(left) > 0 {
					t.Errorf("%s holds %v", dir, left)
				}
			}
			if c := pc.Counters(); c.Sent != n || c.Received != n || c.Errors != 0 || pc.Waiting() != 0 {
				t.Errorf("PC half: %+v, %d waiting", c, pc.Waiting())
			}
		})
	}
}

// TestBatch: KB Q95521. The PC half gives and takes 50 messages a cycle, whatever there is.
func TestBatch(t *testing.T) {
	fs, path := spool(t)
	pc, mac := NewPCHalf(fs, Options{Slots: 99}), NewMacHalf(fs, Options{Slots: 99})
	pc.Send(numbered(99)...)
	mac.Send(numbered(99)...)
	mac.Step()
	pc.Step()
	if got := len(pc.Received()); got != 50 {
		t.Errorf("PC half took %d", got)
	}
	if got := len(files(t, path, toMac)); got != 50 {
		t.Errorf("PC half gave %d", got)
	}
	if got := len(files(t, path, toPC)); got != 49 {
		t.Errorf("%d files stay for the next cycle", got)
	}
}

// overtaken is how many messages each message was overtaken by, at most, and how many were overtaken at all.
func overtaken(ms []Message) (most, some int) {
	for i, m := range ms {
		n, _ := strconv.Atoi(m.Subject)
		by := 0
		for _, before := range ms[:i] {
			if k, _ := strconv.Atoi(before.Subject); k > n {
				by++
			}
		}
		most = max(most, by)
		if by > 0 {
			some++
		}
	}
	return most, some
}

// TestOrder is KB Q137998: while the slow half works through a group, the fast one refills the slots behind it, and
// newer messages go first. Promised is only: no loss, FIFO with b = 1 or when b takes all that waits, and a message is
// overtaken by less than two groups.
func TestOrder(t *testing.T) {
	for _, tt := range []struct {
		slots, n int
		fifo     bool
	}{{1, 300, true}, {10, 300, false}, {99, 600, false}, {99, 99, true}} {
		t.Run(fmt.Sprintf("b=%d,n=%d", tt.slots, tt.n), func(t *testing.T) {
			got := slowly(t, tt.slots, tt.n)
			seen := map[string]bool{}
			for _, m := range got {
				seen[m.Subject] = true
			}
			if len(got) != tt.n || len(seen) != tt.n {
				t.Errorf("%d messages, %d different", len(got), len(seen))
			}
			most, some := overtaken(got)
			t.Logf("%d overtaken, one of them by %d", some, most)
			if most >= 2*tt.slots || tt.fifo != (some == 0) {
				t.Errorf("%d overtaken, one of them by %d", some, most)
			}
		})
	}
}

// slowly sends n messages at once to a Macintosh that is nearly always in the middle of a group: 17 operations are about
// three messages, and neither half knows when the other has its turn.
func slowly(t *testing.T, slots, n int) []Message {
	fs, _ := spool(t)
	o := Options{Slots: slots, Batch: slots}
	pc := NewPCHalf(fs, o)
	o.Bugs.Pace = 17
	mac := NewMacHalf(fs, o)
	pc.Send(numbered(n)...)
	pc.Step()
	turns := rand.New(rand.NewPCG(1, 2))
	for i := 0; len(mac.Received()) < n; i++ {
		if i > 20*n {
			t.Fatalf("%d of %d after %d steps", len(mac.Received()), n, i)
		}
		if turns.IntN(3) == 0 {
			pc.Step()
		} else {
			mac.Step()
		}
	}
	return mac.Received()
}

// TestRun: Run steps at once and then at every interval.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs, _ := spool(t)
		pc := NewPCHalf(fs, Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute+time.Second)
		defer cancel()
		if err := pc.Run(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run returned %v", err)
		}
		if got := pc.Counters().Cycles; got != 11 {
			t.Errorf("%d cycles in ten minutes, want 11", got)
		}
	})
}

// TestSendAndReceivedCopy: what a caller does with its slices afterwards does not matter.
func TestSendAndReceivedCopy(t *testing.T) {
	fs, _ := spool(t)
	pc, mac := NewPCHalf(fs, Options{}), NewMacHalf(fs, Options{})
	m := Message{To: []string{MacUsers[0]}, From: PCUsers[0], Subject: "s", Date: "1994-04-04", Time: "13:10",
		Attachments: []Attachment{{Name: "A", Content: []byte("abc")}}}
	pc.Send(m)
	m.To[0], m.Attachments[0].Content[0] = "changed", 'X'
	steps(1, pc, mac)
	first := mac.Received()
	first[0].To[0], first[0].Text[0] = "changed", 'X'
	got := mac.Received()[0]
	const text = "VERSION:3.00\r\nTO:CSI:MACNET/MACPO/T60009HO\r\nFROM:CSI:NET1/PO1/ADMIN\r\nDATE:1994-04-04\r\nTIME:13:10\r\n" +
		"SUBJECT:s\r\nATTACHMENT:A 3\r\nTEXT:0\r\nabc"
	if d := cmp.Diff(text, string(got.Text)); d != "" {
		t.Error(d)
	}
	if got.To[0] != MacUsers[0] || got.Slot != 1 {
		t.Errorf("got %+v", got)
	}
}
