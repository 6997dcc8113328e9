// Package timetable keeps the connect times of the old gateway: in which hours, and how often in them, a half works.
//
// On the Macintosh the gateway ran at its "Gateway Connect Times" (KB Q102789, Q95521): "Always", or hours of some days with
// an interval. A window here reads the same:
//
//	always
//	Mon-Fri 08:00-18:00
//	Mon-Fri 08:00-18:00 every 15m
//	Sat,Sun 22:00-06:00 every 1h
//
// Days may be left out, and then every day is meant; hours that end before they begin end on the next day. Without an interval
// the half is connected all the time within the hours; with one, for the first minute of each interval. Hours are those of the
// wall in the time zone given, through changes of summer time: what the clock skips is skipped.
package timetable

import (
	"slices"
	"time"
)

// Connected is how long a half stays connected after each interval.
const Connected = time.Minute

// Window is the hours of some days. The zero Window is always.
type Window struct {
	days     [7]bool // by time.Weekday
	from, to int     // minutes of the day; to is after from, and on the next day if it is more than a day's
	every    time.Duration
}

const dayMinutes = 24 * 60

// farthest is how many days ahead a window is looked for: its day comes in a week, and in two if the clock skips it.
const farthest = 15

// always reports whether the window never closes.
func (w Window) always() bool { return w.to == 0 }

// Every is the interval, or zero.
func (w Window) Every() time.Duration { return w.every }

// Table is some windows; in any of them mail may move. An empty one is always.
type Table []Window

// Moment says what a table says of one time.
type Moment struct {
	// Hours says that the time lies within the hours of a window, and Since is when these began; zero if they always are.
	Hours bool
	Since time.Time
	// Open says that mail may move now.
	Open bool
	// Cycle is when the connection began that is open: the beginning of the interval, or of the minute.
	Cycle time.Time
	// Next is when mail may move again, if it may not now; zero if never.
	Next time.Time
}

// At says what holds at a time, in its own zone.
func (t Table) At(now time.Time) Moment {
	minute := now.Truncate(time.Minute)
	if len(t) == 0 || slices.ContainsFunc(t, Window.always) {
		return Moment{Hours: true, Open: true, Cycle: minute}
	}
	var m Moment
	for _, w := range t {
		for day := -1; day <= farthest; day++ {
			from, to, ok := w.on(now, day)
			if !ok {
				continue
			}
			m.add(w, from, to, now)
			if from.After(now) {
				break
			}
		}
	}
	if m.Open {
		m.Next = time.Time{}
	}
	return m
}

// on is the window that begins so many days after the day of a time.
func (w Window) on(now time.Time, days int) (from, to time.Time, ok bool) {
	y, month, d := now.Date()
	midnight := time.Date(y, month, d+days, 0, 0, 0, 0, time.UTC)
	if !w.days[midnight.Weekday()] {
		return from, to, false
	}
	from, to = onWall(midnight, w.from, now.Location()), onWall(midnight, w.to, now.Location())
	return from, to, from.Before(to)
}

// onWall is when a clock on the wall shows so many minutes after midnight. Minutes that it skips are the moment of the skip.
func onWall(midnight time.Time, minutes int, zone *time.Location) time.Time {
	shown := midnight.Add(time.Duration(minutes) * time.Minute)
	t := time.Date(shown.Year(), shown.Month(), shown.Day(), shown.Hour(), shown.Minute(), 0, 0, zone)
	begin, end := t.ZoneBounds()
	_, offset := t.Zone()
	switch wall := t.Add(time.Duration(offset) * time.Second); {
	case wall.After(shown):
		return begin
	case wall.Before(shown):
		return end
	}
	return t
}

// add takes what one window of one day says into the moment.
func (m *Moment) add(w Window, from, to, now time.Time) {
	if !now.Before(to) {
		return
	}
	if now.Before(from) {
		m.next(from)
		return
	}
	if !m.Hours || from.Before(m.Since) {
		m.Hours, m.Since = true, from
	}
	cycle := now.Truncate(time.Minute)
	if w.every > 0 {
		cycle = from.Add(now.Sub(from) / w.every * w.every)
		if again := cycle.Add(w.every); again.Before(to) {
			m.next(again)
		}
		if now.Sub(cycle) >= Connected {
			return
		}
	}
	if !m.Open || cycle.After(m.Cycle) {
		m.Open, m.Cycle = true, cycle
	}
}

func (m *Moment) next(t time.Time) {
	if m.Next.IsZero() || t.Before(m.Next) {
		m.Next = t
	}
}

// Longest is the longest interval of the table: within the hours, nothing may move for so long.
func (t Table) Longest() time.Duration {
	longest := time.Duration(0)
	for _, w := range t {
		longest = max(longest, w.every)
	}
	return longest
}
