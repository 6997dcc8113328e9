package history

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

var good = sha256.Sum256([]byte("good"))

// sound makes a history in which nothing is wrong: n messages of three senders to two recipients each, every seventh
// of them returned with a report.
func sound(n int) (*Log, Options) {
	l, o := New(), Options{Quiet: true, Horizon: 30 * time.Second, Returned: map[Delivery]bool{}}
	for i := range n {
		label, sender := fmt.Sprintf("m%03d", i), fmt.Sprintf("s%d", i%3)
		l.Begin(label, sender, []string{"a", "b"}, good)
		l.Ack(label)
		for _, r := range []string{"a", "b"} {
			if d := (Delivery{label, r}); i%7 == 6 {
				o.Returned[d] = true
				l.Report(d)
			} else {
				l.Arrive(d, good)
			}
		}
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 10 {
		l.Progress("x", at.Add(time.Duration(i)*20*time.Second))
		l.State("x", true, at.Add(time.Duration(i)*20*time.Second+10*time.Second))
	}
	return l, o
}

// The anomalies that are planted, each at several places of a sound history.
var plants = []struct {
	name  string
	want  Kind
	plant func(l *Log, at int)
}{
	{"a copy disappears", Lost, func(l *Log, at int) { l.arrivals = append(l.arrivals[:at:at], l.arrivals[at+1:]...) }},
	{"a copy is seen twice", Doubled, func(l *Log, at int) { l.arrivals = append(l.arrivals, l.arrivals[at]) }},
	{"a copy and a report", Doubled, func(l *Log, at int) { l.Report(l.arrivals[at].Delivery) }},
	{"a bit flips", Corrupt, func(l *Log, at int) { l.arrivals[at].digest[0] ^= 1 }},
	{"nobody sent it", Alien, func(l *Log, at int) { l.arrivals[at].Label += "?" }},
	{"to somebody else", Alien, func(l *Log, at int) { l.arrivals[at].Recipient = "c" }},
	{"overtaken", Reordered, func(l *Log, at int) { // by the next of the same sender to the same recipient
		for j := at + 1; j < len(l.arrivals); j++ {
			a, b := l.submissions[l.arrivals[at].Label], l.submissions[l.arrivals[j].Label]
			if a.sender == b.sender && l.arrivals[at].Recipient == l.arrivals[j].Recipient {
				l.arrivals[at], l.arrivals[j] = l.arrivals[j], l.arrivals[at]
				return
			}
		}
	}},
	{"a report is missing", Unreported, func(l *Log, at int) {
		for _, d := range reported(l)[at%len(reported(l)):] {
			delete(l.reports, d)
			return
		}
	}},
	{"a report comes twice", Unreported, func(l *Log, at int) { l.Report(reported(l)[at%len(reported(l))]) }},
	{"up without progress", FalseUp, func(l *Log, at int) {
		l.State("x", true, l.samples[len(l.samples)-1].at.Add(time.Duration(at+1)*time.Minute))
	}},
}

func reported(l *Log) []Delivery {
	var ds []Delivery
	for i := 6; i < 400; i += 7 {
		if d := (Delivery{fmt.Sprintf("m%03d", i), "a"}); l.reports[d] > 0 {
			ds = append(ds, d)
		}
	}
	return ds
}

func TestSoundHistoryHasNoAnomaly(t *testing.T) {
	l, o := sound(100)
	if found := l.Check(o); len(found) != 0 {
		t.Fatalf("anomalies in a sound history: %v", found)
	}
}

// TestPlantedAnomaliesAreFound plants each anomaly at five places: every one must be found, under its own name.
func TestPlantedAnomaliesAreFound(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, p := range plants {
		for range 5 {
			l, o := sound(100)
			at := rnd.IntN(100)
			p.plant(l, at)
			kinds := map[Kind]bool{}
			for _, a := range l.Check(o) {
				kinds[a.Kind] = true
			}
			if !kinds[p.want] {
				t.Errorf("%s at %d: found %v, want %s", p.name, at, kinds, p.want)
			}
		}
	}
}

func TestWhatWaitsIsNotLostUntilQuiet(t *testing.T) {
	l := New()
	l.Begin("m", "s", []string{"a"}, good)
	l.Ack("m")
	l.Wait(Delivery{"m", "a"})
	if found := l.Check(Options{}); len(found) != 0 {
		t.Errorf("waiting counts as %v", found)
	}
	if found := l.Check(Options{Quiet: true}); len(found) != 1 || found[0].Kind != Lost {
		t.Errorf("still waiting when quiet: %v, want lost", found)
	}
}

func TestUnacknowledgedMayVanishButNotDouble(t *testing.T) {
	l := New()
	l.Begin("m", "s", []string{"a"}, good)
	if found := l.Check(Options{Quiet: true}); len(found) != 0 {
		t.Errorf("never acknowledged: %v", found)
	}
	l.Arrive(Delivery{"m", "a"}, good)
	l.Arrive(Delivery{"m", "a"}, good)
	if found := l.Check(Options{Quiet: true}); len(found) != 1 || found[0].Kind != Doubled {
		t.Errorf("two copies: %v, want doubled", found)
	}
	l.MayRepeat(Delivery{"m", "a"})
	if found := l.Check(Options{Quiet: true}); len(found) != 0 {
		t.Errorf("excused: %v", found)
	}
}
