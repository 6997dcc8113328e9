package spool_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/handshake"
	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
	"sidegate/internal/liveness"
	"sidegate/internal/store"
)

// KB Q121917: the other half cannot see our handshake, for seven days. Mail goes both ways all the time, the leg says blind
// and names the file, and all is well by itself once the volume has recovered.
func TestInvisibleHandshake(t *testing.T) {
	change := func(o *spool.Options) { o.Aging, o.ReserveSlot1, o.Scan = 2*time.Hour, true, 20*time.Second }
	bubble(t, sharetest.Options{}, change, func(w *world) {
		w.half.Hide("MMFF1.*")
		w.wait(30 * time.Second)
		if got := w.sp.Status().Slots; len(got) != 1 || got[0].State != "handshake" {
			t.Fatalf("no handshake of ours lies there: %+v", got)
		}
		blind, in, out := 0, 0, 0
		for start := time.Now(); time.Since(start) < 7*24*time.Hour; w.wait(8 * time.Minute) {
			w.drop("MMFF1.MSG", mmff(fmt.Sprint("in ", in), "x\r\n"))
			in++
			if in%3 == 0 {
				name := fmt.Sprint("out ", out)
				out++
				w.take(w.delivery(name, "x\n"))
				if got := w.collect(); !slices.Contains(got, name) {
					t.Fatalf("the half got %q instead of %s", got, name)
				}
			}
			w.wait(30 * time.Second)
			l := w.leg(true)
			if l.State != liveness.Blind && l.State != liveness.Up && l.State != liveness.Unknown {
				t.Fatalf("leg %+v", l)
			}
			if l.State == liveness.Blind {
				blind++
				if !strings.Contains(l.Reason, "MMFF1.MSG") || !cmp.Equal(l.Conditions, []string{liveness.ConditionStuck}) {
					t.Fatalf("leg %+v", l)
				}
			}
		}
		if got := len(w.arrived(store.Lane(peer))); got != in {
			t.Errorf("%d of %d mails came in", got, in)
		}
		t.Logf("%d mails in, %d out; blind in %d looks", in, out, blind)
		if blind == 0 {
			t.Error("the leg was never blind")
		}
		w.half.Hide()
		w.until(3*time.Hour, "the leg is up and stays so", func() bool {
			w.collect()
			w.wait(time.Minute)
			return w.leg(true).State == liveness.Up && len(w.leg(true).Conditions) == 0
		})
	})
}

// The same within T of the first file that is not taken, with mail for a witness and no handshakes at all.
func TestBlindWithinT(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.half.Hide("MMFF1.*")
		w.take(w.delivery("unseen", "x\n"))
		start := time.Now()
		for i := 0; w.leg(true).State != liveness.Blind; i++ {
			w.drop("MMFF1.MSG", mmff(fmt.Sprint(i), "x\r\n"))
			w.wait(30 * time.Second)
			if time.Since(start) > 11*time.Minute {
				t.Fatalf("not blind after %v: %+v", time.Since(start), w.leg(true))
			}
		}
		if l := w.leg(true); !strings.Contains(l.Reason, "MMFF1.MSG") {
			t.Errorf("leg %+v", l)
		}
		// Stuck slots are left out of the wave: mail goes on.
		for i := range 30 {
			w.take(w.delivery(fmt.Sprint(i), "x\n"))
			w.wait(3 * time.Second)
			w.collect()
			w.wait(6 * time.Second)
		}
		w.half.Hide()
		if got := w.collect(); !cmp.Equal(got, []string{"unseen"}) {
			t.Errorf("the half got %v at last", got)
		}
		w.wait(10 * time.Second)
		if l := w.leg(true); l.State != liveness.Up {
			t.Errorf("does not heal: %+v", l)
		}
	})
}

// handshakes are 200 files that are handshakes, by shape, case, line end and padding.
func handshakes() []string {
	var all []string
	for _, shape := range [][]string{{"VERSION:3.00"}, {"VERSION:3.0"}, {"VERSION: 3.00"}, {"VERSION:3.00", "TEXT:0"}, {"VERSION:3.00", "DATE:1994-04-04", "TIME:13:10"},
		{"VERSION:3.00", "SUBJECT:Handshake", "PRIORITY:3", "TEXT:0"}, {"VERSION:3.00", "FROM:CSI:NET/PO/ADMIN", "TEXT:0"}, {"TEXT:0"}} {
		for _, eol := range []string{"\r\n", "\r", "\n"} {
			text := strings.Join(shape, eol) + eol
			all = append(all, text, strings.ToLower(text), "\r\n"+text, text+"\x1a", text+strings.Repeat("\x00", 100), text+eol+eol, " "+text)
		}
	}
	for i := range 40 {
		all = append(all, strings.Repeat([]string{"\x00", " ", "\r\n", "\x1a"}[i%4], 1+i*6))
	}
	return append(all, "MMFF", "HANDSHAKE", "alive 1994-04-04", "\x01", "MACGATE", "ping")[:200]
}

// KB Q152477: 200 handshakes in any slot. None becomes mail, bad mail or a notice, and all are gone within two scans and the
// time of stability.
func TestHandshakesAreConsumed(t *testing.T) {
	bubble(t, sharetest.Options{Droppings: true}, nil, func(w *world) {
		all, spelling := handshakes(), []string{"MMFF%d.MSG", "mmff%d.msg", "Mmff%d.msg"}
		for i := 0; i < len(all); i += 10 {
			for k := range 10 {
				w.drop(fmt.Sprintf(spelling[i/10%3], k+1), all[i+k])
			}
			w.wait(7 * time.Second)
			if mails, err := w.half.Mails(macToPC); err != nil || len(mails) > 0 {
				t.Fatalf("not consumed after 7 s: %v %v, of %q", mails, err, all[i:i+10])
			}
			w.wait(8 * time.Second)
		}
		st := w.sp.Status()
		if st.Counters.HandshakesConsumed != 200 || st.Counters.Imported+st.Counters.BadMailFiles != 0 {
			t.Errorf("counters %+v", st.Counters)
		}
		if got := w.names("BADMAIL"); len(got) != 0 {
			t.Errorf("BADMAIL holds %v", got)
		}
		if got := w.names(macToPC); len(got) != 0 {
			t.Errorf("left behind: %v", got)
		}
		if n := len(w.arrived(store.LaneSpool)) + len(w.arrived(store.Lane(peer))); n != 0 {
			t.Errorf("%d messages were made", n)
		}
		copies, err := w.sp.Handshakes(1000)
		if err != nil || len(copies) != 200 || string(copies[0].Content) != all[199] {
			t.Errorf("%d copies, %v", len(copies), err)
		}
	})
}

// A handshake whose shape nobody could have guessed: once its bytes are told, it is consumed like any other, and ours look
// like it. What differs from it by one byte stays where it is.
func TestToldHandshake(t *testing.T) {
	sample := "MACGATE ALIVE 3.2.11 SERVER MARKETING\r\n1994-04-04 13:10 00000017\r\nEND OF PROBE\r\n"
	tell := func(o *spool.Options) { o.Handshake, o.Aging = []byte(sample), 10*time.Minute }
	bubble(t, sharetest.Options{}, tell, func(w *world) {
		w.wait(10 * time.Second)
		if got, err := w.half.Read(pcToMac + "/MMFF1.MSG"); err != nil || string(got) != sample {
			t.Errorf("ours is %q, %v", got, err)
		}
		w.drop("MMFF3.MSG", sample)
		w.drop("MMFF4.MSG", strings.Replace(sample, "17", "18", 1))
		w.wait(20 * time.Second)
		st := w.sp.Status()
		if st.Counters.HandshakesConsumed != 1 || st.Counters.Imported != 0 {
			t.Errorf("counters %+v", st.Counters)
		}
		copies, err := w.sp.Handshakes(10)
		if err != nil || len(copies) != 1 || copies[0].FileName != "MMFF3.MSG" || string(copies[0].Content) != sample {
			t.Errorf("copies %+v, %v", copies, err)
		}
	})
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.drop("MMFF3.MSG", sample)
		w.wait(20 * time.Second)
		if st := w.sp.Status(); st.Counters.HandshakesConsumed != 0 {
			t.Errorf("consumed without being told: %+v", st.Counters)
		}
	})
}

// 200 odd mails, small as a handshake or looking like one: none is eaten.
func TestNoMailIsEaten(t *testing.T) {
	bubble(t, sharetest.Options{Droppings: true}, nil, func(w *world) {
		bodies := []string{"", "VERSION:3.00\r\n", "\x00", "x", string(handshake.Default), "TO:x/y/z\r\n", "\r\n", strings.Repeat("\x00", 60), "ping", "VERSION:3.00\r\nTEXT:0\r\n"}
		for i := range 200 {
			text := mmff(fmt.Sprintf("%03d", i), bodies[i%len(bodies)], "NET/PO/A", "CSI:NET/PO/B")
			if i%7 == 0 {
				text = strings.ReplaceAll(text, "MSMAIL:Anna@Marketing", "NET/PO/Z")
			}
			if i%3 == 0 {
				text = "\r\n" + text
			}
			if i%11 == 0 {
				text += "\x1a"
			}
			w.drop(fmt.Sprintf("MMFF%d.MSG", i%10+1), text)
			if i%10 == 9 {
				w.until(20*time.Second, "all read", func() bool { return len(w.names(macToPC)) == 0 })
			}
		}
		var want []string
		for i := range 200 {
			want = append(want, fmt.Sprintf("%03d", i))
		}
		if diff := cmp.Diff(want, w.arrived(store.Lane(peer))); diff != "" {
			t.Error(diff)
		}
		if got := w.sp.Status().Counters; got.HandshakesConsumed != 0 || got.BadMailFiles != 0 {
			t.Errorf("counters %+v", got)
		}
	})
}

// A handshake of ours that the half takes for bad mail: recognised, removed, and the last one.
func TestOurHandshakeInBadMail(t *testing.T) {
	bubble(t, sharetest.Options{}, func(o *spool.Options) { o.Aging = 10 * time.Minute }, func(w *world) {
		w.wait(10 * time.Second)
		if err := w.half.Rename(pcToMac+"/MMFF1.MSG", "BADMAIL/MMFF1.MSG"); err != nil {
			t.Fatal(err)
		}
		w.wait(10 * time.Second)
		if got := w.names("BADMAIL"); len(got) != 0 {
			t.Errorf("BADMAIL holds %v", got)
		}
		w.wait(24 * time.Hour)
		if got := w.names(pcToMac); len(got) != 0 {
			t.Errorf("another handshake: %v", got)
		}
		if st := w.sp.Status(); len(st.Alarms) != 1 || !strings.Contains(st.Alarms[0], "Q152477") {
			t.Errorf("alarms %q", st.Alarms)
		}
	})
}

// Truthful: a handshake is left only when nothing could be taken and nobody is there to take it.
func TestTruthful(t *testing.T) {
	for _, c := range []struct {
		name             string
		truthful         bool
		room, down, left bool
	}{
		{"open", true, true, false, false},
		{"the ends are down, there is room", true, true, true, false},
		{"no room, the ends are up", true, false, false, false},
		{"no room, the ends are down", true, false, true, true},
		{"switched off", false, false, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			room := c.room
			change := func(o *spool.Options) {
				o.Truthful, o.Room, o.EndsDown = c.truthful, func() bool { return room }, func() bool { return c.down }
			}
			bubble(t, sharetest.Options{}, change, func(w *world) {
				w.drop("MMFF1.MSG", "VERSION:3.00\r\n")
				w.drop("MMFF2.MSG", mmff("mail", "x"))
				w.wait(30 * time.Second)
				mails, err := w.half.Mails(macToPC)
				if err != nil {
					t.Fatal(err)
				}
				var want []string
				if c.left {
					want = append(want, "MMFF1.MSG")
				}
				if !c.room {
					want = append(want, "MMFF2.MSG")
				}
				if diff := cmp.Diff(want, mails); diff != "" {
					t.Error(diff)
				}
				room = true
				w.until(30*time.Second, "all consumed once there is room", func() bool { return len(w.names(macToPC)) == 0 })
			})
		})
	}
}
