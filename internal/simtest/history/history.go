// Package history records what happened to mail during a run and says what should not have: mail lost, doubled,
// reordered, unreported or corrupt, and directions called up without progress.
//
// A run notes when a submission starts and when it is acknowledged, and at the end, when everything is quiet, what
// lies in each mailbox, what the legacy half took, which reports came and what still waits. Check compares. It knows
// nothing of how the mail travelled.
package history

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Delivery is one message for one recipient. Label is what the run itself uses to recognise a message, such as a
// unique subject, because message IDs do not survive a legacy file.
type Delivery struct {
	Label     string
	Recipient string
}

// submission is one message as it was handed in.
type submission struct {
	label      string
	sender     string
	recipients []string
	digest     [32]byte
	begun      int // position in the order of events
	acked      int // 0: never acknowledged
}

// arrival is one copy that came out at an end of the system.
type arrival struct {
	Delivery
	digest   [32]byte
	position int // order within the recipient's mailbox
}

// sample is one look at a direction's state.
type sample struct {
	direction string
	up        bool
	at        time.Time
}

// Log is the history of one run. Its methods may be called from several goroutines.
type Log struct {
	mu          sync.Mutex // guards everything below
	events      int
	submissions map[string]*submission
	arrivals    []arrival
	reports     map[Delivery]int
	waiting     map[Delivery]int
	excused     map[Delivery]bool
	samples     []sample
	progress    map[string][]time.Time
}

// New makes an empty history.
func New() *Log {
	return &Log{
		submissions: map[string]*submission{}, reports: map[Delivery]int{}, waiting: map[Delivery]int{},
		excused: map[Delivery]bool{}, progress: map[string][]time.Time{},
	}
}

// Begin notes that a submission starts.
func (l *Log) Begin(label, sender string, recipients []string, digest [32]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events++
	l.submissions[label] = &submission{label: label, sender: sender, recipients: recipients, digest: digest, begun: l.events}
}

// Ack notes that the system took responsibility for a submission.
func (l *Log) Ack(label string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events++
	if s := l.submissions[label]; s != nil && s.acked == 0 {
		s.acked = l.events
	}
}

// Arrive notes a copy found at its end: in a mailbox, or taken by the legacy half. Copies for one recipient are noted
// in the order in which they lie there.
func (l *Log) Arrive(d Delivery, digest [32]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.arrivals = append(l.arrivals, arrival{Delivery: d, digest: digest, position: len(l.arrivals)})
}

// Report notes a delivery report that reached the sender, for one recipient.
func (l *Log) Report(d Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reports[d]++
}

// Wait notes mail that still lies in a lane where an operator can see it.
func (l *Log) Wait(d Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting[d]++
}

// MayRepeat notes that the run itself made a second copy possible, as an operator who forces a second sending does.
func (l *Log) MayRepeat(d Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.excused[d] = true
}

// Progress notes something durable in a direction.
func (l *Log) Progress(direction string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.progress[direction] = append(l.progress[direction], at)
}

// State notes what a direction was said to be.
func (l *Log) State(direction string, up bool, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.samples = append(l.samples, sample{direction, up, at})
}

// Acked counts the (message, recipient) pairs the system took responsibility for.
func (l *Log) Acked() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, s := range l.submissions {
		if s.acked != 0 {
			n += len(s.recipients)
		}
	}
	return n
}

// Kind names what is wrong.
type Kind string

// The anomalies.
const (
	Lost       Kind = "lost"       // acknowledged, and nowhere
	Doubled    Kind = "doubled"    // more than one copy, or a copy and a report
	Reordered  Kind = "reordered"  // overtaken by a later message of the same sender to the same recipient
	Unreported Kind = "unreported" // returned without a report, or with more than one
	Corrupt    Kind = "corrupt"    // other bytes than were handed in
	Alien      Kind = "alien"      // nobody handed it in
	FalseUp    Kind = "false up"   // called up without progress
)

// Anomaly is one thing that should not have happened.
type Anomaly struct {
	Kind   Kind
	Detail string
}

func (a Anomaly) String() string { return string(a.Kind) + ": " + a.Detail }

// Options say how strict Check is.
type Options struct {
	// Quiet: the run has ended and nothing may wait any more.
	Quiet bool
	// Horizon is the time within which up needs progress; zero leaves states unchecked.
	Horizon time.Duration
	// Returned are deliveries that were to come back with a report instead of arriving.
	Returned map[Delivery]bool
}

// Check compares the history with what must hold and returns the anomalies in a stable order.
func (l *Log) Check(o Options) []Anomaly {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []Anomaly
	found = append(found, l.checkCopies(o)...)
	found = append(found, l.checkFates(o)...)
	found = append(found, l.checkOrder()...)
	if o.Horizon > 0 {
		found = append(found, l.checkStates(o.Horizon)...)
	}
	slices.SortFunc(found, func(a, b Anomaly) int {
		if a.Kind != b.Kind {
			return compare(a.Kind, b.Kind)
		}
		return compare(a.Detail, b.Detail)
	})
	return found
}

func compare[T ~string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (l *Log) checkCopies(Options) []Anomaly {
	var found []Anomaly
	for _, a := range l.arrivals {
		s := l.submissions[a.Label]
		switch {
		case s == nil || !slices.Contains(s.recipients, a.Recipient):
			found = append(found, Anomaly{Alien, fmt.Sprintf("%q for %s", a.Label, a.Recipient)})
		case s.digest != a.digest:
			found = append(found, Anomaly{Corrupt, fmt.Sprintf("%q for %s", a.Label, a.Recipient)})
		}
	}
	return found
}

// checkFates looks at every recipient of every submission: one end, and one only.
func (l *Log) checkFates(o Options) []Anomaly {
	copies := map[Delivery]int{}
	for _, a := range l.arrivals {
		copies[a.Delivery]++
	}
	var found []Anomaly
	for _, s := range l.submissions {
		for _, r := range s.recipients {
			d := Delivery{s.label, r}
			found = append(found, l.checkFate(d, s.acked != 0, copies[d], o)...)
		}
	}
	return found
}

func (l *Log) checkFate(d Delivery, acked bool, copies int, o Options) []Anomaly {
	reports, waits := l.reports[d], l.waiting[d]
	what := fmt.Sprintf("%q for %s: %d copies, %d reports, %d waiting", d.Label, d.Recipient, copies, reports, waits)
	var found []Anomaly
	if copies+min(reports, 1) > 1 && !l.excused[d] {
		found = append(found, Anomaly{Doubled, what})
	}
	if !acked {
		return found // it may have been taken or not; but never twice
	}
	switch {
	case copies+reports+waits == 0 && o.Returned[d]:
		found = append(found, Anomaly{Unreported, what})
	case copies+reports+waits == 0, o.Quiet && copies+reports == 0:
		found = append(found, Anomaly{Lost, what})
	}
	if reports > 1 || copies > 0 && o.Returned[d] {
		found = append(found, Anomaly{Unreported, what})
	}
	return found
}

// checkOrder: if m1 was acknowledged before m2 was begun, m1 comes first in the recipient's mailbox.
func (l *Log) checkOrder() []Anomaly {
	type pair struct{ sender, recipient string }
	latest := map[pair]*submission{} // the one begun last among those seen so far
	var found []Anomaly
	seen := map[Delivery]bool{}
	for _, a := range l.arrivals {
		s := l.submissions[a.Label]
		if s == nil || seen[a.Delivery] {
			continue
		}
		seen[a.Delivery] = true
		p := pair{s.sender, a.Recipient}
		if last := latest[p]; last != nil && s.acked != 0 && s.acked < last.begun {
			found = append(found, Anomaly{Reordered, fmt.Sprintf("%q after %q for %s", s.label, last.label, a.Recipient)})
		}
		if last := latest[p]; last == nil || s.begun > last.begun {
			latest[p] = s
		}
	}
	return found
}

func (l *Log) checkStates(horizon time.Duration) []Anomaly {
	var found []Anomaly
	for _, s := range l.samples {
		if !s.up {
			continue
		}
		near := slices.ContainsFunc(l.progress[s.direction], func(t time.Time) bool {
			return !t.After(s.at) && s.at.Sub(t) <= horizon
		})
		if !near {
			found = append(found, Anomaly{FalseUp, fmt.Sprintf("%s at %s", s.direction, s.at.Format(time.RFC3339))})
		}
	}
	return found
}
