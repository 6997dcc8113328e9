package simtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	"sidegate/coordinator/handshake"
	"sidegate/internal/config"
	"sidegate/internal/legacypair"
	"sidegate/internal/liveness"
)

// TestInvisibleHandshake is KB Q121917 as it happened: the volume shows the Macintosh half every file but our
// handshakes, for a week. Mail flows both ways all the time, the status says what is wrong and names the file, and
// when the view is well again so is the status. With -short it is a day.
func TestInvisibleHandshake(t *testing.T) {
	const day, aging = 24 * time.Hour, 2 * time.Hour
	days := time.Duration(7)
	if testing.Short() {
		days = 1
	}
	s := setting{aging: aging, beat: time.Minute, slots: 10,
		change: func(name string, c *config.Config) {
			if name == coordinator {
				c.Spool.Scan = 30 * time.Second
			}
		},
		old: func(o *legacypair.Options) {
			o.Handshake = legacypair.ShapeVersion
			o.Bugs.Hide = legacypair.HideHandshakes
		},
	}
	play(t, s, func(s *stage) {
		s.half.mu.Lock()
		s.half.every = 2 * time.Minute
		s.half.mu.Unlock()
		blind := 0
		for begun := time.Now(); time.Since(begun) < days*day; {
			there, back := s.mail("NET1/PO1/ANN", "Gus@Old"), s.mail("Gus@Old", "NET1/PO1/ANN")
			time.Sleep(10 * time.Minute)
			if took := s.took(); !slices.Contains(took, there.label) {
				t.Fatalf("%s has not reached the half after 10 min; it has %d", there.label, len(took))
			}
			if box := s.box(pcside, "NET1/PO1/ANN"); !slices.Contains(box, back.label) {
				t.Fatalf("%s has not reached pcside after 10 min", back.label)
			}
			name, lain := s.oursLies()
			for lain < liveness.Within*2+handshake.MinT+time.Minute {
				time.Sleep(time.Minute)
				if name, lain = s.oursLies(); time.Since(begun) > (days+1)*day {
					t.Fatal("no handshake was ever written")
				}
			}
			leg := s.direction(coordinator, coordinator, "legacy-mac")
			if leg.State != "blind" || !strings.Contains(leg.Reason, name) || !slices.Contains(leg.Conditions, "stuck-handshake") {
				t.Fatalf("our %s lies for %v: the coordinator says %v", name, lain, leg)
			}
			blind++
			if d := s.direction(pcside, pcside, coordinator); d.State != "blind" || !strings.Contains(d.Reason, name) {
				t.Fatalf("our %s lies for %v: pcside says %v", name, lain, d)
			}
		}
		if blind < 3*int(days) {
			t.Errorf("only %d looks in %d days", blind, days)
		}
		b := s.half.old.Bugs()
		b.Hide = nil
		s.half.old.SetBugs(b)
		s.until(10*time.Minute, "the leg is well again", func() bool {
			leg := s.direction(coordinator, coordinator, "legacy-mac")
			return leg.State == "up" && len(leg.Conditions) == 0
		})
		if len(s.half.old.Notices()) > 0 {
			t.Errorf("the half complains: %v", s.half.old.Notices()[0])
		}
		s.finish()
	})
}

// oursLies tells which handshake of ours lies in the spool, and for how long.
func (s *stage) oursLies() (name string, d time.Duration) {
	s.Helper()
	c := s.share.Client("mason")
	entries, err := c.ReadDir(s.half.in)
	if err != nil {
		s.Fatal(err)
	}
	for _, e := range entries {
		if e.Size <= shortest && strings.HasSuffix(e.Name, ".MSG") {
			return e.Name, time.Since(e.ModTime)
		}
	}
	return "", 0
}

// TestHandshakesAreNotMail is KB Q152477 end to end, in twenty variants of what the halves write: no handshake becomes
// mail anywhere, none of the half's comes into BADMAIL, and mail flows around them.
func TestHandshakesAreNotMail(t *testing.T) {
	for i := range 20 {
		role, misreads := []string{"pc", "mac"}[i%2], i >= 12
		t.Run(fmt.Sprintf("%d role %s shape %d misread %v", i, role, i/2%4, misreads), func(t *testing.T) {
			t.Parallel()
			s := setting{seed: uint64(i), role: role, slots: 2 + i%4, beat: 20 * time.Second, old: func(o *legacypair.Options) {
				o.Handshake, o.Aging = legacypair.Shape(i/2%4), 3*time.Minute
				o.EOL, o.Lower = []string{"\r\n", "\r", "\n"}[i%3], i%5 == 0
				o.Bugs.MisreadHandshake = misreads
			}}
			if i%3 != 0 || misreads {
				s.aging = 4 * time.Minute
			}
			s.change = func(name string, c *config.Config) {
				if name == coordinator {
					c.Spool.LineEnd = []string{"crlf", "cr", "lf"}[i%3]
				}
			}
			play(t, s, handshakesAreNotMail)
		})
	}
}

func handshakesAreNotMail(s *stage) {
	gus := behind(s.role)[0]
	for range 3 {
		s.mail("NET1/PO1/ANN", gus)
		s.mail(gus, "Dora@Shop", "NET1/PO1/BEN")
		time.Sleep(15 * time.Minute)
	}
	if n := s.half.old.Counters().Handshakes; n < 3 {
		s.Errorf("the half has written %d handshakes only", n)
	}
	st, err := s.c.status(context.Background(), coordinator)
	if err != nil {
		s.Fatal(err)
	}
	if st.Spool.HandshakesConsumed < 3 || st.Spool.BadMailFiles > 0 || st.BadMailCount > 0 {
		s.Errorf("the coordinator says %v, bad mail %d", st.Spool, st.BadMailCount)
	}
	misread := 0
	for _, n := range s.half.old.Notices() {
		if n.Subject == legacypair.BadIncoming {
			misread++
		}
	}
	if misread > 1 {
		s.Errorf("the half misread %d of our handshakes; after the first there are to be no more", misread)
	}
	b := s.half.old.Bugs()
	b.MisreadHandshake = false
	s.half.old.SetBugs(b)
	s.forgiven = misread
	s.finish()
}

// TestMoveWhileMailWaits: somebody behind the spool moves to macside while mail waits, and the link to the spool is cut
// between a commit and its receipt. What was sent stays sent, the rest moves, and every copy is there once.
func TestMoveWhileMailWaits(t *testing.T) {
	play(t, setting{slots: 2}, func(s *stage) {
		address := moved(s.role)
		s.half.sleep(true)
		var cut atomic.Bool
		s.onPoint.Store(&pointFunc{func(end, point string) {
			if end == coordinator && point == "link.receipt.before" && cut.CompareAndSwap(false, true) {
				s.net.part(pcside, coordinator)
			}
		}})
		for range 6 {
			s.mail("NET1/PO1/ANN", address)
			s.mail("NET1/PO1/ANN", address, "Dora@Shop")
		}
		s.until(time.Minute, "the link is cut", cut.Load)
		time.Sleep(20 * time.Second)
		s.ends[macside].set(func(c *config.Config, boxes *[]string) {
			c.Serves, *boxes = append(c.Serves, patterns(address)...), append(*boxes, address)
		})
		s.ends[macside].current().stop()
		s.until(10*time.Minute, "mail for who has moved is at macside", func() bool {
			return s.ends[macside].running() != nil && len(s.box(macside, address)) >= 8
		})
		if took := s.took(); len(took) > 0 {
			t.Errorf("the half, asleep, took %v", took)
		}
		s.net.mend(pcside, coordinator)
		s.half.sleep(false)
		s.finish()
		took, box := s.took(), s.box(macside, address)
		if len(took) == 0 || len(took)+len(box) != 12 {
			t.Errorf("the half has %v, macside %v", took, box)
		}
	})
}

// TestRestoredFromYesterday: macside comes back from yesterday's copy. Its peers refuse the session, and say which
// messages it lacks; nothing is sent again or skipped in silence. With a new identity it is taken back.
func TestRestoredFromYesterday(t *testing.T) {
	play(t, setting{}, func(s *stage) {
		s.mail("NET1/PO1/ANN", "Dora@Shop")
		s.until(time.Minute, "the first letter is there", func() bool { return len(s.box(macside, "Dora@Shop")) == 1 })
		e := s.ends[macside]
		s.restAfter(macside, 10*time.Second)
		e.current().stop()
		yesterday := e.disk.crash(0, s.dice())
		s.until(time.Minute, "macside runs again", func() bool { return e.running() != nil })
		var lost []string
		for range 3 {
			l := s.mail("NET1/PO1/ANN", "Dora@Shop")
			s.until(time.Minute, l.label+" is there", func() bool { return slices.Contains(s.box(macside, "Dora@Shop"), l.label) })
			lost = append(lost, *l.id.Load())
		}
		time.Sleep(10 * time.Second)
		s.restAfter(macside, 10*time.Second)
		e.current().stop()
		e.mu.Lock()
		e.disk = yesterday
		e.mu.Unlock()
		s.until(5*time.Minute, "pcside lists what is missing", func() bool {
			st, err := s.c.status(context.Background(), pcside)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range st.Links {
				if l.Peer == macside && !l.Connected {
					missing := slices.Clone(l.MissingMessageIds)
					slices.Sort(missing)
					return cmp.Equal(missing, slices.Sorted(slices.Values(lost)))
				}
			}
			return false
		})
		if d := s.direction(pcside, pcside, macside); d.State != "down" || !slices.Contains(d.Conditions, "restored") {
			t.Errorf("pcside says %v", d)
		}
		waits := s.mail("NET1/PO1/BEN", "Fred@Marketing")
		time.Sleep(time.Hour)
		if box := s.box(macside, "Fred@Marketing"); len(box) != 0 {
			t.Errorf("%s went into a refused session", waits.label)
		}
		if d := s.direction(pcside, pcside, macside); d.Depth != 1 {
			t.Errorf("%d wait, want the one that was handed in since", d.Depth)
		}
		s.renew(macside, pcside)
		s.until(5*time.Minute, waits.label+" goes to the new identity", func() bool {
			return slices.Contains(s.box(macside, "Fred@Marketing"), waits.label)
		})
		back := s.mail("Dora@Shop", "NET1/PO1/ANN")
		s.until(time.Minute, "mail flows the other way", func() bool { return slices.Contains(s.box(pcside, "NET1/PO1/ANN"), back.label) })
		for _, p := range s.audit() {
			t.Error(p)
		}
	})
}

// TestAllSlotsFull: the old half reads nothing for hours. Nothing is lost, mail waits where it was accepted, and that end
// says why.
func TestAllSlotsFull(t *testing.T) {
	play(t, setting{slots: 3}, func(s *stage) {
		s.half.sleep(true)
		var want []string
		for range 12 {
			want = append(want, s.mail("NET1/PO1/ANN", "Gus@Old").label)
			time.Sleep(10 * time.Second)
		}
		time.Sleep(5 * time.Minute)
		d := s.direction(pcside, pcside, coordinator)
		if d.Depth != 9 || !slices.Contains(d.Conditions, "waiting") || !slices.Contains(d.Conditions, "slots-full") || !strings.Contains(d.Reason, "slots") {
			t.Errorf("pcside says %v", d)
		}
		time.Sleep(3 * time.Hour)
		if d := s.direction(pcside, pcside, coordinator); d.State != "down" || d.Depth != 9 {
			t.Errorf("after three hours pcside says %v", d)
		}
		other := s.mail("NET1/PO1/ANN", "Dora@Shop")
		s.until(time.Minute, "mail to macside flows", func() bool { return slices.Contains(s.box(macside, "Dora@Shop"), other.label) })
		s.half.sleep(false)
		s.finish()
		if diff := cmp.Diff(want, s.took()); diff != "" {
			t.Errorf("what the half took (-want +got):\n%s", diff)
		}
	})
}

// TestDiskFull: one end's disk is full. It takes nothing new and says so; what others submit to it still arrives, all other
// mail flows, and once there is room everything is as before.
func TestDiskFull(t *testing.T) {
	play(t, setting{}, func(s *stage) {
		s.ends[macside].fill(true)
		time.Sleep(5 * time.Second)
		s.refused("Dora@Shop", codes.ResourceExhausted, "NET1/PO1/ANN")
		over, back := s.mail("NET1/PO1/ANN", "NET1/PO1/BEN", "Gus@Old"), s.mail("Gus@Old", "NET1/PO1/ANN")
		s.until(time.Minute, "other mail flows", func() bool {
			return slices.Contains(s.took(), over.label) && slices.Contains(s.box(pcside, "NET1/PO1/ANN"), back.label) && len(s.box(pcside, "NET1/PO1/BEN")) == 1
		})
		waits := s.mail("NET1/PO1/ANN", "Dora@Shop")
		st, err := s.c.status(context.Background(), macside)
		if err != nil {
			t.Fatal(err)
		}
		if st.Store.StoreClass != "refusing" || st.Store.Reason == "" {
			t.Errorf("macside says %v", st.Store)
		}
		time.Sleep(10 * time.Minute)
		s.ends[macside].fill(false)
		s.until(time.Minute, "what was sent meanwhile is there", func() bool { return slices.Contains(s.box(macside, "Dora@Shop"), waits.label) })
		l := s.mail("Dora@Shop", "NET1/PO1/ANN")
		s.until(time.Minute, "macside takes mail again", l.acked.Load)
		s.finish()
	})
}
