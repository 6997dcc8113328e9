package intake

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

func deferral(seq uint64, due time.Time, sender string, recipients ...string) store.Entry {
	e := store.Entry{Seq: seq, Due: due, Sender: mail.MustAddress(sender)}
	for _, r := range recipients {
		e.Recipients = append(e.Recipients, mail.MustAddress(r))
	}
	return e
}

func seqs(es []dueEntry) []uint64 {
	var out []uint64
	for _, e := range es {
		out = append(out, e.seq)
	}
	return out
}

func TestDeferralsAreTakenWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, now := newDeferrals(), time.Now()
		d.add(deferral(1, now.Add(time.Minute), "a@A", "x@X"), now)
		d.add(deferral(2, now.Add(time.Second), "a@A", "y@X"), now)
		d.add(deferral(3, now.Add(-time.Hour), "a@A", "z@X"), now)
		d.add(deferral(4, now.Add(100*time.Hour), "b@A", "x@X"), now) // a clock that jumped
		d.add(deferral(5, time.Time{}, "c@A", "x@X"), now)
		if got := seqs(d.take(10)); !slices.Equal(got, []uint64{3, 5}) {
			t.Errorf("due at once: %v", got)
		}
		if n := d.next(); n != time.Second {
			t.Errorf("next is in %v", n)
		}
		time.Sleep(d.next())
		if got := seqs(d.take(10)); !slices.Equal(got, []uint64{2}) {
			t.Errorf("due after a second: %v", got)
		}
		time.Sleep(d.next())
		if got := seqs(d.take(10)); !slices.Equal(got, []uint64{1}) {
			t.Errorf("due after a minute: %v", got)
		}
		time.Sleep(d.next())
		if got := seqs(d.take(10)); !slices.Equal(got, []uint64{4}) || time.Since(now) > maxDeferral {
			t.Errorf("due after %v: %v", time.Since(now), got)
		}
	})
}

func TestDeferralsOfOneMomentKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, now := newDeferrals(), time.Now()
		for seq := range uint64(9) {
			d.add(deferral(9-seq, now.Add(time.Second), "a@A", "x@X"), now)
		}
		time.Sleep(time.Second)
		if got := seqs(d.take(4)); !slices.Equal(got, []uint64{1, 2, 3, 4}) {
			t.Errorf("taken: %v", got)
		}
	})
}

func TestDeferralsBlockTheirPair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, now := newDeferrals(), time.Now()
		a, x, y := mail.MustAddress("a@A"), mail.MustAddress("X@x"), mail.MustAddress("y@X")
		due := now.Add(2 * time.Hour)
		d.add(deferral(1, due, "A@a", "x@X"), now)
		if got, waits := d.blocks(a, x); !waits || !got.Equal(due) {
			t.Errorf("a second message of the pair: %v, %v", got, waits)
		}
		if _, waits := d.blocks(a, y); waits {
			t.Error("another recipient has to wait")
		}
		if _, waits := d.blocks(x, a); waits {
			t.Error("another sender has to wait")
		}
		time.Sleep(maxBlock)
		if _, waits := d.blocks(a, x); waits {
			t.Errorf("the pair is blocked after %v", maxBlock)
		}
		time.Sleep(maxDeferral)
		taken := d.take(1)
		d.settle(taken)
		if len(taken) != 1 || len(d.pairs) != 0 {
			t.Errorf("after the end: %v taken, %v left", taken, d.pairs)
		}
	})
}

func TestBackoff(t *testing.T) {
	want := []time.Duration{1, 1, 2, 4, 8, 15, 15, 15}
	for n, minutes := range want {
		if got := Backoff(n); got != minutes*time.Minute {
			t.Errorf("Backoff(%d) = %v", n, got)
		}
	}
}

// TestForget: what has left the waiting room before its time holds nothing back; what was taken is settled by its taker.
func TestForget(t *testing.T) {
	d, now := newDeferrals(), time.Now()
	ann, bob := mail.MustAddress("ann@Here"), mail.MustAddress("bob@There")
	for seq := range uint64(3) {
		due := now.Add(time.Hour)
		if seq == 0 {
			due = now
		}
		d.add(store.Entry{Seq: seq + 1, Sender: ann, Recipients: []mail.Address{bob}, Due: due}, now)
	}
	taken := d.take(1)
	d.forget(map[uint64]bool{1: true, 2: true, 3: true})
	if _, waits := d.blocks(ann, bob); !waits {
		t.Error("what is being moved holds nothing back")
	}
	d.settle(taken)
	if _, waits := d.blocks(ann, bob); waits || len(d.queue) != 0 {
		t.Errorf("what is gone holds mail back; the queue has %v", d.queue)
	}
}
