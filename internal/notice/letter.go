package notice

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// letter is one notice.
type letter struct {
	end    string
	number uint64
	time   time.Time
	// What it tells: troubles that have begun, those that last, those that are over, and bad mail by reasons.
	begun, lasting, over []entry
	bad                  map[string]int
}

// told are the troubles of a letter as they are once it was sent.
func (l letter) told(at time.Time) []entry {
	var all []entry
	for _, list := range [][]entry{l.begun, l.lasting, l.over} {
		for _, e := range list {
			e.Open, e.Told, e.Times = e.here, at, 0
			all = append(all, e)
		}
	}
	return all
}

func (l letter) badCount() (n int) {
	for _, c := range l.bad {
		n += c
	}
	return n
}

func (l letter) subject() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{len(l.begun) + len(l.lasting), "wrong"}, {len(l.over), "well again"}, {l.badCount(), "in bad mail"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return "Notice from " + l.end + ": " + strings.Join(parts, ", ")
}

const stamp = "2006-01-02 15:04 MST"

func (l letter) body() string {
	var b strings.Builder
	fmt.Fprintf(&b, "This is notice %d from %s, written at %s.\n", l.number, l.end, l.time.UTC().Format(stamp))
	heading := ""
	list := func(name string, es []entry, line func(entry) string) {
		for _, e := range es {
			if heading != name {
				heading = name
				fmt.Fprintf(&b, "\n%s\n\n", name)
			}
			fmt.Fprintf(&b, "  %s\n      %s\n", e.Text, line(e))
		}
	}
	since := func(e entry) string { return "since " + e.Began.UTC().Format(stamp) + times(e) }
	list("What is wrong:", l.begun, since)
	list("What is still wrong:", l.lasting, since)
	list("What is well again:", l.over, func(e entry) string {
		ended := "by " + l.time.UTC().Format(stamp)
		if !e.Ended.Before(e.Began) {
			ended = "until " + e.Ended.UTC().Format(stamp)
		}
		return "from " + e.Began.UTC().Format(stamp) + " " + ended + times(e)
	})
	if len(l.bad) > 0 {
		fmt.Fprintf(&b, "\nWhat came to rest in bad mail, by reason:\n\n")
		for _, reason := range slices.SortedFunc(maps.Keys(l.bad), func(x, y string) int {
			return cmp.Or(cmp.Compare(l.bad[y], l.bad[x]), cmp.Compare(x, y))
		}) {
			fmt.Fprintf(&b, "  %d %s\n", l.bad[reason], reason)
		}
		fmt.Fprintf(&b, "\nIts senders have their reports. See: badmail list\n")
	}
	b.WriteString("\nA trouble is told of at most once an hour, and once a day while it lasts.\n")
	return b.String()
}

// times says how often a trouble came while nothing was said of it.
func times(e entry) string {
	if e.Times < 2 {
		return ""
	}
	return fmt.Sprintf(", %d times since it was told of last", e.Times)
}
