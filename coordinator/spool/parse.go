package spool

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"sidegate/coordinator/mmff"
)

// The reasons for which a file becomes bad mail, besides those of package convert.
const (
	ReasonTooLong    = "FILE_TOO_LARGE" // more bytes than are read
	ReasonPoison     = "CRASH_SUSPECT"  // the process died twice while this was being read
	ReasonTime       = "TAKES_TOO_LONG" // reading it took longer than any file may
	ReasonPanic      = "CANNOT_BE_READ" // reading it failed in a way that is a fault of ours
	ReasonMalformed  = "MALFORMED"      // it is not in the format
	ReasonForeign    = "FOREIGN"        // it is no message file at all
	ReasonIncomplete = "INCOMPLETE"     // it never became whole
	ReasonRefused    = "REFUSED"        // the intake does not take it
	ReasonAttempts   = "ATTEMPTS"       // it could not be imported
	ReasonStray      = "STRAY"          // a file on its way to deletion that nobody we know put there
)

// parsed is what a file turned out to be.
type parsed struct {
	incomplete bool   // more bytes could make it whole
	parts      []part // its messages, in order; one bad part for a file without any
}

// part is one message of a file.
type part struct {
	message     *mmff.Message // nil if nothing could be read
	reason      string        // empty: it is sound
	explanation string
}

func whole(reason, explanation string) parsed {
	return parsed{parts: []part{{reason: reason, explanation: explanation}}}
}

func tooLong(size, limit int64) parsed {
	return whole(ReasonTooLong, fmt.Sprintf("The file has %d bytes; at most %d are read.", size, limit))
}

func poison() parsed {
	return whole(ReasonPoison, "The coordinator stopped twice while it was reading this file, so it was put away unread.")
}

func failing(attempts int, last string) parsed {
	return whole(ReasonAttempts, strings.TrimSpace(fmt.Sprintf("The file could not be imported in %d attempts. %s", attempts-1, last)))
}

func stray(name string) parsed {
	return whole(ReasonStray, "The file was called "+name+", as if it had been read already, but not by this coordinator. If it was not, drop it again as .MSG.")
}

// parseTime is how long one file may be looked at. The parser takes time in proportion to the size, so that this is far
// beyond what any file needs.
const parseTime = 5 * time.Second

// parse reads a file. Whatever the bytes do to the parser, it returns: a panic is caught, and one that takes too long is
// left behind (its goroutine ends when the parser does; it holds nothing).
func (s *Spool) parse(ctx context.Context, data []byte) parsed {
	result := make(chan parsed, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				s.log.Error("a file made the parser fail", "panic", r, "stack", string(debug.Stack()))
				result <- whole(ReasonPanic, "Reading the file failed because of a fault in this program.")
			}
		}()
		result <- parse(data)
	}()
	t := time.NewTimer(parseTime)
	defer t.Stop()
	select {
	case p := <-result:
		return p
	case <-t.C:
		return whole(ReasonTime, fmt.Sprintf("Reading the file took longer than %v.", parseTime))
	}
}

func parse(data []byte) parsed {
	kind, f, err := mmff.Parser{}.Inspect(data)
	if f == nil || len(f.Messages) == 0 {
		p := whole(ReasonForeign, "This is no message file.")
		if err != nil {
			p.parts[0].reason, p.parts[0].explanation = ReasonMalformed, err.Error()
		}
		p.incomplete = kind == mmff.KindIncomplete
		return p
	}
	p := parsed{incomplete: kind == mmff.KindIncomplete}
	for _, m := range f.Messages {
		p.parts = append(p.parts, partOf(m, err, p.incomplete))
	}
	return p
}

// partOf judges one message: the errors of a file name the messages they concern.
func partOf(m *mmff.Message, err error, incomplete bool) part {
	if !m.Partial {
		return part{message: m}
	}
	var lines []string
	var faults mmff.Errors
	if errors.As(err, &faults) {
		for _, e := range faults {
			if e.Ordinal == m.Ordinal || e.Ordinal == 0 {
				lines = append(lines, e.Error())
			}
		}
	}
	reason := ReasonMalformed
	if incomplete {
		reason = ReasonIncomplete
	}
	return part{message: m, reason: reason, explanation: strings.Join(lines, "\n")}
}
