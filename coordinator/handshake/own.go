package handshake

import "time"

// Action is what to do about our own handshake.
type Action uint8

// The actions.
const (
	// Wait is to do nothing.
	Wait Action = iota
	// Issue is to write one into the slot of the decision.
	Issue
	// Withdraw is to take back the one that lies there.
	Withdraw
)

// State is what is known of our own handshakes.
type State struct {
	Aging time.Duration // how long one may lie; 0 is off, as by default in the old system (KB Q152477)
	Slots int           // n; with one slot there are no handshakes, for they would take it from mail
	Off   bool          // one of ours was taken for bad mail: no more of them

	Pending  bool          // one of ours lies there
	Age      time.Duration // observed
	Tries    int           // how many were withdrawn since one was consumed
	Resting  time.Duration // since the last was consumed or withdrawn; negative if none ever was
	Quiet    time.Duration // since the half took anything of ours; negative if it never did
	Free     []int         // free slots, lowest first
	Avoid    int           // slot of the one withdrawn last
	Blocked  bool          // we must not write
	MailWait bool          // mail waits for a slot: it goes first
}

// maxBackoff limits how much longer than Aging we wait before another try.
const maxBackoff = 8

// Decide says what to do, and for Issue in which slot. There is never more than one of ours, none while mail flows (mail
// that is taken proves more), and none that takes the last free slot from mail.
func Decide(s State) (Action, int) {
	if s.Blocked {
		return Wait, 0
	}
	if s.Pending {
		if s.Age >= s.Aging || s.Off || s.Aging <= 0 {
			return Withdraw, 0
		}
		return Wait, 0
	}
	if s.Aging <= 0 || s.Off || s.Slots < 2 || s.MailWait || len(s.Free) < 2 {
		return Wait, 0
	}
	if s.Quiet >= 0 && s.Quiet < s.Aging/2 || s.Resting >= 0 && s.Resting < Backoff(s.Aging, s.Tries) {
		return Wait, 0
	}
	return Issue, next(s.Free, s.Avoid)
}

// Backoff is how long to rest after so many withdrawals: half the aging at first, then twice as long each time, up to
// eight times the aging.
func Backoff(aging time.Duration, tries int) time.Duration {
	d := aging / 2
	for range min(tries, 8) {
		d *= 2
	}
	return min(d, maxBackoff*aging)
}

// next takes the next free slot after one that did not work, so that the file server has a fresh name to notice; without
// such a past, the lowest.
func next(free []int, avoid int) int {
	for _, slot := range free {
		if slot > avoid {
			return slot
		}
	}
	return free[0]
}
