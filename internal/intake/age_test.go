package intake

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestAge: the age of mail is running time, whatever the wall clock did.
func TestAge(t *testing.T) {
	day := func(d, h, m int) time.Time { return time.Date(1996, 5, d, h, m, 0, 0, time.UTC) }
	const hour = time.Hour
	// The machine ran from noon for two hours, was off for four days, ran for one hour; then the clock jumped ahead by
	// a year for an hour, and back.
	notes := []note{
		{0, day(1, 12, 0), 0},
		{1, day(1, 13, 0), 1 * hour},
		{2, day(1, 14, 0), 2 * hour},
		{3, day(5, 14, 0), 2 * hour},
		{4, day(5, 15, 0), 3 * hour},
		{5, day(5, 16, 0).AddDate(1, 0, 0), 4 * hour},
		{6, day(5, 17, 0), 5 * hour},
	}
	tests := []struct {
		name   string
		queued time.Time
		want   time.Duration
	}{
		{"just now", day(5, 17, 30), 0},
		{"in the future", day(9, 0, 0).AddDate(2, 0, 0), 0},
		{"in the last hour", day(5, 17, 10), 20 * time.Minute},
		{"before the clock was wrong", day(5, 14, 30), 3 * hour},
		{"before the machine was off", day(1, 13, 30), 4 * hour},
		{"at the beginning", day(1, 12, 0), 5*hour + 30*time.Minute},
		{"before anything is known", day(1, 0, 0), 5*hour + 30*time.Minute},
		{"while the clock was wrong", day(5, 15, 30).AddDate(1, 0, 0), 90 * time.Minute},
	}
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range tests {
			o := &odometer{started: time.Now(), base: 5*hour + 30*time.Minute, notes: notes, wall: func() time.Time { return day(5, 17, 30) }}
			got := o.age(tt.queued)
			if tt.name == "while the clock was wrong" {
				// Both an hour ahead and an hour back pass this moment; it must only not count as older than it is.
				if got > tt.want {
					t.Errorf("%s: age %v, want at most %v", tt.name, got, tt.want)
				}
				continue
			}
			if got != tt.want {
				t.Errorf("%s: age %v, want %v", tt.name, got, tt.want)
			}
		}
	})
}
