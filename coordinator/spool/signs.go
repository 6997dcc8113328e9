package spool

import (
	"fmt"
	"slices"
	"time"

	"sidegate/internal/mail"
)

// shareFailed notes that the volume fails. Nothing is concluded from what it says until a whole scan works again.
func (s *Spool) shareFailed(doing string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.shareWhy == "" {
		s.log.Warn("the volume fails", "doing", doing, "error", err)
		s.state.shareFrom = time.Now()
		s.state.drops++
		s.critical(fmt.Sprintf("The volume fails (%s): %v", doing, err))
	}
	s.state.shareWhy = fmt.Sprintf("the volume fails (%s): %v", doing, err)
	s.changed()
}

func (s *Spool) shareWorks(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.shareWhy != "" {
		s.log.Info("the volume works again", "after", now.Sub(s.state.shareFrom).Round(time.Second))
		s.state.shareWhy = ""
	}
	s.state.scanned = now
}

// leaseAwaited notes that the lease stands still, and tells so once: until it is ours nothing of the spool is looked at.
func (s *Spool) leaseAwaited(owner mail.StoreID, still time.Duration) {
	s.mu.Lock()
	first := s.state.await == ""
	s.state.lease = fmt.Sprintf("waiting: held by store %s, unchanged for %v of %v", owner, still.Round(time.Second), leaseTime)
	s.state.await = "the spool is not looked at yet: lease " + s.state.lease
	s.mu.Unlock()
	if first {
		s.log.Info("waiting for the lease of the spool", "held_by", owner, "must_stand_still_for", leaseTime)
	}
}

func (s *Spool) leaseTaken(l lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.lease = fmt.Sprintf("held by this store, start %d, beat %d", l.Epoch, l.Counter)
	s.state.renewed, s.state.await = time.Now(), ""
	delete(s.state.alarms, "lease")
	s.changed()
}

func (s *Spool) leaseLost(why string) {
	s.log.Error("the lease is lost", "why", why)
	s.critical("The lease of the spool is lost: " + why)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.lease = "lost: " + why
	s.state.renewed = time.Time{}
	s.state.alarms["lease"] = "the spool's lease is lost: " + why
	s.changed()
}

// mayTouch reports whether files may be renamed and removed: the lease is ours and was proved lately.
func (s *Spool) mayTouch() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.touchable()
}

func (s *Spool) touchable() bool {
	return s.state.shareWhy == "" && !s.state.renewed.IsZero() && time.Since(s.state.renewed) < leaseFresh
}

// strike counts a sign of a second gateway on the spool. KB Q130066.
func (s *Spool) strike(what, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.state.strikes, text) {
		return
	}
	s.log.Error("sign of a second gateway", "sign", what, "text", text)
	s.state.strikes = append(s.state.strikes, text)
	s.critical("Sign of a second gateway: " + text)
	s.state.counts.Strikes++
	s.state.alarms["second-gateway"] = fmt.Sprintf("sign %d of a second gateway on this spool (KB Q130066): %s", len(s.state.strikes), text)
	s.changed()
}

// maxStrikes is how many signs of a second gateway stop our writing.
const maxStrikes = 2

// Resume forgets the signs of a second gateway, once an operator has made sure that there is none, and returns them.
func (s *Spool) Resume() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	forgotten := s.state.strikes
	s.state.strikes = nil
	delete(s.state.alarms, "second-gateway")
	s.changed()
	wake(s.toWrite)
	return forgotten
}

func (s *Spool) alarm(key, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.alarms[key] != text {
		s.log.Error("alarm", "alarm", text)
		s.critical(text)
	}
	s.state.alarms[key] = text
}

func (s *Spool) allClear(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state.alarms, key)
}
