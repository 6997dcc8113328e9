// Package legacylog writes the logs of the old gateway in their old shape, for scripts and people who go on reading them.
//
// The PC half wrote MSGATE.LOG, one line for each message (KB Q119047), with the sender cut to 10 characters and the subject to
// 15, and one for each error in the shape "number - message - line - text". The Macintosh half wrote MMACGATE.LOG (KB Q130066),
// with errors and with its starts and exits. Which of them is written says the half that the coordinator stands in for:
//
//	Mac-PC From: johndoe.al Date: 10-22-92 16:19:00 Subject: From Mac Side
//	170 - # - # - Bad address NETWORK/POSTOFFICE/POSTOFFICE -- ignored.
//	exiting on 06-15-94 06:24:33 with status 0 (118)
//
//	1995-03-30 07:14 Error: (550) File is busy occurred while deleting file mmff2.msg.
//	1995-04-05 10:55 Exiting the Microsoft Mail Connection at 1995-04-05 10:55
//
// Nothing else is known of either. So lines of ours that the articles do not show follow the nearest that they do: a message of
// the Macintosh half is "Transferred file mmff2.msg.", a trouble without an old number has "#" in its place. Lines end with CR LF
// at the PC half and with CR at the Macintosh half; what the code page lacks is shown visibly.
//
// Senders and subjects stand in such a log; it is off unless it is asked for. Writing never keeps mail waiting: lines queue up
// to a bound, what cannot be written is left out, and that is told of once until it works again. A log that has grown to its
// bound is renamed to .OLD, in place of the former one.
package legacylog

import (
	"fmt"
	"strings"
	"time"

	"sidegate/internal/mail"
)

// Half is who writes a log.
type Half string

// The halves, by the names of their logs.
const (
	PC  Half = "MSGATE.LOG"
	Mac Half = "MMACGATE.LOG"
)

// Level says how much is written. The old numbers of the PC half were 0, 1 and 2 (KB Q76091); the gateway of 3.2 had words.
type Level int

// The levels.
const (
	None Level = iota
	Critical
	Errors
	Details
)

// ParseLevel reads a level by its word or by its old number.
func ParseLevel(text string) (Level, error) {
	switch strings.ToLower(text) {
	case "0", "none":
		return None, nil
	case "critical":
		return Critical, nil
	case "1", "errors":
		return Errors, nil
	case "2", "details":
		return Details, nil
	}
	return None, fmt.Errorf("%q is none of critical, errors, details, 0, 1, 2", text)
}

// String is the word for a level.
func (l Level) String() string { return [...]string{"none", "critical", "errors", "details"}[l] }

// Message is what a line about one message says.
type Message struct {
	ToMac   bool // from the PC half to the Macintosh
	Sender  mail.Address
	Time    time.Time // of the message
	Subject string
	File    string // as the directory spells it
}

// Trouble is what a line about an error says.
type Trouble struct {
	Critical bool
	Code     int    // one of the old numbers; 0 if there is none
	Ordinal  int    // of the message in its file; 0 for none
	Line     int    // in that message; 0 for none
	Text     string // one sentence without its end
	Doing    string // such as "deleting file mmff2.msg"; empty if it is none of the files
}

// shape words the lines of one half.
type shape interface {
	started(at time.Time) string
	exited(at time.Time) string
	message(at time.Time, m Message) string
	trouble(at time.Time, t Trouble) string
}

func shapeOf(h Half) shape {
	if h == Mac {
		return macShape{}
	}
	return pcShape{}
}

const (
	pcTime  = "01-02-06 15:04:05"
	macTime = "2006-01-02 15:04"
)

type pcShape struct{}

func (pcShape) started(at time.Time) string { return "starting on " + at.Format(pcTime) }

func (pcShape) exited(at time.Time) string {
	return "exiting on " + at.Format(pcTime) + " with status 0 (118)"
}

func (pcShape) message(at time.Time, m Message) string {
	way := "Mac-PC"
	if m.ToMac {
		way = "PC-Mac"
	}
	return fmt.Sprintf("%s From: %s Date: %s Subject: %s", way, cut(mailboxName(m.Sender), 10), m.Time.In(at.Location()).Format(pcTime), cut(m.Subject, 15))
}

func (pcShape) trouble(_ time.Time, t Trouble) string {
	text := plain(t.Text)
	if t.Doing != "" {
		text += " while " + plain(t.Doing)
	}
	return fmt.Sprintf("%s - %s - %s - %s.", number(t.Code), number(t.Ordinal), number(t.Line), strings.TrimSuffix(text, "."))
}

// number is a number or the sign for none.
func number(n int) string {
	if n == 0 {
		return "#"
	}
	return fmt.Sprint(n)
}

type macShape struct{}

func (macShape) started(at time.Time) string {
	return at.Format(macTime) + " Starting the Microsoft Mail Connection at " + at.Format(macTime)
}

func (macShape) exited(at time.Time) string {
	return at.Format(macTime) + " Exiting the Microsoft Mail Connection at " + at.Format(macTime)
}

func (macShape) message(at time.Time, m Message) string {
	return at.Format(macTime) + " Transferred file " + strings.ToLower(plain(m.File)) + "."
}

func (macShape) trouble(at time.Time, t Trouble) string {
	text := strings.TrimSuffix(plain(t.Text), ".")
	if t.Doing != "" {
		text += " occurred while " + strings.ToLower(plain(t.Doing))
	}
	return fmt.Sprintf("%s Error: (%s) %s.", at.Format(macTime), number(t.Code), text)
}

// mailboxName is what the old log called a sender: the mailbox of a PC address, and a native address as it is.
func mailboxName(a mail.Address) string {
	if a.Type == mail.TypePC {
		return a.Value[strings.LastIndexByte(a.Value, '/')+1:]
	}
	return a.Value
}

// cut is the beginning of a text in one line.
func cut(text string, most int) string {
	runes := []rune(plain(text))
	return string(runes[:min(len(runes), most)])
}

// plain makes one line of a text.
func plain(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F }), " ")
}
