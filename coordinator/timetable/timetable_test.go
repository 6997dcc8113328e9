package timetable

import (
	"strings"
	"testing"
	"time"
)

func table(t *testing.T, texts ...string) Table {
	t.Helper()
	var all Table
	for _, text := range texts {
		w, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, w)
	}
	return all
}

func TestMoments(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	const never = ""
	for _, tt := range []struct {
		windows, at string
		hours, open bool
		cycle, next string
	}{
		{"", "Mon 2024-01-01 03:04:05", true, true, "2024-01-01 03:04", never},
		{"always", "Mon 2024-01-01 03:04:05", true, true, "2024-01-01 03:04", never},
		{"Mon-Fri 08:00-18:00", "Mon 2024-01-01 07:59:59", false, false, never, "2024-01-01 08:00"},
		{"Mon-Fri 08:00-18:00", "Mon 2024-01-01 08:00:00", true, true, "2024-01-01 08:00", never},
		{"Mon-Fri 08:00-18:00", "Mon 2024-01-01 17:59:59", true, true, "2024-01-01 17:59", never},
		{"Mon-Fri 08:00-18:00", "Fri 2024-01-05 18:00:00", false, false, never, "2024-01-08 08:00"},
		{"Mon-Fri 08:00-18:00 every 15m", "Mon 2024-01-01 08:00:59", true, true, "2024-01-01 08:00", never},
		{"Mon-Fri 08:00-18:00 every 15m", "Mon 2024-01-01 08:01:00", true, false, never, "2024-01-01 08:15"},
		{"Mon-Fri 08:00-18:00 every 15m", "Mon 2024-01-01 17:46:00", true, false, never, "2024-01-02 08:00"},
		{"22:00-06:00", "Mon 2024-01-01 23:00:00", true, true, "2024-01-01 23:00", never},
		{"22:00-06:00", "Tue 2024-01-02 05:59:00", true, true, "2024-01-02 05:59", never},
		{"Mon 22:00-06:00", "Tue 2024-01-02 05:59:00", true, true, "2024-01-02 05:59", never},
		{"Mon 22:00-06:00", "Wed 2024-01-03 05:59:00", false, false, never, "2024-01-08 22:00"},
		{"Fri-Mon 10:00-24:00", "Sun 2024-01-07 23:59:00", true, true, "2024-01-07 23:59", never},
		{"Fri-Mon 10:00-24:00", "Tue 2024-01-09 10:00:00", false, false, never, "2024-01-12 10:00"},
		{"Mon 10:00-11:00 every 20m;12:00-12:30", "Mon 2024-01-01 11:30:00", false, false, never, "2024-01-01 12:00"},
		{"Mon 10:00-11:00 every 20m;10:00-12:30 every 1h", "Mon 2024-01-01 10:20:30", true, true, "2024-01-01 10:20", never},
		// The night the clocks go forward has no 02:30, the night they go back has two of them.
		{"02:30-02:45", "Sun 2024-03-31 00:00:00", false, false, never, "2024-04-01 02:30"},
		{"02:30-04:00", "Sun 2024-03-31 00:00:00", false, false, never, "2024-03-31 03:00"},
		{"01:00-02:30", "Sun 2024-03-31 01:59:00", true, true, "2024-03-31 01:59", never},
		{"01:00-02:30", "Sun 2024-03-31 03:15:00", false, false, never, "2024-04-01 01:00"},
		{"Sun 02:00-03:00", "Mon 2024-03-25 12:00:00", false, false, never, "2024-04-07 02:00"},
		{"01:00-04:00 every 1h", "Sun 2024-10-27 03:00:30", true, true, "2024-10-27 03:00", never},
	} {
		at, err := time.ParseInLocation("Mon 2006-01-02 15:04:05", tt.at, zone)
		if err != nil {
			t.Fatal(err)
		}
		if at.Format("Mon") != tt.at[:3] {
			t.Fatalf("%s is a %s", tt.at, at.Format("Mon"))
		}
		var windows []string
		if tt.windows != "" {
			windows = strings.Split(tt.windows, ";")
		}
		m := table(t, windows...).At(at)
		show := func(t time.Time) string {
			if t.IsZero() {
				return never
			}
			return t.Format("2006-01-02 15:04")
		}
		if m.Hours != tt.hours || m.Open != tt.open || show(m.Cycle) != tt.cycle || show(m.Next) != tt.next {
			t.Errorf("%q at %s: %+v", tt.windows, tt.at, m)
		}
	}
}

// TestSince: of windows that overlap, the hours began with the first.
func TestSince(t *testing.T) {
	at := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, texts := range [][]string{{"11:00-13:00", "10:00-14:00 every 1h"}, {"10:00-14:00 every 1h", "11:00-13:00"}} {
		if m := table(t, texts...).At(at); m.Since.Hour() != 10 {
			t.Errorf("%q began at %s", texts, m.Since)
		}
	}
}

// TestSkippedDay: a day that the calendar leaves out has no hours. Samoa had no 30 December 2011.
func TestSkippedDay(t *testing.T) {
	zone, err := time.LoadLocation("Pacific/Apia")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2011, 12, 29, 12, 0, 0, 0, zone)
	if m := table(t, "Fri 08:00-18:00").At(at); m.Open || m.Next.Format("2006-01-02 15:04") != "2012-01-06 08:00" {
		t.Errorf("the next Friday: %+v", m)
	}
}

// TestEveryMinuteOfAYear compares the answers with each other: Next is when Open begins, and nothing is open before.
func TestEveryMinuteOfAYear(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	all := table(t, "Mon-Fri 08:00-18:00 every 25m", "Sat 22:30-03:10", "Sun 01:00-05:00 every 7m")
	start := time.Date(2023, 12, 31, 0, 0, 0, 0, zone)
	var promised time.Time
	for at := start; at.Before(start.AddDate(1, 0, 2)); at = at.Add(time.Minute) {
		m := all.At(at)
		switch {
		case m.Open && !promised.IsZero() && !at.Equal(promised):
			t.Fatalf("open at %s, promised for %s", at, promised)
		case !m.Open && !m.Next.After(at):
			t.Fatalf("closed at %s until %s", at, m.Next)
		case !m.Open && !promised.IsZero() && !m.Next.Equal(promised):
			t.Fatalf("at %s the promise of %s became %s", at, promised, m.Next)
		case m.Open && (!m.Hours || m.Since.After(at) || m.Cycle.After(at)):
			t.Fatalf("at %s: %+v", at, m)
		}
		promised = m.Next
	}
}

func TestWindowsAreReadBack(t *testing.T) {
	for text, want := range map[string]string{
		"ALWAYS": "always", "mon-fri 08:00-18:00 EVERY 15m": "Mon-Fri 08:00-18:00 every 15m", "Sun-Sat 00:00-24:00": "00:00-24:00",
		"Sat,Sun 22:00-06:00 every 60m": "Sat,Sun 22:00-06:00 every 1h", "Fri-Mon 10:00-12:00": "Mon,Fri-Sun 10:00-12:00",
		"10:00-09:00 every 90m": "10:00-09:00 every 1h30m", "Tue,Wed 10:00-24:00": "Tue,Wed 10:00-24:00", "00:00-24:00 every 24h": "00:00-24:00 every 24h",
		"09:00-10:00 every 20m": "09:00-10:00 every 20m", "09:00-10:00 every 10h": "09:00-10:00 every 10h",
	} {
		w, err := Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if again, err := Parse(w.String()); w.String() != want || err != nil || again != w {
			t.Errorf("%q is written as %q, want %q, and read as %+v, %v", text, w, want, again, err)
		}
	}
	for _, text := range []string{
		"", " ", "never", "Mon", "Mon-", "Mon-Fri", "Mon 8:00-18:00", "Mon 08:00", "Mon 08:00-08:00", "Mon 24:00-25:00", "24:00-08:00",
		"08:00-18:60", "08:00-18:00 every", "08:00-18:00 every 1m", "08:00-18:00 every 25h", "08:00-18:00 every 90s", "08:00-18:00 each 5m",
		"08:00-18:00 every 5m now", "Foo 08:00-18:00", "Mon,,Tue 08:00-18:00", "+8:00-18:00", "08:00-+9:00", "08:00-18:00 every -5m", "always 08:00-18:00",
	} {
		if w, err := Parse(text); err == nil {
			t.Errorf("%q is read as %q", text, w)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"always", "Mon-Fri 08:00-18:00 every 15m", "Sat,Sun 22:00-06:00", "10:00-24:00 every 1h30m", "x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(w.String())
		if err != nil || again != w {
			t.Fatalf("%q is written as %q and read as %+v, %v", text, w, again, err)
		}
		now := time.Unix(1_700_000_000, 0).UTC()
		if m := (Table{w}).At(now); !m.Open && !m.Next.After(now) {
			t.Fatalf("%q at %s: %+v", w, now, m)
		}
	})
}
