package crashtest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"sidegate/internal/legacypair"
	"sidegate/internal/simtest/history"
	pb "sidegate/proto/sidegate/v1"
)

// load puts n letters into every way mail can go, all ways at once, and returns when every one has been answered.
// A large letter has a content file of its own; the last of each way also goes to somebody who is not there.
func (p *post) load(tag string, n int) {
	var wg sync.WaitGroup
	for way, l := range ways {
		wg.Go(func() {
			for i := range n {
				one := l
				one.label = fmt.Sprintf("%s-%s-%d", tag, way, i)
				one.body = begins + one.label + "\nfrom " + l.from + "\n" + strings.Repeat("x", 10*i) + "\n"
				if i == n-1 {
					one.to, one.comesBack = append([]string{l.lost}, l.to...), []string{l.lost}
				}
				if l.large && i == 0 {
					one.body += strings.Repeat("A line of a large letter.\n", 4000)
				}
				one.body += ends + "\n"
				p.submit(one.letter)
			}
		})
	}
	wg.Go(func() {
		for i := range n {
			p.fromFile(fmt.Sprintf("%s-file-%d", tag, i), i, i == n-1)
		}
	})
	wg.Wait()
}

type way struct {
	letter
	lost  string // somebody without a mailbox
	large bool
}

// ways are the streams of mail through the gRPC services, each of one sender, whose mail has to stay in order.
var ways = map[string]way{
	"pc-mac":   {letter{at: "pcside", from: jane, to: []string{anna}, wish: true}, nobodyMac, true},
	"mac-pc":   {letter{at: "macside", from: anna, to: []string{jane}, wish: true}, nobodyPC, true},
	"pc-old":   {letter{at: "pcside", from: karl, to: []string{bob}}, nobodyMac, false},
	"mac-both": {letter{at: "macside", from: ben, to: []string{bob, karl}}, nobodyPC, false},
	"pc-pc":    {letter{at: "pcside", from: jane, to: []string{karl}, wish: true}, nobodyPC, false},
}

// fromFile has the old half write to both sides. The order of its mail is its own affair (KB Q137998), so every letter
// counts as one of another sender.
func (p *post) fromFile(label string, i int, lost bool) {
	l := letter{label: label, from: "the old half, " + label, to: []string{jane}, body: begins + label + "\r\nwritten in 1994\r\n" + ends + "\r\n"}
	if i%2 == 1 {
		l.to = []string{anna}
	}
	var enclosed []legacypair.Attachment
	switch {
	case lost:
		l.to, l.comesBack = append([]string{nobodyPC}, l.to...), []string{nobodyPC}
	case i == 0: // more than a store keeps beside its messages
		enclosed = []legacypair.Attachment{{Name: "REPORT.DOC", Content: []byte(strings.Repeat("70 KB", 14000))}}
	}
	p.write(l, enclosed...)
}

// settle waits until everything has come to its end and nothing waits anywhere, and then says what is wrong with the
// history. It begins a new one, in which anything that comes late is an alien.
func (p *post) settle() []history.Anomaly {
	p.t.Helper()
	var wrong []history.Anomaly
	var idle string
	quiet := await(patience, func() bool {
		if p.t.Context().Err() != nil {
			return true
		}
		if err := p.gather(); err != nil {
			idle = err.Error()
			return false
		}
		if wrong = p.check(); len(wrong) > 0 && !p.final(wrong) {
			idle = "mail is still on its way"
			if n := p.tr.old.dropAgain(); n > 0 {
				p.t.Logf("%d files were put away unread after two deaths over them, and were dropped again", n)
			}
			return false
		}
		idle = p.busy()
		return idle == ""
	})
	if quiet { // what a last pass through the lanes may have doubled
		if err := p.gather(); err != nil && idle == "" {
			idle = err.Error()
		}
	}
	wrong = p.check()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.history, p.returned = history.New(), map[history.Delivery]bool{}
	for _, a := range wrong {
		p.counts[a.Kind]++
	}
	if !quiet {
		wrong = append(wrong, history.Anomaly{Kind: "restless", Detail: fmt.Sprintf("after %v: %s", patience, idle)})
	}
	return wrong
}

func (p *post) check() []history.Anomaly {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.history.Check(history.Options{Quiet: true, Returned: p.returned})
}

// final reports whether an anomaly cannot be cured by waiting.
func (p *post) final(wrong []history.Anomaly) bool {
	for _, a := range wrong {
		if a.Kind == history.Lost || a.Kind == history.Unreported && strings.Contains(a.Detail, " 0 reports") {
			return false
		}
	}
	return true
}

// busy says what still waits in a lane or in the spool; empty when nothing does.
func (p *post) busy() string {
	for _, name := range programs {
		st, err := p.tr.status(name)
		if err != nil {
			return name + ": " + err.Error()
		}
		for _, l := range st.GetLanes() {
			if l.GetDepth() > 0 {
				return fmt.Sprintf("%s: %d wait in lane %s (%s)", name, l.GetDepth(), l.GetLane(), l.GetReason())
			}
		}
		s := st.GetSpool()
		if len(p.tr.old.outgoing("SUBJECT")) > 0 || s.GetInboundWaiting() > 0 {
			return fmt.Sprintf("%s: files wait in the spool: %v", name, s)
		}
	}
	return ""
}

// status asks a program for everything at a glance.
func (tr *trio) status(name string) (*pb.Status, error) {
	ctx, cancel := tr.within(oneAttempt)
	defer cancel()
	answer, err := pb.NewAdminServiceClient(tr.mail.admin[name]).GetStatus(ctx, &pb.GetStatusRequest{})
	return answer.GetStatus(), err
}

// act does something to everything that waits in a lane, and returns to how many messages.
func (p *post) act(name, lane string, action pb.QueueAction) (n int, err error) {
	err = p.until(func(ctx context.Context) error {
		answer, err := pb.NewAdminServiceClient(p.admin[name]).UpdateQueueEntries(ctx, &pb.UpdateQueueEntriesRequest{
			Filter: &pb.QueueFilter{Lane: lane, All: true}, Action: action, Reason: "crash test"})
		n = len(answer.GetMessageIds())
		return err
	})
	return n, err
}

// mustSettle fails the test when anything is wrong.
func (tr *trio) mustSettle(when string) {
	tr.t.Helper()
	begun := time.Now()
	if wrong := tr.mail.settle(); len(wrong) > 0 {
		var b strings.Builder
		for i, a := range wrong {
			if i == 30 {
				fmt.Fprintf(&b, "\n  and %d more", len(wrong)-i)
				break
			}
			fmt.Fprintf(&b, "\n  %s", a)
		}
		for _, name := range programs {
			st, err := tr.status(name)
			fmt.Fprintf(&b, "\n%s: lanes %v, links %v, spool %v, alarms %v, %v", name, st.GetLanes(), st.GetLinks(), st.GetSpool(), st.GetAlarms(), err)
			if os.Getenv("SIDEGATE_KEEP") != "" { // its last words are where all its goroutines are
				_ = tr.process(name).signal(syscall.SIGQUIT)
				tr.process(name).diesWithin(oneAttempt)
			}
		}
		tr.fatalf("%s, after %v: %d anomalies%s", when, time.Since(begun).Round(time.Millisecond), len(wrong), b.String())
	}
}
