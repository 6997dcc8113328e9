package handshake_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/handshake"
	"sidegate/internal/bounds"
	"sidegate/internal/liveness"
)

func TestRecognise(t *testing.T) {
	for _, c := range []struct {
		data string
		rule handshake.Rule
		ok   bool
	}{
		{"", handshake.RuleEmpty, true},
		{"\r\n", handshake.RulePadding, true},
		{strings.Repeat("\x00", 512), handshake.RulePadding, true},
		{"VERSION:3.00\r\n", handshake.RuleHeader, true},
		{"version:3.00", handshake.RuleHeader, true},
		{"VERSION:3.00\rDATE:1994-04-04\rTIME:13:10\rSUBJECT:\r", handshake.RuleHeader, true},
		{"VERSION:3.00\r\nTEXT:0\r\n", handshake.RuleEnded, true},
		{"VERSION:3.00\nFROM:CSI:NET/PO/ADMIN\nTEXT:0\n", handshake.RuleEnded, true},
		{"TEXT:0\r\n", handshake.RuleEnded, true},
		{"HANDSHAKE", handshake.RuleMarker, true},
		{string(handshake.Default), handshake.RuleEnded, true},
		{"VERSION:3.00\r\nTO:NET/PO/X\r\n", "", false},
		{"VERSION:3.00\r\nFROM:NET/PO/X\r\n", "", false},
		{"VERSION:3.00\r\nTEXT:1\r\nx", "", false},
		{"VERSION:3.00\r\nTO:a/b/c\r\nFROM:a/b/d\r\nTEXT:0\r\n", "", false},
		{strings.Repeat("\x00", 513), "", false},
		{"VERSION:3.00\r\n" + strings.Repeat(" ", 512), "", false},
	} {
		rule, ok := handshake.Recognise([]byte(c.data))
		if rule != c.rule || ok != c.ok {
			t.Errorf("%.40q is %q, %v; want %q, %v", c.data, rule, ok, c.rule, c.ok)
		}
	}
}

func FuzzRecognise(f *testing.F) {
	for _, s := range []string{"", "VERSION:3.00\r\n", "VERSION:3.00\r\nTO:a/b/c\r\n", "x", "\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var rule handshake.Rule
		var ok bool
		bounds.Allocation(t, len(data), func() { rule, ok = handshake.Recognise(data) })
		if ok == (rule == "") {
			t.Errorf("rule %q, %v", rule, ok)
		}
		if !ok {
			return
		}
		if len(data) > handshake.MaxSize {
			t.Errorf("%d bytes are no handshake", len(data))
		}
		for line := range strings.FieldsFuncSeq(strings.ToUpper(string(data)), func(r rune) bool { return r == '\r' || r == '\n' }) {
			if strings.HasPrefix(line, "TO:") || strings.HasPrefix(line, "CC:") {
				t.Errorf("a mail was taken for a handshake by rule %s: %q", rule, data)
			}
		}
	})
}

// TestSample: a handshake of no known shape can be told, and nothing that might be a mail.
func TestSample(t *testing.T) {
	long := "MACGATE ALIVE 3.2.11 SERVER MARKETING\r\n1994-04-04 13:10 00000017\r\nEND OF PROBE NO MAIL HERE\r\n"
	for _, c := range []struct {
		sample string
		ok     bool
	}{
		{long, true},
		{string(handshake.Default), true},
		{strings.Repeat("\x01\x02", 256), true},
		{"", false},
		{strings.Repeat("\x01\x02", 256) + "\x01", false},
		{"VERSION:3.00\r\nTO:NET/PO/X\r\nFROM:NET/PO/Y\r\nTEXT:4\r\nping", false},
		{"VERSION:3.00\r\nTO:NET/PO/X\r\n", false},
		{"VERSION:3.00\r\nFROM:NET/PO/X\r\nTEXT:4\r\nping", false},
		{"TO:NET/PO/X\r\n", false},
		{"VERS", false},
		{long + "TO:NET/PO/X\r\n", false},
	} {
		if err := handshake.CheckSample([]byte(c.sample)); (err == nil) != c.ok {
			t.Errorf("%q as a sample: %v", c.sample, err)
		}
	}
	if rule, ok := handshake.RecogniseLike([]byte(long), []byte(long)); !ok || rule != handshake.RuleSample {
		t.Errorf("the sample itself: %s %v", rule, ok)
	}
	for _, data := range []string{long[:len(long)-1], long + " ", strings.ToLower(long), "TO:NET/PO/X\r\n"} {
		if _, ok := handshake.RecogniseLike([]byte(long), []byte(data)); ok {
			t.Errorf("%q is taken for the sample", data)
		}
	}
	if _, ok := handshake.RecogniseLike(nil, []byte(long)); ok {
		t.Error("recognised without a sample")
	}
	if rule, ok := handshake.RecogniseLike([]byte(long), handshake.Default); !ok || rule != handshake.RuleEnded {
		t.Errorf("with a sample a known shape is %s %v", rule, ok)
	}
}

func TestDecide(t *testing.T) {
	on := handshake.State{Aging: time.Hour, Slots: 10, Resting: -1, Quiet: -1, Free: []int{1, 2, 3}}
	for _, c := range []struct {
		name   string
		change func(*handshake.State)
		want   handshake.Action
		slot   int
	}{
		{"asked for", func(*handshake.State) {}, handshake.Issue, 1},
		{"off by default", func(s *handshake.State) { s.Aging = 0 }, handshake.Wait, 0},
		{"taken for bad mail before", func(s *handshake.State) { s.Off = true }, handshake.Wait, 0},
		{"one slot only", func(s *handshake.State) { s.Slots, s.Free = 1, []int{1} }, handshake.Wait, 0},
		{"last free slot", func(s *handshake.State) { s.Free = []int{7} }, handshake.Wait, 0},
		{"mail waits", func(s *handshake.State) { s.MailWait = true }, handshake.Wait, 0},
		{"mail flows", func(s *handshake.State) { s.Quiet = time.Minute }, handshake.Wait, 0},
		{"mail flowed long ago", func(s *handshake.State) { s.Quiet = 31 * time.Minute }, handshake.Issue, 1},
		{"one lies there", func(s *handshake.State) { s.Pending = true }, handshake.Wait, 0},
		{"one is stuck", func(s *handshake.State) { s.Pending, s.Age = true, time.Hour }, handshake.Withdraw, 0},
		{"one lies there, and they are off", func(s *handshake.State) { s.Pending, s.Off = true, true }, handshake.Withdraw, 0},
		{"just withdrawn", func(s *handshake.State) { s.Resting, s.Tries = time.Minute, 1 }, handshake.Wait, 0},
		{"withdrawn, rested", func(s *handshake.State) { s.Resting, s.Tries, s.Avoid = time.Hour, 1, 1 }, handshake.Issue, 2},
		{"the last slot did not work", func(s *handshake.State) { s.Resting, s.Tries, s.Avoid = 9*time.Hour, 9, 3 }, handshake.Issue, 1},
		{"we must not write", func(s *handshake.State) { s.Blocked = true }, handshake.Wait, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := on
			c.change(&s)
			if got, slot := handshake.Decide(s); got != c.want || slot != c.slot {
				t.Errorf("%v in slot %d, want %v in %d", got, slot, c.want, c.slot)
			}
		})
	}
}

func TestCycle(t *testing.T) {
	var c handshake.Cycle
	if got := c.T(0); got != handshake.MinT {
		t.Errorf("nothing known: %v", got)
	}
	for range 500 {
		c.Observe(time.Minute)
	}
	if got := c.T(0); got != handshake.MinT {
		t.Errorf("a quick half: %v", got)
	}
	for range 10 {
		c.Observe(20 * time.Minute)
	}
	if got := c.T(0); got != 80*time.Minute {
		t.Errorf("a slow half: %v", got)
	}
	for range 200 {
		c.Observe(100 * time.Hour)
	}
	if got := c.T(0); got != 24*time.Hour {
		t.Errorf("a dead one: %v", got)
	}
}

// The rows of KB Q121917 and its relatives.
func TestVerdict(t *testing.T) {
	now := time.Now()
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const T = 10 * time.Minute
	for _, c := range []struct {
		name       string
		e          handshake.Evidence
		out, in    liveness.State
		conditions []string
	}{
		{"nothing is known", handshake.Evidence{}, liveness.Unknown, liveness.Unknown, nil},
		{"mail was taken", handshake.Evidence{Consumed: ago(time.Minute)}, liveness.Up, liveness.Unknown, nil},
		{"mail was taken long ago", handshake.Evidence{Consumed: ago(time.Hour)}, liveness.Unknown, liveness.Unknown, nil},
		{"it writes", handshake.Evidence{Produced: ago(time.Minute), Taken: ago(time.Minute)}, liveness.Unknown, liveness.Up, nil},
		{"the seed: its mail comes, our handshake lies there",
			handshake.Evidence{Ours: []handshake.File{{"MMFF1.MSG", 7 * 24 * time.Hour, true}}, Produced: ago(time.Minute), Taken: ago(time.Minute)},
			liveness.Blind, liveness.Up, []string{liveness.ConditionStuck}},
		{"one mail is not seen, others are", handshake.Evidence{Ours: []handshake.File{{"MMFF1.MSG", time.Hour, false}}, Consumed: ago(time.Second)},
			liveness.Blind, liveness.Unknown, nil},
		{"it writes and takes nothing", handshake.Evidence{Ours: []handshake.File{{"MMFF1.MSG", time.Hour, false}}, Produced: ago(time.Second), Full: time.Hour, Slots: 1},
			liveness.Blind, liveness.Up, []string{liveness.ConditionSlotsFull}},
		{"no sign at all", handshake.Evidence{Ours: []handshake.File{{"MMFF1.MSG", time.Hour, false}}}, liveness.Down, liveness.Down, nil},
		{"no sign for an hour", handshake.Evidence{Ours: []handshake.File{{"MMFF1.MSG", time.Hour, false}}, Produced: ago(50 * time.Minute)}, liveness.Down, liveness.Down, nil},
		{"too early to say", handshake.Evidence{Ours: []handshake.File{{"MMFF1.MSG", time.Minute, false}}}, liveness.Unknown, liveness.Unknown, nil},
		{"the volume fails", handshake.Evidence{Share: "EIO", Ours: []handshake.File{{"MMFF1.MSG", time.Hour, false}}, Consumed: ago(time.Second)},
			liveness.ShareDown, liveness.ShareDown, nil},
		{"we may not write", handshake.Evidence{Held: "two gateways", Waiting: 1, Consumed: ago(time.Second)}, liveness.Stalled, liveness.Unknown, nil},
		{"its hours are over", handshake.Evidence{Off: "outside the connect times", Ours: []handshake.File{{"MMFF1.MSG", 14 * time.Hour, false}},
			Inbound: []handshake.File{{"MMFF2.MSG", 14 * time.Hour, false}}}, liveness.Unknown, liveness.Unknown, []string{liveness.ConditionOffHours}},
		{"its hours have just begun", handshake.Evidence{Hours: time.Minute, Ours: []handshake.File{{"MMFF1.MSG", 14 * time.Hour, false}},
			Inbound: []handshake.File{{"MMFF2.MSG", 14 * time.Hour, false}}}, liveness.Unknown, liveness.Unknown, nil},
		{"it does nothing in its hours", handshake.Evidence{Hours: time.Hour, Ours: []handshake.File{{"MMFF1.MSG", 14 * time.Hour, false}}},
			liveness.Down, liveness.Down, nil},
		{"between two connections", handshake.Evidence{Hours: time.Hour, Pause: "until 08:15", Waiting: 3, Consumed: ago(time.Minute)},
			liveness.Up, liveness.Unknown, []string{liveness.ConditionOffHours}},
		{"intake is closed", handshake.Evidence{Closed: true, Inbound: []handshake.File{{"MMFF1.MSG", time.Hour, false}}, Produced: ago(time.Second)},
			liveness.Unknown, liveness.Stalled, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.e.Now, c.e.T, c.e.Half = now, T, "the Macintosh half"
			out, in := handshake.Outbound(c.e), handshake.Inbound(c.e)
			if out.State != c.out || in.State != c.in {
				t.Errorf("%s and %s, want %s and %s (%s; %s)", out.State, in.State, c.out, c.in, out.Reason, in.Reason)
			}
			if diff := cmp.Diff(c.conditions, out.Conditions); diff != "" {
				t.Error(diff)
			}
			if out.State == liveness.Blind && !strings.Contains(out.Reason, "MMFF1.MSG") {
				t.Errorf("the reason names no file: %s", out.Reason)
			}
		})
	}
}

func ExampleOutbound() {
	now := time.Now()
	leg := handshake.Outbound(handshake.Evidence{Now: now, T: 10 * time.Minute, Half: "the Macintosh half",
		Ours:     []handshake.File{{Name: "MMFF1.MSG", Age: time.Hour, Handshake: true}},
		Produced: now.Add(-time.Minute)})
	fmt.Println(leg.State, leg.Conditions)
	fmt.Println(leg.Reason)
	// Output:
	// blind [stuck-handshake]
	// the Macintosh half writes files of its own but has not taken MMFF1.MSG (our handshake) for 1h0m0s: look whether it can see that file on the volume (KB Q121917)
}
