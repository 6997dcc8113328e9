package timetable

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var dayNames = [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

// Parse reads one window.
func Parse(text string) (Window, error) {
	words := strings.Fields(text)
	fault := func(format string, args ...any) (Window, error) {
		return Window{}, fmt.Errorf("%q is not a window such as Mon-Fri 08:00-18:00 every 15m: %s", text, fmt.Sprintf(format, args...))
	}
	if len(words) == 1 && strings.EqualFold(words[0], "always") {
		return Window{}, nil
	}
	if len(words) == 0 || len(text) > 200 {
		return fault("it wants always, or days and hours")
	}
	w := Window{days: [7]bool{true, true, true, true, true, true, true}}
	if first := words[0][0]; first < '0' || first > '9' {
		var err error
		if w.days, err = parseDays(words[0]); err != nil {
			return fault("%v", err)
		}
		words = words[1:]
	}
	if len(words) == 0 {
		return fault("it has no hours")
	}
	from, to, ok := strings.Cut(words[0], "-")
	begin, fine := parseMinute(from)
	end, good := parseMinute(to)
	if !ok || !fine || !good || begin == dayMinutes || begin == end {
		return fault("%q are no hours such as 08:00-18:00", words[0])
	}
	if end < begin {
		end += dayMinutes
	}
	w.from, w.to = begin, end
	switch {
	case len(words) == 1:
		return w, nil
	case len(words) != 3 || !strings.EqualFold(words[1], "every"):
		return fault("behind the hours may stand every and an interval, and nothing else")
	}
	every, err := time.ParseDuration(words[2])
	if err != nil || every < 2*Connected || every > 24*time.Hour || every%time.Minute != 0 {
		return fault("%q is not an interval of whole minutes from 2m to 24h", words[2])
	}
	w.every = every
	return w, nil
}

// parseDays reads days and ranges of days: Mon-Fri, Sat,Sun, Fri-Mon.
func parseDays(text string) (days [7]bool, err error) {
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, to := dayNumber(first), dayNumber(last)
		if from < 0 || to < 0 {
			return days, fmt.Errorf("%q is no day such as Mon or Mon-Fri", part)
		}
		for day := from; ; day = (day + 1) % 7 {
			days[day] = true
			if day == to {
				break
			}
		}
	}
	return days, nil
}

func dayNumber(name string) int {
	for i, n := range dayNames {
		if strings.EqualFold(n, name) {
			return i
		}
	}
	return -1
}

// parseMinute reads HH:MM, up to 24:00.
func parseMinute(text string) (int, bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	hour, err := strconv.ParseUint(text[:2], 10, 8)
	minute, bad := strconv.ParseUint(text[3:], 10, 8)
	n := int(hour)*60 + int(minute)
	return n, err == nil && bad == nil && minute < 60 && n <= dayMinutes
}

// String is a text that Parse reads back as w.
func (w Window) String() string {
	if w.always() {
		return "always"
	}
	var words []string
	if days := w.dayText(); days != "" {
		words = append(words, days)
	}
	end := w.to
	if end > dayMinutes {
		end -= dayMinutes
	}
	words = append(words, fmt.Sprintf("%02d:%02d-%02d:%02d", w.from/60, w.from%60, end/60, end%60))
	if w.every > 0 {
		words = append(words, "every", strings.TrimSuffix(strings.TrimSuffix(w.every.String(), "0s"), "h0m")+hours(w.every))
	}
	return strings.Join(words, " ")
}

// hours puts back the unit that trimming zeros took from whole hours.
func hours(d time.Duration) string {
	if d%time.Hour == 0 {
		return "h"
	}
	return ""
}

// dayText is the days in runs, Monday first; nothing for all.
func (w Window) dayText() string {
	if w.days == [7]bool{true, true, true, true, true, true, true} {
		return ""
	}
	var parts []string
	for i := 1; i <= 7; i++ {
		if !w.days[i%7] {
			continue
		}
		last := i
		for last < 7 && w.days[(last+1)%7] {
			last++
		}
		switch last - i {
		case 0:
			parts = append(parts, dayNames[i%7])
		case 1:
			parts = append(parts, dayNames[i%7], dayNames[last%7])
		default:
			parts = append(parts, dayNames[i%7]+"-"+dayNames[last%7])
		}
		i = last
	}
	return strings.Join(parts, ",")
}
