package spool_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
)

// A wave of three files, and three more behind it, in a spool of four slots. The process dies in the wave, at the k-th rename,
// when the half has taken some; it may die again while it recovers. The half takes a file when the new process is at its m-th
// step, and one after another from then on, at its own pace, with one look at the directory for each file or one for
// several. Whatever the course: nothing is lost, nothing is doubled, nothing is overtaken.
func TestOrderIsKeptWhereverAWaveDies(t *testing.T) {
	courses := 0
	for _, again := range []int{0, 2, 5} {
		for renamed := range waveFiles + 1 {
			for taken := range renamed + 1 {
				for step := range 14 {
					for _, pace := range []time.Duration{300 * time.Millisecond, 5 * time.Second} {
						for _, fresh := range []bool{true, false} {
							c := waveCourse{renamed, taken, step, again, pace, fresh}
							courses++
							synctest.Test(t, func(t *testing.T) { c.run(t) })
							if t.Failed() {
								t.FailNow()
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d courses", courses)
}

const waveFiles = 3

// waveCourse is one way in which writer and reader may meet.
type waveCourse struct {
	Renamed int           // files of the wave that had their names when the process died
	Taken   int           // of those, how many the half had taken
	Step    int           // fault points that the next process passes before the half takes one more
	Again   int           // fault points that it passes before it dies, too; 0: it does not
	Pace    time.Duration // from one file to the next
	Fresh   bool          // the half looks again before each file
}

// reader is a half that takes one file at a time.
type reader struct {
	*stage
	fresh bool
	list  []string // what it has seen and not taken
}

// take takes the lowest file that the reader knows of.
func (r *reader) take() {
	if r.fresh || len(r.list) == 0 {
		list, err := r.half.Mails(pcToMac)
		if err != nil {
			r.Error(err)
			return
		}
		r.list = list
	}
	if len(r.list) == 0 {
		return
	}
	data, err := r.half.Take(pcToMac, r.list[0])
	if err != nil {
		r.Error(err)
		return
	}
	r.list, r.received = r.list[1:], append(r.received, field(data, "SUBJECT"))
}

func (c waveCourse) run(t *testing.T) {
	s := &stage{world: newWorld(t, sharetest.NewSpool(sharetest.Options{}), nil), seen: map[string]bool{}}
	r := &reader{stage: s, fresh: c.Fresh}
	life, passed, renames := 0, 0, 0
	s.change = func(o *spool.Options) {
		o.Slots = 4
		o.Fault = func(point string) {
			if s.died() {
				return // what else the dying process does has no effect
			}
			s.mu.Lock()
			if strings.HasPrefix(point, "spool.publish.rename") {
				renames++
			}
			dies := life == 1 && renames == max(1, 2*c.Renamed)
			if dies {
				for range c.Taken {
					r.take()
				}
			}
			if life > 1 {
				if passed == c.Step {
					r.take()
				}
				passed++
				dies = life == 2 && passed == c.Again
			}
			if dies {
				s.kill = point
			}
			s.mu.Unlock()
			s.fault(point)
		}
	}
	start := func() {
		s.mu.Lock()
		life++
		s.mu.Unlock()
		s.start()
		for range waveFiles {
			if life <= 2 {
				s.message(fmt.Sprint(len(s.messages)))
			}
		}
		s.offerAll()
	}
	start()
	read := time.Duration(0)
	for now, end := time.Duration(0), 5*time.Minute; now < end; now += 100 * time.Millisecond {
		s.mu.Lock()
		if len(s.received) >= 2*waveFiles {
			end = min(end, now+10*time.Second) // what comes now is one too many
		}
		if life > 1 && (passed > c.Step || now > time.Minute) && now >= read {
			r.take()
			read = now + c.Pace
		}
		s.mu.Unlock()
		if s.died() {
			s.cancel()
			<-s.done
			_ = s.st.Close() // its engine is gone
			start()
		}
		s.wait(100 * time.Millisecond)
	}
	if life == 1 {
		t.Error("it never died")
	}
	var want []string
	for i := range 2 * waveFiles {
		want = append(want, fmt.Sprint(i))
	}
	if !slices.Equal(s.received, want) {
		t.Errorf("%+v: the half got %q; left: %q", c, s.received, s.names(pcToMac))
	}
	for _, cancel := range s.calls {
		cancel()
	}
	s.stop()
}
