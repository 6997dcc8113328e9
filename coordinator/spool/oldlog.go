package spool

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"strconv"

	"sidegate/coordinator/legacylog"
)

// OldLogs are logs in the old shape, by the half that wrote them; nil for none. A spool that is drained stands in for both halves:
// what it reads in a directory is told in the log of the half that read there.
type OldLogs struct{ PC, Mac *legacylog.Log }

func (s *Spool) oldLog(dir string) *legacylog.Log {
	if s.o.Role == RoleMac || s.o.Role == RoleDrain && dir == PCToMac {
		return s.o.OldLogs.Mac
	}
	return s.o.OldLogs.PC
}

// critical tells of what keeps the whole spool from working.
func (s *Spool) critical(text string) {
	t := legacylog.Trouble{Critical: true, Text: text}
	s.o.OldLogs.PC.Trouble(t)
	s.o.OldLogs.Mac.Trouble(t)
}

// oldError is the beginning of an explanation in the old shape: number, message, line. KB Q118533.
var oldError = regexp.MustCompile(`^(\d{1,4}) ?- ?(\d+|#) ?- ?(\d+|#) -? ?`)

// badTrouble tells of a file that is no mail.
func badTrouble(name string, p part) legacylog.Trouble {
	t := legacylog.Trouble{Text: p.explanation, Doing: "reading file " + name}
	if m := oldError.FindStringSubmatch(p.explanation); m != nil {
		t.Code, _ = strconv.Atoi(m[1])
		t.Ordinal, _ = strconv.Atoi(m[2]) // none for #
		t.Line, _ = strconv.Atoi(m[3])
		t.Text = p.explanation[len(m[0]):]
	}
	return t
}

// verbs are the words of the old log for what is done to a file.
var verbs = map[string]string{"unlink": "deleting", "unlinkat": "deleting", "remove": "deleting", "open": "opening", "openat": "opening",
	"rename": "renaming", "renameat2": "renaming", "link": "renaming", "create": "creating", "read": "reading", "write": "writing"}

// fileTrouble tells of a call on a file that failed. KB Q130066.
func fileTrouble(err error) legacylog.Trouble {
	t := legacylog.Trouble{Text: err.Error()}
	var at *fs.PathError
	if errors.As(err, &at) {
		t.Text, t.Doing = at.Err.Error(), "using file "+path.Base(at.Path)
		if verb := verbs[at.Op]; verb != "" {
			t.Doing = verb + " file " + path.Base(at.Path)
		}
	}
	switch {
	case isGone(err):
		t.Code, t.Text = 531, "File not found"
	case isBusy(err):
		t.Code, t.Text = 550, "File is busy"
	}
	return t
}
