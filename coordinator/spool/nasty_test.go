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
)

// Shares as bad as real ones have been, a thousand of them: stale listings, names that others see later, letter case that does not
// matter or is changed, renames that replace, removed files that linger, times of two seconds, a wrong clock, droppings, writes cut
// short, errors of all kinds, a volume that goes and comes back, and deaths in between. Every mail comes in once and goes out
// once; a second copy only where the trace says that it may be one. SPOOL_SEED replays one, SPOOL_SEEDS sets how many are run.
func TestNastyShares(t *testing.T) {
	first, n := rand.Uint64N(1<<32), 1000
	if testing.Short() {
		n = 100
	}
	if s, err := strconv.ParseUint(os.Getenv("SPOOL_SEED"), 10, 64); err == nil {
		first, n = s, 1
	}
	if s, err := strconv.Atoi(os.Getenv("SPOOL_SEEDS")); err == nil {
		n = s
	}
	seen := map[string]int{}
	for i := range uint64(n) {
		synctest.Test(t, func(t *testing.T) { newNasty(t, first+i).run(seen) })
		if t.Failed() {
			t.Fatalf("seed %d", first+i)
		}
	}
	t.Logf("%d seeds from %d on: %v", n, first, seen)
}

// nasty is a stage with a bad share and a half that gets along with it as well as it can.
type nasty struct {
	*stage
	r       *rand.Rand
	writes  *sharetest.Client // the half's view of what it writes itself
	options sharetest.Options
	told    []string        // what went wrong when
	claimed map[string]bool // .RDG of the half's that it has not read
	in      int
}

func newNasty(t *testing.T, seed uint64) *nasty {
	r := rand.New(rand.NewPCG(seed, 17))
	rarely := func() bool { return r.IntN(4) == 0 }
	o := sharetest.Options{NoDirSync: rarely(), FoldCase: rarely(), LowerCase: rarely(), Droppings: rarely(), NoIDs: rarely(), Coarse: rarely(),
		Method: []string{"renameat2", "link", "check"}[r.IntN(3)], ClockOff: []time.Duration{0, 0, 3 * time.Hour, -80 * 365 * 24 * time.Hour}[r.IntN(4)]}
	o.Overwrite = o.Method == "check"
	if rarely() {
		o.Pending = time.Duration(1+r.IntN(20)) * time.Second
	}
	slots := 1 + r.IntN(5)
	s := &stage{world: newWorld(t, sharetest.NewSpool(o), func(o *spool.Options) { o.Slots = slots }), seen: map[string]bool{}}
	return &nasty{stage: s, r: r, options: o, writes: s.share.Client("mac, writing"), claimed: map[string]bool{}}
}

func (s *nasty) run(seen map[string]int) {
	defer s.leave()
	s.begin()
	for second, rest := 0, 0; second < 2000 && rest < 30; second++ {
		if s.died() {
			s.mourn()
			s.begin()
			s.offerAll()
		}
		calm := second > 220
		if calm {
			s.calm()
		} else {
			what := s.mood()
			seen[what]++
			s.told = append(s.told, fmt.Sprintf("%4d s: %s", second, what))
			s.traffic()
		}
		if calm || s.r.IntN(3) == 0 {
			s.collect()
		}
		if calm && second%20 == 0 {
			s.offerAll()
		}
		s.wait(time.Second)
		rest++
		if !calm || !s.idle() {
			rest = 0
		}
	}
	s.check(s.in)
	if s.Failed() {
		s.Logf("volume %+v, %d slots\nstatus %+v\nshare %q\n%s", s.options, s.sp.Status().N, s.sp.Status(), s.share.Snapshot("STORE"), strings.Join(s.told, "\n"))
	}
}

// idle reports whether nothing is on its way any more.
func (s *nasty) idle() bool {
	return !s.died() && s.st.Inbound(peer).Through == uint64(len(s.messages)) && len(s.names(macToPC)) == 0 && len(s.names(pcToMac)) == 0
}

// leave ends the run, however it went.
func (s *nasty) leave() {
	for _, cancel := range s.calls {
		cancel()
	}
	s.kill = ""
	if s.died() {
		s.mourn()
	} else {
		s.stop()
	}
}

// begin starts a process, which may die at some point.
func (s *nasty) begin() {
	for try := 0; ; try++ {
		s.kill = ""
		if s.r.IntN(4) == 0 {
			s.kill = spool.FaultPoints[s.r.IntN(len(spool.FaultPoints))]
			if parsing[s.kill] && s.seen["parsing"] {
				s.kill = "" // to die twice over one file is another test's
			}
			s.seen["parsing"] = s.seen["parsing"] || parsing[s.kill]
		}
		s.dead = make(chan struct{})
		opened := make(chan error, 1)
		go func() {
			err := sharetest.ErrKilled // unless it comes to its end
			defer func() { opened <- err }()
			err = s.open()
		}()
		err := <-opened
		if err == nil {
			break
		}
		if s.died() {
			s.mourn()
		} else {
			s.wait(5 * time.Second) // the service manager starts it again
		}
		if try == 60 {
			s.Fatalf("does not start: %v", err)
		}
	}
	s.world.run()
}

// mourn ends what is left of a process that has died.
func (s *nasty) mourn() {
	if s.cancel != nil {
		s.cancel()
		<-s.done
		s.cancel = nil
	}
	_ = s.st.Close() // its engine is gone
}

// calm ends all that is wrong but what kind of volume it is.
func (s *nasty) calm() {
	for _, c := range []*sharetest.Client{s.us, s.half} {
		c.Up()
		c.Fault(nil)
		c.Lag(0)
		c.Late(0)
		c.Hide()
		c.HideListing()
		c.ShortWrites(0)
		c.FalseRenames(0)
	}
}

// mood changes what is wrong with the volume, and says how.
func (s *nasty) mood() string {
	d := time.Duration(1+s.r.IntN(60)) * time.Second
	slot := fmt.Sprintf("MMFF%d.*", 1+s.r.IntN(5))
	switch s.r.IntN(30) {
	case 0:
		s.us.Lag(d)
		return "our listings lag"
	case 1:
		s.half.Lag(d)
		return "its listings lag"
	case 2:
		s.us.Late(d / 4)
		return "we see late"
	case 3:
		s.half.Late(d)
		return "it sees late"
	case 4:
		s.half.Hide(slot)
		return "a slot is hidden from it"
	case 5:
		s.us.HideListing(slot)
		return "a slot is not listed for us"
	case 6:
		s.us.Down([]error{syscall.EIO, syscall.ESTALE, syscall.ENOTCONN, syscall.ETIMEDOUT}[s.r.IntN(4)])
		return "the volume is gone"
	case 7, 8, 9:
		s.us.Up()
		return "the volume is there"
	case 10:
		s.us.ShortWrites(1 + s.r.IntN(3))
		return "writes are cut"
	case 11:
		s.us.FalseRenames(1 + s.r.IntN(3))
		return "renames lie"
	case 12:
		k, n := 1+s.r.IntN(50), 0
		err := []error{syscall.EIO, syscall.EBUSY, syscall.EACCES, syscall.ESTALE, syscall.ENOSPC}[s.r.IntN(5)]
		s.us.Fault(func(sharetest.Op) error {
			if n++; n%k == 0 {
				return err
			}
			return nil
		})
		return "some calls fail"
	case 13, 14:
		s.calm()
		return "all is well"
	}
	return "nothing new"
}

// traffic is mail both ways.
func (s *nasty) traffic() {
	switch s.r.IntN(10) {
	case 0, 1:
		if len(s.messages) < 25 {
			s.message(fmt.Sprintf("out %02d", len(s.messages)))
			s.offerAll()
		}
	case 2, 3:
		name := fmt.Sprintf("%s/MMFF%d.", macToPC, s.r.IntN(9)+1)
		if s.in < 25 && s.free(name) && s.writes.Drop(name+"WRT", mmff(fmt.Sprintf("in %02d", s.in), strings.Repeat("x", s.r.IntN(900)))) == nil {
			if err := s.writes.Rename(name+"WRT", name+"MSG"); err != nil {
				s.Fatal(err)
			}
			s.in++
		}
	case 4:
		if name := macToPC + "/MMFF10."; s.free(name) {
			_ = s.writes.Drop(name+"MSG", "VERSION:3.00\r\n") // its own last one may still linger
		}
	}
}

// free reports whether the half takes a slot for free: it asks for every name, as its listing may be old.
func (s *nasty) free(stem string) bool {
	for _, ext := range []string{"WRT", "MSG", "RDG", "DEL"} {
		if _, err := s.writes.Lstat(stem + ext); err == nil {
			return false
		}
	}
	return true
}

// collect is the half's reading. What it has claimed and could not read, it reads the next time.
func (s *nasty) collect() {
	mails, err := s.half.Mails(pcToMac)
	if err != nil {
		s.Fatal(err)
	}
	for _, name := range mails {
		stem := pcToMac + "/" + name[:len(name)-4]
		if s.claimed[stem] {
			continue // it is not through with the one before
		}
		if s.half.Rename(pcToMac+"/"+name, stem+".RDG") == nil {
			s.claimed[stem] = true
		}
	}
	for _, stem := range sortedKeys(s.claimed) {
		data, err := s.half.Read(stem + ".RDG")
		if err != nil || s.half.Remove(stem+".RDG") != nil {
			continue
		}
		delete(s.claimed, stem)
		s.received = append(s.received, field(data, "SUBJECT"))
	}
}

func sortedKeys(m map[string]bool) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
