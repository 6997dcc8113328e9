package side

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
)

// checkPieces runs a textCheck over text in pieces of n bytes.
func checkPieces(text []byte, n int) error {
	var c textCheck
	for len(text) > 0 {
		k := min(n, len(text))
		if err := c.add(text[:k]); err != nil {
			return err
		}
		text = text[k:]
	}
	return c.end()
}

// FuzzTextCheck: a body in pieces is held to the same rule as one in whole.
func FuzzTextCheck(f *testing.F) {
	for _, s := range []string{"", "plain\n\ttext", "\r\n", "Jürgen €😀", "\xe2\x82", "\xff", "a\x00b", "\u2028", "\xe2\x82a", "\xf0\x9f\x98\x80\xf0", "\u0085"} {
		f.Add([]byte(s), uint8(1))
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, n uint8) {
		whole := wire.CheckText("body", string(text), 1<<30)
		pieces := checkPieces(text, int(n%7)+1)
		if (whole == nil) != (pieces == nil) {
			t.Fatalf("%q: whole %v, in pieces %v (valid UTF-8: %v)", text, whole, pieces, utf8.Valid(text))
		}
	})
}

func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQuota(100)
		ctx := t.Context()
		if n, err := q.take(ctx, "ann", 500); n != 100 || err != nil {
			t.Fatalf("what is larger than everything: %d, %v", n, err)
		}
		if _, err := q.take(ctx, "bob", 60); err != nil {
			t.Errorf("another caller has to wait: %v", err)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := q.take(short, "ann", 1); err == nil {
			t.Error("more than everything was given")
		}
		done := make(chan int64)
		go func() {
			n, _ := q.take(ctx, "ann", 30)
			done <- n
		}()
		synctest.Wait()
		q.give("ann", 100)
		if n := <-done; n != 30 {
			t.Errorf("after giving back: %d", n)
		}
		q.give("ann", 30)
		q.give("bob", 60)
		if len(q.used) != 0 {
			t.Errorf("callers are remembered: %v", q.used)
		}
	})
}

func TestStates(t *testing.T) {
	ann, bob := mail.MustAddress("ann@A"), mail.MustAddress("bob@B")
	var all mail.Address
	step := func(r mail.Address, event string) store.Trace { return store.Trace{Recipient: r, Event: event} }
	tests := []struct {
		name  string
		tries [][]store.Trace
		want  string
	}{
		{"nothing", nil, ""},
		{"one way", [][]store.Trace{{step(all, "submitted"), step(ann, "queued"), step(ann, "sent"), step(ann, "accepted"), step(ann, "delivered")}}, "ann@A delivered!"},
		{"each on its own", [][]store.Trace{{step(ann, "delivered"), step(bob, "queued")}}, "ann@A delivered! bob@B queued"},
		{"a step of all touches who still waits", [][]store.Trace{{step(ann, "delivered"), step(bob, "queued"), step(all, "sent")}}, "ann@A delivered! bob@B sent"},
		{"news that comes late", [][]store.Trace{{step(ann, "queued"), step(ann, "delivered"), step(ann, "accepted")}}, "ann@A delivered!"},
		{"read later", [][]store.Trace{{step(ann, "delivered"), step(ann, "acknowledged"), step(ann, "deleted")}}, "ann@A delivered!"},
		{"relayed, then found bad", [][]store.Trace{{step(ann, "relayed"), step(ann, "returned")}}, "ann@A returned!"},
		{"held and released", [][]store.Trace{{step(ann, "queued"), step(ann, "held"), step(ann, "released")}}, "ann@A queued"},
		{"held", [][]store.Trace{{step(ann, "queued"), step(ann, "held")}}, "ann@A held!"},
		{"a second try", [][]store.Trace{{step(ann, "returned"), step(bob, "delivered")}, {step(ann, "queued")}}, "ann@A queued bob@B delivered!"},
		{"deleted by an operator", [][]store.Trace{{step(ann, "queued"), step(bob, "queued"), step(ann, "deleted")}}, "ann@A deleted! bob@B queued"},
		{"deleted under another name of the mailbox", [][]store.Trace{{step(ann, "delivered"), step(bob, "deleted")}}, "ann@A delivered!"},
		{"bad mail discarded", [][]store.Trace{{step(ann, "queued"), step(bob, "bad-mail"), step(all, "deleted")}}, "ann@A queued bob@B bad-mail!"},
		{"reported", [][]store.Trace{{step(ann, "returned"), step(all, "reported"), step(all, "bad-mail")}}, "ann@A returned!"},
	}
	for _, tt := range tests {
		var got []string
		for _, r := range states(tt.tries) {
			s := r.Address + " " + r.State
			if r.Terminal {
				s += "!"
			}
			got = append(got, s)
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
