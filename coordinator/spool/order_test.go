package spool_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
)

// A half that was away for a while has left nothing lying on purpose: lower slots stay free until it has taken the
// higher ones, so that nothing is overtaken.
func TestOrderIsKeptWhileTheHalfIsAway(t *testing.T) {
	bubble(t, sharetest.Options{}, func(o *spool.Options) { o.Slots = 3 }, func(w *world) {
		s := w.session(peer)
		offer := func(subject string) {
			w.taking(w.Context(), s, w.offer(s, w.delivery(subject, "x\n")))
			synctest.Wait()
		}
		for _, subject := range []string{"1", "2", "3"} {
			offer(subject)
		}
		w.wait(5 * time.Second)
		data, err := w.half.Read(pcToMac + "/MMFF1.MSG")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.half.Remove(pcToMac + "/MMFF1.MSG"); err != nil {
			t.Fatal(err)
		}
		got := []string{field(data, "SUBJECT")}
		for _, subject := range []string{"4", "5"} {
			offer(subject)
		}
		w.wait(45 * time.Minute) // nobody is there
		for range 10 {
			got = append(got, w.collect()...)
			w.wait(5 * time.Second)
		}
		if diff := cmp.Diff([]string{"1", "2", "3", "4", "5"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// A file that the half leaves lying while it is at work is one it does not see: mail goes on around it.
func TestMailGoesOnAroundAFileThatIsNotSeen(t *testing.T) {
	bubble(t, sharetest.Options{}, func(o *spool.Options) { o.Slots = 2 }, func(w *world) {
		s := w.session(peer)
		w.half.Hide("MMFF1.MSG")
		var got []string
		for i, subject := range []string{"1", "2", "3", "4"} {
			w.taking(w.Context(), s, w.offer(s, w.delivery(subject, "x\n")))
			for range 200 {
				w.wait(5 * time.Second)
				got = append(got, w.collect()...)
			}
			if i == 0 && len(got) > 0 {
				t.Fatal("the hidden file was taken")
			}
			w.drop("MMFF1.MSG", mmff("still here", "x\r\n")) // a sign of life
		}
		if diff := cmp.Diff([]string{"2", "3", "4"}, got); diff != "" {
			t.Error(diff)
		}
	})
}
