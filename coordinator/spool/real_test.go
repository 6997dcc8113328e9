package spool_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sidegate/coordinator/convert"
	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
	"sidegate/internal/intake"
	"sidegate/internal/link"
	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
)

// eventually waits, in real time, for something to become so.
func eventually(t *testing.T, sp *spool.Spool, what string, so func() bool) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for !so() {
		select {
		case <-sp.Watch():
		case <-limit:
			t.Fatalf("not in time: %s; %+v", what, sp.Status())
		}
	}
}

// A directory of this machine, Pebble, and real time: mail, handshake and bad mail in, mail out, and a second start.
func TestRealDirectory(t *testing.T) {
	dir, disk := t.TempDir(), vfs.NewMem()
	in, out := filepath.Join(dir, "STORE", "MACTOPC"), filepath.Join(dir, "STORE", "PCTOMAC")
	drop := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(in, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	names := func(dir string) []string {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, e := range entries {
			list = append(list, e.Name())
		}
		return list
	}
	for round := range 2 {
		engine, err := pebblestore.Open("data", pebblestore.Options{FS: disk, BallastBytes: -1})
		if err != nil {
			t.Fatal(err)
		}
		st, err := store.Open(engine, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		routes := route.New(route.Options{Serves: []mail.Pattern{mail.MustPattern("*@*")}, LocalLane: store.LaneSpool})
		routes.Replace(route.Announcement{Peer: peer, End: "pcside", Patterns: []mail.Pattern{mail.MustPattern("NET/PO/*")}})
		v, err := spool.OpenDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		sp, err := spool.Open(t.Context(), spool.Options{FS: v, Store: st, Converter: convert.New(convert.Options{Peer: convert.Mac()}), Role: spool.RolePC,
			Intake: intake.New(intake.Options{Store: st, Routes: routes, End: "coordinator", Reporter: reporter{}}),
			End:    "coordinator", Init: round == 0, Scan: 20 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- sp.Run(ctx) }()
		drop("MMFF1.MSG", mmff("real", "x\r\n"))
		drop("mmff2.msg", "VERSION:3.00\r\n")
		drop("MMFF3.MSG", "This is no message file, and it is too long to be a marker of any kind at all.\r\n")
		eventually(t, sp, "all is read", func() bool { return len(names(in)) == 0 })
		if got := st.Lane(store.Lane(peer)).Depth; got != round+1 {
			t.Errorf("%d mails came in", got)
		}
		if got := len(names(filepath.Join(dir, "BADMAIL"))); got != 2*(round+1) {
			t.Errorf("BADMAIL holds %v", names(filepath.Join(dir, "BADMAIL")))
		}
		session, err := st.OpenSession(t.Context(), peer, uint64(round+1))
		if err != nil {
			t.Fatal(err)
		}
		w := &world{T: t, st: st}
		if _, err := sp.Take(t.Context(), session, []link.Arrival{{Seq: uint64(round + 1), Delivery: w.delivery("out", "x\n")}}); err != nil {
			t.Fatal(err)
		}
		if got := names(out); !slices.Equal(got, []string{"MMFF1.MSG"}) {
			t.Errorf("%v", got)
		}
		if err := os.Remove(filepath.Join(out, "MMFF1.MSG")); err != nil {
			t.Fatal(err)
		}
		eventually(t, sp, "consumed", func() bool { return sp.Status().Counters.Consumed == 1 })
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if problems, err := st.Audit(); err != nil || len(problems) > 0 {
			t.Errorf("%q, %v", problems, err)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The state disk is full while slots wait: nothing is claimed, handshakes are consumed all the same, what is in custody is
// written, and reading goes on by itself when there is room.
func TestStoreFull(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.wait(5 * time.Second)
		waiting := w.delivery("in custody", "x\n")
		w.engine.SetUsage(store.Usage{Free: 1 << 20, Total: 1 << 40})
		w.drop("MMFF1.MSG", "VERSION:3.00\r\n")
		for i := 2; i < 9; i++ {
			w.drop("MMFF"+string(rune('0'+i))+".MSG", mmff("in", "x"))
			w.wait(time.Second)
		}
		s := w.session(peer)
		take := w.taking(w.Context(), s, w.offer(s, waiting))
		w.wait(10 * time.Minute)
		if got := len(w.arrived(store.Lane(peer))); got != 0 {
			t.Errorf("%d mails were taken without room", got)
		}
		if got := w.sp.Status().Counters.HandshakesConsumed; got != 1 {
			t.Errorf("%d handshakes were consumed", got)
		}
		if got := w.collect(); !slices.Equal(got, []string{"in custody"}) {
			t.Errorf("the half got %v", got)
		}
		if <-take.done; take.err != nil {
			t.Error(take.err)
		}
		w.engine.SetUsage(store.Usage{Free: 1 << 39, Total: 1 << 40})
		// Seven equal files: two are mail, the others are held.
		w.until(20*time.Minute, "all is read", func() bool { return len(w.names(macToPC)) == 0 })
		if in, held := len(w.arrived(store.Lane(peer))), len(w.arrived(store.LaneHeld)); in+held != 7 {
			t.Errorf("%d in, %d held", in, held)
		}
		synctest.Wait()
	})
}
