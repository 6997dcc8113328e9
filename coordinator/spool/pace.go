package spool

import (
	"fmt"
	"math"
	"time"

	"sidegate/coordinator/timetable"
)

// pace keeps the limits that the half behind the spool was used to: how many files a cycle moves (the old programs took 50,
// KB Q95521), and the hours in which it works. Outside of them nothing is published and no mail claimed; handshakes are
// consumed all the same, and what the half takes is noticed. Guarded by s.mu.
type pace struct {
	cycle   time.Time // the one that is counted
	in, out int       // files claimed and published in it
}

// moment is what the timetable says now.
func (s *Spool) moment() timetable.Moment { return s.o.ConnectTimes.At(s.store.Now().In(s.o.Zone)) }

// quota is how many more files may move one way in this cycle. s.mu is held.
func (s *Spool) quota(moved func(*pace) *int) int {
	m := s.moment()
	if !m.Open {
		return 0
	}
	if s.o.PerCycle <= 0 {
		return MaxSlots
	}
	if !m.Cycle.Equal(s.pace.cycle) {
		s.pace = pace{cycle: m.Cycle}
	}
	return max(0, s.o.PerCycle-*moved(&s.pace))
}

func inward(p *pace) *int  { return &p.in }
func outward(p *pace) *int { return &p.out }

// mayClaim reports whether another file may be claimed now.
func (s *Spool) mayClaim() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.quota(inward) > 0
}

// claimed counts a file.
func (s *Spool) claimed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pace.in++
}

// worked is how long the half has been at work in its hours: nothing outside of them, and very long if it always is. What lies
// there has been left lying for no longer than that.
func (s *Spool) worked() time.Duration {
	switch m := s.moment(); {
	case !m.Hours:
		return 0
	case m.Since.IsZero():
		return math.MaxInt64
	default:
		return max(0, s.store.Now().Sub(m.Since))
	}
}

// offHours says why nothing moves although it could, for people; empty within the hours.
func offHours(m timetable.Moment) string {
	switch {
	case m.Hours:
		return ""
	case m.Next.IsZero():
		return "outside the connect times"
	}
	return "outside the connect times until " + m.Next.Format("Mon 15:04 MST")
}

// pausing says why nothing is published just now within the hours, for people; empty if something could be. s.mu is held.
func (s *Spool) pausing() string {
	m := s.moment()
	switch {
	case !m.Open && !m.Next.IsZero():
		return "between two connections until " + m.Next.Format("15:04 MST")
	case m.Open && s.quota(outward) == 0:
		return fmt.Sprintf("the %d files of this cycle are out; more go with the next", s.o.PerCycle)
	}
	return ""
}

// patience is how long nothing may move within the hours because of their interval. What happens once in an interval has to
// fail twice before it means something.
func (s *Spool) patience() time.Duration {
	if every := s.o.ConnectTimes.Longest(); every > 0 {
		return 2*every + time.Minute
	}
	return 0
}
