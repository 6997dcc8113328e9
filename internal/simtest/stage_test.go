package simtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "sidegate/proto/sidegate/v1"
)

// stage is a world in which one thing is played through.
type stage struct {
	*testing.T
	*world
	c       *clients
	letters []*letter
	n       int
}

// play runs a scene in a bubble, and afterwards heals everything, waits until nothing moves, and checks the history.
func play(t *testing.T, s setting, scene func(s *stage)) {
	t.Helper()
	if s.role == "" {
		s.role = "pc"
	}
	if s.slots == 0 {
		s.slots = 5
	}
	if s.beat == 0 {
		s.beat = 2 * time.Second
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(s)
		stop := w.live()
		defer stop()
		st := &stage{T: t, world: w, c: newClients(w)}
		defer st.c.close()
		defer func() {
			if t.Failed() {
				t.Logf("story:\n%s", strings.Join(w.story, "\n"))
			}
		}()
		st.until(time.Minute, "everything runs", func() bool {
			for _, name := range order {
				if e := w.ends[name].running(); e == nil || len(e.Links.Status()) < 2 || !connected(e.Admin.Status()) {
					return false
				}
			}
			return true
		})
		scene(st)
	})
}

func connected(st *pb.Status) bool {
	return !slices.ContainsFunc(st.Links, func(l *pb.LinkStatus) bool { return !l.Connected })
}

// finish heals, waits and checks.
func (s *stage) finish() {
	s.Helper()
	s.heal()
	if unrest := s.quiet(s.letters, quietTime); unrest != "" {
		s.Errorf("no rest: %s", unrest)
	}
	sum := newTally()
	for _, text := range s.judge(context.Background(), s.c, plan{setting: s.setting, letters: s.letters}, sum) {
		s.Error(text)
	}
}

// until waits for something to become so.
func (s *stage) until(limit time.Duration, what string, so func() bool) {
	s.Helper()
	for begun := time.Now(); !so(); time.Sleep(time.Second) {
		if time.Since(begun) > limit {
			s.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// letter makes a letter. Who sends it from the half's side has an address there.
func (s *stage) letter(sender string, to ...string) *letter {
	s.n++
	l := &letter{label: fmt.Sprintf("S%03d", s.n), sender: sender, to: to, from: "half", body: opening + fmt.Sprintf("This is number %d.\n", s.n) + closing}
	for _, side := range []string{pcside, macside} {
		if slices.Contains(mailboxes[side], sender) {
			l.from = side
		}
	}
	s.letters = append(s.letters, l)
	return l
}

// mail hands a letter in; submission goes on by itself.
func (s *stage) mail(sender string, to ...string) *letter {
	l := s.letter(sender, to...)
	s.c.send(context.Background(), []*letter{l})
	synctest.Wait()
	return l
}

// took are the labels that the half took, in order.
func (s *stage) took() []string {
	var labels []string
	for _, m := range s.half.old.Received() {
		labels = append(labels, m.Subject)
	}
	return labels
}

// box are the labels in a mailbox, in order.
func (s *stage) box(side, address string) []string {
	s.Helper()
	all, err := s.c.read(context.Background(), side, address)
	if err != nil {
		s.Fatal(err)
	}
	var labels []string
	for _, b := range all {
		labels = append(labels, b.entry.GetMessage().GetSubject())
	}
	return labels
}

// direction is what an end says of one way.
func (s *stage) direction(teller, from, to string) *pb.DirectionStatus {
	s.Helper()
	st, err := s.c.status(context.Background(), teller)
	if err != nil {
		s.Fatal(err)
	}
	var all []*pb.DirectionStatus
	for _, l := range st.Links {
		all = append(all, l.Directions...)
	}
	for _, d := range append(all, st.GetSpool().GetLegs()...) {
		if d.From == from && d.To == to {
			return d
		}
	}
	s.Fatalf("%s does not tell of %s to %s: %v", teller, from, to, all)
	return nil
}

// refused expects a submission to be refused once, with a code.
func (s *stage) refused(sender string, want codes.Code, to ...string) {
	s.Helper()
	l := s.letter(sender, to...)
	s.letters = s.letters[:len(s.letters)-1]
	if _, err := s.c.attempt(context.Background(), l); status.Code(err) != want {
		s.Errorf("a letter to %s: %v, want %s", l.from, err, want)
	}
}
