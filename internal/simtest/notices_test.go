package simtest

import (
	"strings"
	"testing"
	"time"

	"sidegate/internal/config"
	"sidegate/internal/mail"
)

// notices are the subjects of those in a mailbox.
func (s *stage) notices(side, address string) []string {
	s.Helper()
	var list []string
	for _, subject := range s.box(side, address) {
		if strings.HasPrefix(subject, "Notice from ") {
			list = append(list, subject)
		}
	}
	return list
}

// TestNoticesOfAHalfAsleep: the half stops for a day. An administrator at another end gets one mail about it, none is repeated
// although the coordinator starts again, and one more when it is over. A half that is asleep made the old gateway write at
// every cycle (KB Q134757, Q152477).
func TestNoticesOfAHalfAsleep(t *testing.T) {
	const admin = "NET1/PO1/ANN"
	s := setting{beat: 20 * time.Second, change: func(name string, c *config.Config) {
		if name == coordinator {
			c.NoticesTo = mail.MustAddress(admin)
		}
	}}
	play(t, s, func(s *stage) {
		time.Sleep(2 * time.Hour)
		if got := s.notices(pcside, admin); len(got) > 0 {
			t.Fatalf("all is well, and there is %q", got)
		}
		s.half.sleep(true)
		for range 3 {
			s.mail("NET1/PO1/ANN", "Gus@Old")
		}
		s.until(3*time.Hour, "the first notice", func() bool { return len(s.notices(pcside, admin)) > 0 })
		for range 3 {
			time.Sleep(6 * time.Hour)
			s.ends[coordinator].current().stop()
			s.until(5*time.Minute, "the coordinator runs again", func() bool { return s.ends[coordinator].running() != nil })
		}
		if got := s.notices(pcside, admin); len(got) != 1 || !strings.Contains(got[0], " wrong") {
			t.Errorf("within a day there are %q, want one", got)
		}
		s.half.sleep(false)
		s.until(3*time.Hour, "the last notice", func() bool { return len(s.notices(pcside, admin)) > 1 })
		time.Sleep(3 * time.Hour)
		if got := s.notices(pcside, admin); len(got) != 2 || !strings.HasSuffix(got[1], " well again") {
			t.Errorf("in the end there are %q", got)
		}
	})
}
