package spool_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
	"sidegate/internal/store"
)

// Random deaths, failures of the volume and moods of the half, over and over: every mail comes in once and goes out once; a
// second copy only where the trace says that it may be one. SPOOL_SEED replays one course, SPOOL_SEEDS sets how many are run.
func TestRandomCourses(t *testing.T) {
	first, n := rand.Uint64N(1<<32), 40
	if s, err := strconv.ParseUint(os.Getenv("SPOOL_SEED"), 10, 64); err == nil {
		first, n = s, 1
	}
	if s, err := strconv.Atoi(os.Getenv("SPOOL_SEEDS")); err == nil {
		n = s
	}
	for i := range uint64(n) {
		t.Run(fmt.Sprint("seed ", first+i), func(t *testing.T) { course(t, first+i) })
	}
}

// parsing are the deaths for which a file may be blamed.
var parsing = map[string]bool{"spool.claim.journal.after": true, "spool.claim.rename.before": true, "spool.claim.rename.after": true, "spool.import.before": true}

func course(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0))
	synctest.Test(t, func(t *testing.T) {
		slots := 1 + r.IntN(5)
		s := &stage{world: newWorld(t, sharetest.NewSpool(sharetest.Options{NoDirSync: r.IntN(4) == 0, FoldCase: r.IntN(4) == 0}),
			func(o *spool.Options) { o.Slots = slots }), seen: map[string]bool{}}
		start := func() {
			s.kill = ""
			if r.IntN(2) == 0 {
				s.kill = spool.FaultPoints[r.IntN(len(spool.FaultPoints))]
				if parsing[s.kill] && s.seen["parsing"] {
					s.kill = "" // to die twice over one file is another test's
				}
				s.seen["parsing"] = s.seen["parsing"] || parsing[s.kill]
			}
			s.dead = make(chan struct{})
			opened := make(chan bool, 1)
			go func() {
				ok := false
				defer func() { opened <- ok }()
				if err := s.open(); err != nil {
					t.Errorf("open: %v", err)
				} else {
					ok = true
				}
			}()
			if <-opened {
				s.world.run()
			}
		}
		start()
		in := 0
		for second := 0; second < 400; second++ {
			if s.died() {
				if s.cancel != nil {
					s.cancel()
					<-s.done
					s.cancel = nil
				}
				_ = s.st.Close() // its engine is gone
				start()
				s.offerAll()
			}
			if s.cancel == nil {
				continue // it died while it was being opened
			}
			calm := second > 300
			switch what := r.IntN(12); {
			case calm:
				s.us.Up()
				s.us.Fault(nil)
			case what == 0:
				s.us.Down([]error{syscall.EIO, syscall.ESTALE}[r.IntN(2)])
			case what == 1 || what == 2:
				s.us.Up()
			case what == 3:
				k := 10 + r.IntN(50)
				n := 0
				s.us.Fault(func(sharetest.Op) error {
					if n++; n == k {
						return []error{syscall.EIO, syscall.EBUSY, syscall.EACCES, syscall.ESTALE}[k%4]
					}
					return nil
				})
			case what == 4:
				s.us.FalseRenames(r.IntN(3))
			case what == 5 && len(s.messages) < 25:
				s.message(fmt.Sprintf("out %02d", len(s.messages)))
				s.offerAll()
			case what == 6 && in < 25:
				if name := fmt.Sprintf("%s/MMFF%d.MSG", macToPC, r.IntN(9)+1); s.half.Drop(name, mmff(fmt.Sprintf("in %02d", in), strings.Repeat("x", r.IntN(900)))) == nil {
					in++
				}
			case what == 7:
				_ = s.half.Drop(macToPC+"/MMFF1.MSG", "VERSION:3.00\r\n") // its own last one may still lie there
			}
			if calm || r.IntN(3) == 0 {
				got, err := s.half.Collect(pcToMac)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range got {
					s.received = append(s.received, field(f, "SUBJECT"))
				}
			}
			if calm && second%20 == 0 {
				s.offerAll() // the link has reconnected
				s.dropAgain()
			}
			s.wait(time.Second)
		}
		s.check(in)
		for _, cancel := range s.calls {
			cancel()
		}
		s.kill = ""
		s.stop()
	})
}

// dropAgain is a person who tries a file again that was put away because two deaths, of whatever cause, fell into its reading.
func (s *stage) dropAgain() {
	s.Helper()
	for _, name := range s.names("BADMAIL") {
		stem, text := strings.CutSuffix(name, ".TXT")
		if why, err := s.half.Read("BADMAIL/" + name); !text || err != nil || !strings.Contains(why, spool.ReasonPoison) {
			continue
		}
		if s.half.Rename("BADMAIL/"+stem+".MSG", macToPC+"/MMFF9.MSG") == nil {
			_ = s.half.Remove("BADMAIL/" + name) // the check sees what is left
		}
	}
}

// check compares what arrived with what was sent.
func (s *stage) check(in int) {
	s.Helper()
	var want []string
	for i := range in {
		want = append(want, fmt.Sprintf("in %02d", i))
	}
	got := s.arrived(store.Lane(peer))
	if slices.Sort(got); !slices.Equal(got, want) {
		s.Errorf("came in: %q, want %q", got, want)
	}
	for i, m := range s.messages {
		n := 0
		for _, subject := range s.received {
			if subject == m.Subject {
				n++
			}
		}
		traces, err := s.st.Trace(m.ID)
		if err != nil {
			s.Fatal(err)
		}
		admitted := 0
		for _, t := range traces {
			if _, says, ok := strings.Cut(t.Detail, "possible duplicate"); ok {
				copies := 1
				_, _ = fmt.Sscanf(says, " of up to %d copies", &copies) // says nothing more if it is one
				admitted = max(admitted, copies)
			}
		}
		if n == 0 || n > 1+admitted {
			s.Errorf("%s, number %d, was received %d times; the trace admits %d more: %v", m.Subject, i+1, n, admitted, traces)
		}
	}
	if got := s.st.Inbound(peer).Through; got != uint64(len(s.messages)) {
		s.Errorf("the books say %d of %d", got, len(s.messages))
	}
	if len(s.names("BADMAIL")) != 0 {
		s.Errorf("BADMAIL holds %v", s.names("BADMAIL"))
	}
	if left := s.names(macToPC); len(left) != 0 {
		s.Errorf("left behind: %v", left)
	}
}
