package legacypair

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestInvisibleHandshake is KB Q121917: the Macintosh does not see the handshake, so nobody deletes it, and PC -> Mac stops
// for ever while Mac -> PC flows. Every shape of handshake does it.
func TestInvisibleHandshake(t *testing.T) {
	for _, shape := range []Shape{ShapeEmpty, ShapeVersion, ShapeHeader, ShapeMarker} {
		fs, path := spool(t)
		c := newClock()
		pc := NewPCHalf(fs, Options{Now: c.read, Aging: 10 * time.Minute, Handshake: shape, Bugs: Bugs{Gates: true}})
		mac := NewMacHalf(fs, Options{Now: c.read, Bugs: Bugs{Hide: HideHandshakes}})
		steps(1, pc, mac)
		for range 200 {
			c.pass(time.Minute)
			pc.Send(short("to the Mac"))
			mac.Send(short("to the PC"))
			steps(1, pc, mac)
		}
		if len(mac.Received()) != 0 || pc.Waiting() != 200 {
			t.Errorf("shape %d: PC -> Mac did not stop: %d arrived, %d wait", shape, len(mac.Received()), pc.Waiting())
		}
		if got := len(pc.Received()); got < 199 {
			t.Errorf("shape %d: Mac -> PC carried %d of 200", shape, got)
		}
		if d := cmp.Diff([]string{"MMFF1.MSG"}, files(t, path, toMac)); d != "" {
			t.Errorf("shape %d: PCTOMAC (-want +got): %s", shape, d)
		}
		if got := pc.Notices(); len(got) != 1 || got[0].Subject != OverAge || got[0].To != "Administrator" {
			t.Errorf("shape %d: notices %v", shape, got)
		}
		if c := pc.Counters(); c.Gated != 200 || c.Handshakes != 1 {
			t.Errorf("shape %d: %+v", shape, c)
		}

		// The only way out: the file becomes visible, or is deleted.
		mac.SetBugs(Bugs{})
		steps(30, mac, pc)
		if got := len(mac.Received()); got != 200 {
			t.Errorf("shape %d: after the cure %d arrived", shape, got)
		}
	}
}

// TestHandshakeDoesNotStopMailWithoutTheFault: the same invisible file, but a PC half that does not wait for it.
func TestHandshakeDoesNotStopMailWithoutTheFault(t *testing.T) {
	fs, _ := spool(t)
	pc, mac := NewPCHalf(fs, Options{Aging: time.Minute}), NewMacHalf(fs, Options{Bugs: Bugs{Hide: HideHandshakes}})
	steps(1, pc, mac)
	pc.Send(numbered(100)...)
	steps(20, pc, mac)
	if got := len(mac.Received()); got != 100 {
		t.Errorf("%d of 100 arrived", got)
	}
}

// TestHandshakesAreConsumed: both halves write handshakes (KB Q152477) and mail goes on between.
func TestHandshakesAreConsumed(t *testing.T) {
	fs, path := spool(t)
	pc := NewPCHalf(fs, Options{Aging: time.Minute, Handshake: ShapeMarker, Bugs: Bugs{Gates: true}})
	mac := NewMacHalf(fs, Options{Aging: time.Minute, Bugs: Bugs{Gates: true}})
	for range 20 {
		pc.Send(short("a"))
		mac.Send(short("b"))
		steps(5, pc, mac)
	}
	steps(1, pc)
	p, m := pc.Counters(), mac.Counters()
	if p.Handshakes < 20 || m.Handshakes < 20 || p.Consumed != m.Handshakes || m.Consumed < p.Handshakes-1 {
		t.Errorf("PC half %+v, Macintosh half %+v", p, m)
	}
	if len(pc.Received()) != 20 || len(mac.Received()) != 20 || len(files(t, path, "BADMAIL")) != 0 {
		t.Errorf("%d and %d arrived, bad mail %v", len(pc.Received()), len(mac.Received()), files(t, path, "BADMAIL"))
	}
}

// TestMisreadHandshake is KB Q152477: each handshake becomes a file in BADMAIL and a notice to the Network Manager, while
// mail flows both ways and the PC half holds the Macintosh for alive.
func TestMisreadHandshake(t *testing.T) {
	for _, shape := range []Shape{ShapeEmpty, ShapeVersion, ShapeHeader, ShapeMarker} {
		fs, path := spool(t)
		pc := NewPCHalf(fs, Options{Aging: time.Minute, Handshake: shape, Bugs: Bugs{Gates: true}})
		mac := NewMacHalf(fs, Options{Bugs: Bugs{MisreadHandshake: true}})
		for range 50 {
			steps(1, pc, mac)
			pc.Send(short("a"))
			mac.Send(short("b"))
			steps(2, pc, mac)
		}
		written := pc.Counters().Handshakes
		if bad := files(t, path, "BADMAIL"); len(bad) != written || written < 50 {
			t.Errorf("shape %d: %d handshakes, BADMAIL holds %d", shape, written, len(bad))
		}
		for _, n := range mac.Notices() {
			if n.Subject != BadIncoming || n.To != "Network Manager" {
				t.Fatalf("shape %d: notice %v", shape, n)
			}
		}
		if got := len(mac.Notices()); got != written {
			t.Errorf("shape %d: %d notices about %d handshakes", shape, got, written)
		}
		if len(mac.Received()) != 50 || len(pc.Received()) != 50 {
			t.Errorf("shape %d: %d and %d of 50 arrived", shape, len(mac.Received()), len(pc.Received()))
		}
	}
}

// TestMisreadHandshakeKills is KB Q166162: reporting the bad file crashes the half that found it, and both directions stop.
func TestMisreadHandshakeKills(t *testing.T) {
	fs, _ := spool(t)
	pc := NewPCHalf(fs, Options{Bugs: Bugs{MisreadHandshake: true, DiesReporting: true}})
	mac := NewMacHalf(fs, Options{Aging: time.Minute})
	steps(2, mac, pc)
	pc.Send(numbered(3)...)
	mac.Send(numbered(3)...)
	steps(10, mac, pc)
	if pc.Alive() || len(pc.Received())+len(mac.Received()) != 0 {
		t.Errorf("alive %v, %d and %d arrived", pc.Alive(), len(pc.Received()), len(mac.Received()))
	}
}

// TestNoRoomInBadMail: where a bad file cannot be moved, the misread handshake stays in its slot, and the first fault
// becomes the second.
func TestNoRoomInBadMail(t *testing.T) {
	fs, path := spool(t)
	pc := NewPCHalf(fs, Options{Aging: time.Hour, Bugs: Bugs{Gates: true}})
	mac := NewMacHalf(fs, Options{Layout: Layout{MacToPC: toPC, PCToMac: toMac, BadMail: "GONE"}, Bugs: Bugs{MisreadHandshake: true}})
	steps(1, pc, mac)
	pc.Send(short("a"))
	steps(10, pc, mac)
	if got := files(t, path, toMac); len(got) != 1 || got[0] != "MMFF1.MSG" || len(mac.Received()) != 0 || pc.Waiting() != 1 {
		t.Errorf("PCTOMAC %v, %d arrived, %d wait", got, len(mac.Received()), pc.Waiting())
	}
}
